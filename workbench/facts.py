"""Facts of the engine itself; they travel on the same bus as those of `server_core.events`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from server_core.inspection import ServerState

    from .finding import Finding
    from .questions import Question


@dataclass(frozen=True, slots=True)
class Dropped:
    """The inbox overflowed: `count` older events were lost. First in a drain; take the state anew by `inspect`."""

    count: int


@dataclass(frozen=True, slots=True)
class ProjectOpened:
    """The project in `folder` is about to be run."""

    folder: str


@dataclass(frozen=True, slots=True)
class EngineFailed:
    """There is no server: the core, the config or the start of the server itself failed. `reason` is one line."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConfigApplied:
    """A new config is in force: the whole server `restarted`, or these modules were added, replaced, removed."""

    restarted: bool
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigRejected:
    """The config file is other than what is in force, and can't be: `reason` says where and why, in one line."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProjectChecked:
    """The running server was looked at for what `workbench check` would find: each finding with its module."""

    findings: tuple[tuple[str, Finding], ...]


@dataclass(frozen=True, slots=True)
class NoticeReceived:
    """A change notice reached one of the workbench's own clients; `uri` is empty for the list changes."""

    protocol: str
    kind: Literal["updated", "tools", "resources", "prompts"]
    uri: str


@dataclass(frozen=True, slots=True)
class UserAsked:
    """The server asked the client's user for something (`elicitation`, `sampling`, `roots`); `answer` was given."""

    protocol: str
    kind: Literal["elicitation", "sampling", "roots"]
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """A call of the workbench's waits until its user answers what the server asked meanwhile."""

    question: Question


@dataclass(frozen=True, slots=True)
class QuestionSettled:
    """A question needs no answer any more: it was answered, or its call has ended."""

    key: str


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """File batches are being written to `path`."""

    path: str


@dataclass(frozen=True, slots=True)
class RecordingStopped:
    """The recording at `path` is complete."""

    path: str
    batches: int


@dataclass(frozen=True, slots=True)
class ReplayProgressed:
    """A replay has fed `batch` of `batches` to the module, or was paused or resumed."""

    module: str
    batch: int
    batches: int
    paused: bool


@dataclass(frozen=True, slots=True)
class ServerInspected:
    """The server was inspected, on its loop: `state` has the effect of the facts before this one, of none after.

    Emitted by each `Engine.inspect`, so that whoever folds facts can take the state anew at the right place.
    """

    state: ServerState
    clock_ahead: float = 0.0
    """By how many seconds the server's clock has jumped ahead of the machine's."""
    questions: tuple[Question, ...] = ()
    """What the workbench's own clients were asked and have not answered yet."""
