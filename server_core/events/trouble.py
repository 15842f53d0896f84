"""Errors, log messages and a blocked event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ErrorSource = Literal["request", "module", "uncaught"]
"""Where an unexpected error occurred: in a request, a module's own work, or a task or thread nobody awaits."""


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """One frame of an error's traceback.

    Attributes:
        own: whether it is the user's own code.
        first: the line number of the first line of `source`, which includes `line`.
        variables: (name, value) of the frame's variables, shortened and without secrets.
        raised: the exception raised in this frame, if a traceback ends here; empty for frames that called others.
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
    """An unexpected error was caught.

    Attributes:
        reference: the reference given to the client.
        where: the tool, the URI, the module's work or the thread.
        error: the exception's class and text.
        traceback: the full traceback.
        file, line: the last frame in the user's own code, else where it was raised.
        method: the request's method, such as `tools/call`; empty for any other source.
        frames: innermost last; empty outside development (`ErrorReporter.keeps_frames`).
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
    """A tool, a module or a library (`library`) logged or printed a line."""

    source: str
    level: Literal["debug", "info", "warning", "error"]
    text: str
    library: bool = False


@dataclass(frozen=True, slots=True)
class LoopBlocked:
    """The core's event loop has been blocked for `seconds` by `function` at `file`:`line`."""

    target: str
    function: str
    file: str
    line: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LoopFreed:
    """The core's event loop is running again after `seconds`."""

    seconds: float
