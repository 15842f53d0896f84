"""A server's circuit breakers, by name."""

from __future__ import annotations

from .breaker import CircuitBreaker
from .bus import EventBus
from .clock import Clock
from .settings import BreakerSettings


class BreakerRegistry:
    """A server's breakers, by name. Use on the server's loop only."""

    def __init__(self, defaults: BreakerSettings, *, clock: Clock, bus: EventBus) -> None:
        self._defaults = defaults
        self._clock = clock
        self._bus = bus
        self._breakers: dict[str, CircuitBreaker] = {}

    def get(self, name: str, settings: BreakerSettings | None = None) -> CircuitBreaker:
        """Return the breaker with that name, created on first use; `settings`, if given, apply from now on."""
        breaker = self._breakers.get(name)
        if breaker is None:
            breaker = CircuitBreaker(name, settings or self._defaults, clock=self._clock, bus=self._bus)
            self._breakers[name] = breaker
        elif settings is not None:
            breaker.settings = settings
        return breaker

    def remove(self, name: str) -> None:
        """Forget the breaker, if there is one; calls that it guards keep running."""
        self._breakers.pop(name, None)

    def all(self) -> tuple[CircuitBreaker, ...]:
        """Every breaker, in order of creation."""
        return tuple(self._breakers.values())
