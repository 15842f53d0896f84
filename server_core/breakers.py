"""A server's circuit breakers, by name."""

from __future__ import annotations

from .breaker import CircuitBreaker
from .bus import EventBus
from .clock import Clock
from .settings import BreakerSettings


class BreakerRegistry:
    """A server's breakers by name. On the server's loop only."""

    def __init__(self, defaults: BreakerSettings, *, clock: Clock, bus: EventBus) -> None:
        self._defaults = defaults
        self._clock = clock
        self._bus = bus
        self._breakers: dict[str, CircuitBreaker] = {}

    def get(self, name: str, settings: BreakerSettings | None = None) -> CircuitBreaker:
        """The breaker of that name, made at the first use; `settings`, where given, hold from now on."""
        breaker = self._breakers.get(name)
        if breaker is None:
            breaker = CircuitBreaker(name, settings or self._defaults, clock=self._clock, bus=self._bus)
            self._breakers[name] = breaker
        elif settings is not None:
            breaker.settings = settings
        return breaker

    def remove(self, name: str) -> None:
        """Forget it, if there is one; calls that it guards go on."""
        self._breakers.pop(name, None)

    def all(self) -> tuple[CircuitBreaker, ...]:
        """Every breaker, in the order in which they were made."""
        return tuple(self._breakers.values())
