"""The engine's own facts, emitted on the same bus as those of `server_core.events`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from server_core.inspection import ServerState

    from .finding import Finding
    from .questions import Question


@dataclass(frozen=True, slots=True)
class Dropped:
    """The inbox overflowed and lost `count` older events. Comes first in a drain; call `inspect` to resynchronize."""

    count: int


@dataclass(frozen=True, slots=True)
class ProjectOpened:
    """The project in `folder` is about to start."""

    folder: str


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """The server could not start: the core, the config or the server itself failed. `reason` is one line."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConfigApplied:
    """A new config was applied: the whole server `restarted`, or these modules were added, replaced or removed."""

    restarted: bool
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigRejected:
    """The config file changed and can't be applied: `reason` says where and why, in one line."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProjectChecked:
    """The running server was checked as by `workbench check`: each finding with its module."""

    findings: tuple[tuple[str, Finding], ...]


@dataclass(frozen=True, slots=True)
class NoticeReceived:
    """One of the workbench's own clients received a change notification; `uri` is empty for list changes."""

    protocol: str
    kind: Literal["updated", "tools", "resources", "prompts"]
    uri: str


@dataclass(frozen=True, slots=True)
class UserAsked:
    """The server sent the client a request (`elicitation`, `sampling`, `roots`), and `answer` was given."""

    protocol: str
    kind: Literal["elicitation", "sampling", "roots"]
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """A call made in the workbench is waiting for the user to answer a question from the server."""

    question: Question


@dataclass(frozen=True, slots=True)
class QuestionSettled:
    """A question no longer needs an answer: it was answered, or its call has ended."""

    key: str


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """A recording of file batches to `path` started."""

    path: str


@dataclass(frozen=True, slots=True)
class RecordingStopped:
    """The recording at `path` is complete."""

    path: str
    batches: int


@dataclass(frozen=True, slots=True)
class ReplayProgressed:
    """A replay has replayed `batch` of `batches` into the module, or was paused or resumed."""

    module: str
    batch: int
    batches: int
    paused: bool


@dataclass(frozen=True, slots=True)
class ServerInspected:
    """The server was inspected, on its loop: `state` includes the effects of all facts before this one, none after.

    Emitted by each `Engine.inspect`, so that a fold of the facts can replace its state at the right point.
    """

    state: ServerState
    clock_ahead: float = 0.0
    """How many seconds the server's clock is ahead of the system clock."""
    questions: tuple[Question, ...] = ()
    """Questions to the workbench's own clients that are not answered yet."""
