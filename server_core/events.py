"""The vocabulary of facts: what happened inside a server, in the past tense.

Each fact is a frozen dataclass that `EventBus.emit` hands to its listeners. A module may bring facts of its own;
these are the ones that the core and its own modules emit. Times are seconds, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "tool_error", "error", "timeout", "cancelled"]
"""How a request ended: `tool_error` is a result with `isError`, `error` a JSON-RPC error."""

BreakerStatus = Literal["closed", "open", "half_open"]
ChangeKind = Literal["added", "modified", "deleted"]
TaskStatus = Literal["queued", "working", "input_required", "completed", "failed", "cancelled", "interrupted"]
EvictionReason = Literal["size", "expired", "invalidated", "cleared"]


# -- the server and its modules


@dataclass(frozen=True, slots=True)
class ServerStarted:
    """The server accepts requests; its modules may still be starting."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ServerStopped:
    """Every module has stopped and every client connection is gone."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleStarting:
    """A module was added and its `start` is about to run."""

    module: str
    kind: str


@dataclass(frozen=True, slots=True)
class ModuleStarted:
    """A module's `start` returned and what it offers is in the registry."""

    module: str
    kind: str
    seconds: float
    tools: int
    resources: int
    templates: int
    prompts: int


@dataclass(frozen=True, slots=True)
class ModuleFailed:
    """A module could not start or has broken down; the rest of the server runs on. `reason` is one line."""

    module: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModuleStopped:
    """A module was removed or the server stops; what it offered is gone from the registry."""

    module: str
    kind: str


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """What a running module offers has changed; the counts are the new totals of that module."""

    module: str
    tools: int
    resources: int
    templates: int
    prompts: int


@dataclass(frozen=True, slots=True)
class ModuleNoted:
    """A module has something short to say about itself ("3 tables"), shown beside its name."""

    module: str
    note: str


# -- clients


@dataclass(frozen=True, slots=True)
class ClientConnected:
    """A client sent its first request on a connection. `client` is unique in this process."""

    client: str
    name: str
    protocol: str


@dataclass(frozen=True, slots=True)
class ClientDisconnected:
    """A client's connection ended."""

    client: str


@dataclass(frozen=True, slots=True)
class ClientsNotified:
    """A change notice went out to `clients` clients; `uri` is empty for the list changes."""

    kind: Literal["updated", "tools", "resources", "prompts"]
    uri: str
    clients: int


# -- requests


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """A request passed the protocol layer. `target` is the tool's or prompt's name, or the URI."""

    request: int
    method: str
    target: str
    client: str
    key: str


@dataclass(frozen=True, slots=True)
class RequestProgressed:
    """A handler reported progress; `total` may be unknown."""

    request: int
    target: str
    progress: float
    total: float | None
    message: str


@dataclass(frozen=True, slots=True)
class RequestFinished:
    """A request was answered. `stages` are (name, seconds) in the order in which they were passed."""

    request: int
    method: str
    target: str
    module: str
    client: str
    key: str
    outcome: Outcome
    seconds: float
    stages: tuple[tuple[str, float], ...]
    size: int
    error: str
    reference: str


# -- cache


@dataclass(frozen=True, slots=True)
class CacheHit:
    """A read was answered from the cache, or joined a load under way."""

    key: str
    age: float


@dataclass(frozen=True, slots=True)
class CacheMissed:
    """A read had to be loaded."""

    key: str


@dataclass(frozen=True, slots=True)
class CacheStored:
    """A loaded value was put in the cache; `entries` and `total` are the cache's new fill."""

    key: str
    size: int
    entries: int
    total: int


@dataclass(frozen=True, slots=True)
class CacheEvicted:
    """An entry left the cache; `entries` and `total` are the cache's new fill."""

    key: str
    reason: EvictionReason
    entries: int
    total: int


# -- breakers and pools


@dataclass(frozen=True, slots=True)
class BreakerFailed:
    """A call that a breaker guards has failed; `failures` of `threshold` in a row."""

    breaker: str
    failures: int
    threshold: int
    error: str


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    """A breaker went from one state to another; `retry_in` is the time to the next probe while it is open."""

    breaker: str
    before: BreakerStatus
    after: BreakerStatus
    failures: int
    retry_in: float
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerRecovered:
    """The failures in a row of a closed breaker are 0 again: a call succeeded, or it was reset by hand."""

    breaker: str


@dataclass(frozen=True, slots=True)
class BreakerRefused:
    """An open breaker refused a call."""

    breaker: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class PoolChanged:
    """A pool's connections or waiters have changed: acquired, released, opened, closed, waiting, timed out."""

    pool: str
    what: Literal["opened", "acquired", "released", "closed", "waiting", "timed_out", "failed"]
    idle: int
    in_use: int
    waiting: int
    max_size: int


# -- long work


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A long task was accepted and has a row in the task store; a `TaskChanged` with its first status follows."""

    task: str
    name: str
    module: str


@dataclass(frozen=True, slots=True)
class TaskProgressed:
    """A running task told how far it is."""

    task: str
    progress: float
    total: float | None
    message: str


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """A task's status has changed; `detail` is the first line of its result or error."""

    task: str
    status: TaskStatus
    detail: str


@dataclass(frozen=True, slots=True)
class WorkflowStarted:
    """A workflow run began."""

    run: str
    workflow: str
    steps: int


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of a workflow run began; `index` counts from 1."""

    run: str
    workflow: str
    step: str
    kind: str
    index: int


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended: `skipped` says in `detail` why, `failed` what went wrong."""

    run: str
    workflow: str
    step: str
    status: Literal["ok", "failed", "skipped"]
    seconds: float
    detail: str


@dataclass(frozen=True, slots=True)
class WorkflowFinished:
    """A workflow run ended."""

    run: str
    workflow: str
    status: Literal["ok", "failed", "cancelled"]
    seconds: float
    error: str


@dataclass(frozen=True, slots=True)
class StreamChunked:
    """A streamed resource produced a chunk; `index` counts from 1."""

    uri: str
    request: int
    index: int
    size: int


# -- files


@dataclass(frozen=True, slots=True)
class FileChange:
    """One change of one file; `path` is relative to the module's folder, `/` separated."""

    kind: ChangeKind
    path: str


@dataclass(frozen=True, slots=True)
class FilesChanged:
    """A batch of file changes was taken in: the resource list, the cache and the clients know of it.

    `replayed` tells a recording's batch from the operating system's; `seconds` is how long the intake took.
    """

    module: str
    changes: tuple[FileChange, ...]
    replayed: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ReplayStarted:
    """A recording is being fed to a files module; live batches wait."""

    module: str
    batches: int


@dataclass(frozen=True, slots=True)
class ReplayFinished:
    """A replay ended and the resource list is true to the disk again."""

    module: str
    batches: int


@dataclass(frozen=True, slots=True)
class FunctionsReloaded:
    """A functions file was loaded again in place; the names are tools, resources and prompts."""

    module: str
    path: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


# -- trouble and talk


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """Something unexpected was caught. `reference` is what the client was told; `traceback` is the whole text."""

    reference: str
    where: str
    error: str
    traceback: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class LogWritten:
    """A line was logged or printed by a tool, a module or a library."""

    source: str
    level: Literal["debug", "info", "warning", "error"]
    text: str


@dataclass(frozen=True, slots=True)
class LoopBlocked:
    """The core's loop has not turned for `seconds`; `function` at `file`:`line` holds it."""

    target: str
    function: str
    file: str
    line: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LoopFreed:
    """The core's loop turns again after `seconds`."""

    seconds: float
