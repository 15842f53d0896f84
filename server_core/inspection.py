"""The state of a running server as plain immutable values, returned by `Server.inspect()`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .events import BreakerStatus, ErrorReported, FaultKind, TaskStatus

ModuleStatus = Literal["starting", "running", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class ModuleState:
    """A module: `note` is its short note about itself, `trouble` marks it as a problem; `reason` is why it failed."""

    name: str
    kind: str
    status: ModuleStatus
    tools: int = 0
    resources: int = 0
    templates: int = 0
    prompts: int = 0
    note: str = ""
    reason: str = ""
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class CacheState:
    """The resource cache, with counters since the server started."""

    hits: int = 0
    misses: int = 0
    evicted: int = 0
    expired: int = 0
    invalidated: int = 0
    entries: int = 0
    max_size: int = 1000
    total_bytes: int = 0
    ttl: float = 300.0

    @property
    def hit_rate(self) -> float | None:
        """Hits as a share of all lookups, 0 to 1; `None` before the first."""
        looked = self.hits + self.misses
        return self.hits / looked if looked else None


@dataclass(frozen=True, slots=True)
class CacheEntryState:
    """One cache entry; ages and lifetimes in seconds."""

    key: str
    age: float
    ttl_left: float
    size: int
    hits: int


@dataclass(frozen=True, slots=True)
class BreakerChange:
    """One state change in a breaker's history; `at` is seconds since the epoch."""

    at: float
    before: BreakerStatus
    after: BreakerStatus
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A circuit breaker; `retry_at` (epoch seconds) is when the next trial call is allowed, 0 unless it is open.

    `guards` names the tools and templates that it guards, or else the modules that use it.
    """

    name: str
    status: BreakerStatus
    failures: int
    threshold: int
    reset_timeout: float
    retry_at: float = 0.0
    probing: bool = False
    refused: int = 0
    last_error: str = ""
    history: tuple[BreakerChange, ...] = ()
    guards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolHolder:
    """The holder of a connection or a waiter for one, since when (epoch seconds); `ticket` is unique in the pool."""

    holder: str
    since: float
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class PoolState:
    """A connection pool; `acquire_timeout` is in seconds, `waiters` are in queue order."""

    name: str
    idle: int
    in_use: int
    waiting: int
    min_size: int
    max_size: int
    opened: int = 0
    closed: int = 0
    timed_out: int = 0
    holders: tuple[PoolHolder, ...] = ()
    waiters: tuple[PoolHolder, ...] = ()
    acquire_timeout: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskState:
    """A long task; times are epoch seconds, `detail` is the first line of its result or error.

    `attempts` counts how often it was started: again if its process died and its function is marked as idempotent.
    """

    task: str
    name: str
    module: str
    status: TaskStatus
    created: float
    updated: float
    progress: float = 0.0
    total: float | None = None
    message: str = ""
    detail: str = ""
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class FaultState:
    """An injected fault on `name`.

    `how` is the effect and frequency as written (`fail:3`). It has `acted` that many times since `since` (epoch
    seconds), and will act `left` more times; `None` for no limit.
    """

    name: str
    kind: FaultKind
    how: str
    acted: int
    left: int | None
    since: float


@dataclass(frozen=True, slots=True)
class ClientState:
    """A connected client, with the URIs it is subscribed to."""

    client: str
    name: str
    protocol: str
    subscriptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunningRequest:
    """A request in progress since `started` (epoch seconds)."""

    request: int
    method: str
    target: str
    client: str
    started: float


@dataclass(frozen=True, slots=True)
class FailureState:
    """An unexpected error, and when it was reported (epoch seconds)."""

    at: float
    fact: ErrorReported


@dataclass(frozen=True, slots=True)
class ServerState:
    """A whole server, read at one moment on its loop; `failures` has the latest ones for which facts were emitted."""

    name: str
    version: str
    running: bool
    started: float
    requests: int
    errors: int
    modules: tuple[ModuleState, ...]
    clients: tuple[ClientState, ...]
    active: tuple[RunningRequest, ...]
    cache: CacheState
    breakers: tuple[BreakerState, ...]
    pools: tuple[PoolState, ...]
    tasks: tuple[TaskState, ...]
    faults: tuple[FaultState, ...] = ()
    failures: tuple[FailureState, ...] = ()
