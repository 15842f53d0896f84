"""What a snapshot is made of, besides `server_core.inspection`'s dataclasses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from workbench.text import Tone

if TYPE_CHECKING:
    from server_core.events import ErrorReported, FileChange

Topic = Literal["server", "call", "part", "work", "file", "log"]
"""What a happening is about; the list of happenings can be narrowed to one."""


class Problem(NamedTuple):
    """Something to fix though the server runs: where, what, and whether it is `bad` or only a warning."""

    source: str
    text: str
    tone: Tone = "bad"


class Failure(NamedTuple):
    """An unexpected error as it was last reported, and how many times by now: those that were raised at the same place
    of the same code, as the same class, are one."""

    at: float
    fact: ErrorReported
    times: int = 1

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What makes it one with another."""
        return (self.fact.where, self.fact.error.partition(":")[0], self.fact.file, self.fact.line)


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
    """A step of a workflow run; `seconds` is `None` while it runs, `attempts` tells of those that failed."""

    name: str
    kind: str
    status: Literal["running", "ok", "failed", "skipped", "cancelled"]
    started: float
    seconds: float | None = None
    detail: str = ""
    place: tuple[str, ...] = ()
    given: str = ""
    answered: str = ""
    attempts: tuple[str, ...] = ()


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
    resumed: str = ""


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
