"""The parts of a snapshot, besides the dataclasses of `server_core.inspection`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from workbench.text import Tone

if TYPE_CHECKING:
    from server_core.events import ErrorReported, FileChange

Topic = Literal["server", "call", "part", "work", "file", "log"]
"""What an entry of the timeline is about; the timeline can be filtered by it."""


class Problem(NamedTuple):
    """Something to fix although the server runs: where, what, and whether it is an error (`bad`) or a warning."""

    source: str
    text: str
    tone: Tone = "bad"


class Failure(NamedTuple):
    """An unexpected error as last reported, and how often: errors of the same class raised at the same line count as
    one."""

    at: float
    fact: ErrorReported
    times: int = 1

    @property
    def key(self) -> tuple[str, str, str, int]:
        """The key that equal errors share."""
        return (self.fact.where, self.fact.error.partition(":")[0], self.fact.file, self.fact.line)


class Second(NamedTuple):
    """The counts of one second; `at` is its epoch second."""

    at: int
    calls: int = 0
    errors: int = 0
    hits: int = 0
    misses: int = 0


class Latency(NamedTuple):
    """Latency quantiles of the last requests, in seconds."""

    p50: float
    p95: float
    p99: float


class Progress(NamedTuple):
    """The progress of something; `total` may be unknown."""

    done: float = 0.0
    total: float | None = None
    message: str = ""


class TimelineEntry(NamedTuple):
    """An entry of the timeline; `fact` has all the data."""

    seq: int
    at: float
    topic: Topic
    source: str
    text: str
    detail: str
    tone: Tone
    fact: object


class Batch(NamedTuple):
    """A batch of file changes as it was applied; `number` counts from 1 within this snapshot."""

    number: int
    at: float
    module: str
    changes: tuple[FileChange, ...]
    replayed: bool
    seconds: float


class Notice(NamedTuple):
    """A change notification that one of the workbench's own clients received."""

    seq: int
    at: float
    protocol: str
    kind: str
    uri: str


class Step(NamedTuple):
    """A step of a workflow run; `seconds` is `None` while it runs, `attempts` lists the failed ones."""

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
    """A run of a workflow; `seconds` is `None` while it runs, `steps` are those that have started."""

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
    """A recording in progress; `batches` is how many it has so far."""

    path: str
    started: float
    batches: int = 0


class Replay(NamedTuple):
    """A replay in progress."""

    module: str
    batches: int
    started: float
    batch: int = 0
    paused: bool = False


class Blocked(NamedTuple):
    """The core's loop has been blocked since `since` (epoch seconds), in `function` at `file`:`line`."""

    target: str
    function: str
    file: str
    line: int
    since: float
