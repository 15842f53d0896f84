"""What the screens show, as one immutable value.

It is made of `server_core.inspection`'s dataclasses and a few of its own. Importing this file imports none of
the core, so that the first paint does not wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from server_core.events import FileChange
    from server_core.inspection import (
        BreakerState,
        CacheState,
        ClientState,
        ModuleState,
        PoolState,
        RunningRequest,
        TaskState,
    )

Phase = Literal["starting", "running", "failed", "stopped"]
Tone = Literal["", "ok", "warn", "bad", "dim", "accent", "strong", "graph"]
"""What a colour says: fine, look, wrong, aside, ours, important, a curve."""

Topic = Literal["server", "call", "part", "work", "file", "log"]
"""What a happening is about; the list of happenings can be narrowed to one."""

LATENCIES = 1000
"""Of how many requests the latency quantiles are taken."""

SECONDS = 240
"""For how many seconds the rates are kept."""

HAPPENINGS = 500
LOGS = 500
BATCHES = 200
RUNS = 50
NOTICES = 200
ENDED_TASKS = 200


class Second(NamedTuple):
    """What was counted in one second; `at` is its epoch second."""

    at: int
    calls: int = 0
    errors: int = 0
    hits: int = 0
    misses: int = 0


class Latency(NamedTuple):
    """Quantiles of the last requests' durations, in seconds."""

    p50: float
    p95: float
    p99: float


class Progress(NamedTuple):
    """How far something is; `total` may be unknown."""

    done: float = 0.0
    total: float | None = None
    message: str = ""


class Happening(NamedTuple):
    """One line of what happened; `fact` is the whole of it."""

    seq: int
    at: float
    topic: Topic
    source: str
    text: str
    detail: str
    tone: Tone
    fact: object


class LogLine(NamedTuple):
    """A line that was logged or printed."""

    seq: int
    at: float
    source: str
    level: str
    text: str


class Batch(NamedTuple):
    """A batch of file changes as it was taken in; `number` counts from 1 in this snapshot's life."""

    number: int
    at: float
    module: str
    changes: tuple[FileChange, ...]
    replayed: bool
    seconds: float


class Notice(NamedTuple):
    """A change notice that reached one of the workbench's own clients."""

    seq: int
    at: float
    protocol: str
    kind: str
    uri: str


class Step(NamedTuple):
    """A step of a workflow run; `seconds` is `None` while it runs."""

    name: str
    kind: str
    status: Literal["running", "ok", "failed", "skipped"]
    started: float
    seconds: float | None = None
    detail: str = ""


class WorkflowRun(NamedTuple):
    """A run of a workflow; `seconds` is `None` while it runs, `steps` are those that have begun."""

    run: str
    workflow: str
    status: Literal["running", "ok", "failed", "cancelled"]
    started: float
    planned: int
    steps: tuple[Step, ...] = ()
    seconds: float | None = None
    error: str = ""


class Recording(NamedTuple):
    """A recording under way; `batches` counts those since it started."""

    path: str
    started: float
    batches: int = 0


class Replay(NamedTuple):
    """A replay under way."""

    module: str
    batches: int
    started: float
    batch: int = 0
    paused: bool = False


class Blocked(NamedTuple):
    """The core's loop stands still since `since` (epoch seconds), in `function` at `file`:`line`."""

    target: str
    function: str
    file: str
    line: int
    since: float


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything that the screens know. A part that did not change is the same object as before.

    Attributes:
        phase: of the server; with `reason` when it failed.
        started: epoch seconds; 0 before the server runs.
        stale: facts came that only an inspection of the server can complete.
        active: requests under way, with `progress` by their number.
        cache: `None` until the server was first inspected.
        seconds: the last seconds since the first request, oldest first, none missing.
        tools_revision, resources_revision, prompts_revision: change whenever the list should be taken anew.
        happened, logs, batches, notices: newest last.
        runs: workflow runs, oldest first.
        tasks: long tasks, in the order in which they came.
    """

    phase: Phase = "starting"
    reason: str = ""
    name: str = ""
    version: str = ""
    started: float = 0.0
    stale: bool = False
    modules: tuple[ModuleState, ...] = ()
    clients: tuple[ClientState, ...] = ()
    active: tuple[RunningRequest, ...] = ()
    progress: dict[int, Progress] = field(default_factory=dict)
    requests: int = 0
    errors: int = 0
    seconds: tuple[Second, ...] = ()
    durations: tuple[float, ...] = ()
    latency: Latency | None = None
    cache: CacheState | None = None
    breakers: tuple[BreakerState, ...] = ()
    pools: tuple[PoolState, ...] = ()
    tasks: tuple[TaskState, ...] = ()
    runs: tuple[WorkflowRun, ...] = ()
    batches: tuple[Batch, ...] = ()
    recording: Recording | None = None
    replay: Replay | None = None
    notices: tuple[Notice, ...] = ()
    happened: tuple[Happening, ...] = ()
    logs: tuple[LogLine, ...] = ()
    blocked: Blocked | None = None
    dropped: int = 0
    tools_revision: int = 0
    resources_revision: int = 0
    prompts_revision: int = 0

    @property
    def running_tasks(self) -> tuple[TaskState, ...]:
        """The tasks that have not ended."""
        return tuple(task for task in self.tasks if task.status in RUNNING)

    @property
    def busy(self) -> tuple[str, ...]:
        """What would be lost if the workbench were left now, in words."""
        tasks = len(self.running_tasks)
        runs = sum(run.status == "running" for run in self.runs)
        found = (
            (tasks, "long task", "long tasks"),
            (runs, "workflow run", "workflow runs"),
            (len(self.active), "request", "requests"),
        )
        words = [f"{count} {one if count == 1 else many}" for count, one, many in found if count]
        words += ["a recording"] if self.recording else []
        words += ["a replay"] if self.replay else []
        return tuple(words)


RUNNING = frozenset({"queued", "working", "input_required"})
"""The statuses of a task that has not ended."""
