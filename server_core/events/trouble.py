"""What goes wrong, what is logged, who blocks the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ErrorSource = Literal["request", "module", "uncaught"]
"""What an unexpected error ended: a request, a module's own work, or a task or thread that nobody waited for."""


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """A frame of an error's traceback.

    Attributes:
        own: whether it is the user's own code.
        first: the number of the first line of `source`; `line` is among them.
        variables: (name, value) of the frame's variables, cut and without secrets.
        raised: what was raised in it, where the traceback of an error ends there; others were called from it.
    """

    file: str
    line: int
    function: str
    own: bool
    first: int
    source: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    raised: str = ""


@dataclass(frozen=True, slots=True)
class ErrorReported:
    """Something unexpected was caught.

    Attributes:
        reference: what the client was told.
        where: the tool, the URI, the module's work or the thread.
        error: the exception's class and text.
        traceback: the whole text.
        file, line: the user's own code that it passed last, else where it was raised.
        method: the request's, as `tools/call`; empty for any other source.
        frames: the innermost last; empty unless the server is developed (`ErrorReporter.keeps_frames`).
    """

    reference: str
    where: str
    error: str
    traceback: str
    file: str
    line: int
    method: str = ""
    source: ErrorSource = "module"
    frames: tuple[ErrorFrame, ...] = ()


@dataclass(frozen=True, slots=True)
class LogWritten:
    """A line was logged or printed by a tool, a module or a library (`library`), which did so by itself."""

    source: str
    level: Literal["debug", "info", "warning", "error"]
    text: str
    library: bool = False


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
