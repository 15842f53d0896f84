"""A server's settings as plain frozen dataclasses: constructor arguments and config keys alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

STRICT_SETTINGS: dict[str, Any] = {"extra": "forbid", "allow_inf_nan": False}
"""Makes pydantic, which reads these from a config, refuse unknown keys, NaN and infinities."""


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """The resource cache: at most `max_size` entries and `max_bytes`, each for `ttl` seconds."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT_SETTINGS

    max_size: int = 1000
    ttl: float = 300.0
    max_bytes: int = 64_000_000

    def __post_init__(self) -> None:
        if self.max_size < 1 or self.ttl <= 0 or self.max_bytes < 1:
            raise ValueError("max_size, ttl and max_bytes must be greater than 0")


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """The limits of one request: size of its result, seconds for a call, seconds for a database query. Over HTTP also
    how many connections and 2025-11-25 sessions there may be, and how long a session may be idle.

    `unknown_arguments` says what happens to arguments missing from a tool's schema: the call fails, or they are
    ignored.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT_SETTINGS

    result_bytes: int = 4_000_000
    call_seconds: float = 60.0
    query_seconds: float = 30.0
    unknown_arguments: Literal["refuse", "ignore"] = "refuse"
    connections: int = 1000
    sessions: int = 1000
    session_idle_seconds: float = 1800.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not isinstance(value, str) and value <= 0:
                raise ValueError(f"{limit.name} must be greater than 0")


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """A circuit breaker opens after `failure_threshold` failures in a row, and allows a trial call after
    `reset_timeout` seconds.

    `ignore` names exception classes that don't count as failures, with or without their module (`ValueError`,
    `httpx.HTTPStatusError`); their subclasses are included. A caller's own mistakes never count.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT_SETTINGS

    failure_threshold: int = 5
    reset_timeout: float = 60.0
    ignore: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.ignore, str):
            raise ValueError("ignore must be a list of exception names")
        object.__setattr__(self, "ignore", tuple(self.ignore))
        if self.failure_threshold < 1 or self.reset_timeout <= 0:
            raise ValueError("failure_threshold and reset_timeout must be greater than 0")


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """A connection pool keeps `min_size` to `max_size` connections; a caller waits at most `acquire_timeout` seconds.

    A connection is closed when it is older than `max_age` seconds or has been idle for `max_idle` seconds.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT_SETTINGS

    min_size: int = 2
    max_size: int = 10
    acquire_timeout: float = 30.0
    max_idle: float = 600.0
    max_age: float = 3600.0

    def __post_init__(self) -> None:
        if not 0 <= self.min_size <= self.max_size or self.max_size < 1:
            raise ValueError("min_size must be between 0 and max_size, and max_size at least 1")
        if self.acquire_timeout <= 0 or self.max_idle <= 0 or self.max_age <= 0:
            raise ValueError("acquire_timeout, max_idle and max_age must be greater than 0")
