"""The frames of an error's traceback, with their source lines and variables.

For developers of the server, never for its clients: variables may hold anything. Values are shortened, and those
whose names look like secrets are hidden.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from .error_texts import error_line
from .events import ErrorFrame
from .masking import masked_repr

LINES_BEFORE = 5
LINES_AFTER = 4
LINE_CHARACTERS = 300
FRAMES_SHOWN = 40
"""How many of an error's innermost frames are shown."""

FRAMES_OPENED = 8
"""For how many frames of the user's own code variables and source lines are shown."""

VARIABLES_SHOWN = 30


class _Passed(NamedTuple):
    """A frame of a traceback, with the exception raised in it if the traceback ends there."""

    frame: FrameType
    line: int
    raised: str


def error_frames(error: BaseException) -> tuple[ErrorFrame, ...]:
    """The frames of `error` and of its causes, in traceback order: the innermost one last. Never raises."""
    frames: list[_Passed] = []
    for part in _chain(error):
        passed = [_Passed(frame, line, "") for frame, line in _walk(part.__traceback__)]
        if passed:
            passed[-1] = passed[-1]._replace(raised=error_line(part))
        frames += passed
    frames = frames[-FRAMES_SHOWN:]
    own = [is_own_code(each.frame) for each in frames]
    opened = set([index for index, mine in enumerate(own) if mine][-FRAMES_OPENED:])
    shown = tuple(_frame(each, own[index], index in opened) for index, each in enumerate(frames))
    return (*shown, _unreadable(error)) if isinstance(error, SyntaxError) and error.filename else shown


def innermost_place(error: BaseException) -> tuple[str, int]:
    """File and line of the last frame in the user's own code, or of the last frame at all; empty and 0 for none.

    For a syntax error, the place it points at.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 1
    pairs = [(frame, line) for part in _chain(error) for frame, line in _walk(part.__traceback__)]
    for frame, line in reversed(pairs):
        if is_own_code(frame):
            return frame.f_code.co_filename, line
    return (pairs[-1][0].f_code.co_filename, pairs[-1][1]) if pairs else ("", 0)


def own_traceback(error: BaseException) -> TracebackType | None:
    """The traceback of `error` from the user's own code on; the whole traceback if there is none."""
    trace = error.__traceback__
    while trace is not None and not is_own_code(trace.tb_frame):
        trace = trace.tb_next
    return trace or error.__traceback__


def is_own_code(frame: FrameType) -> bool:
    """Whether a frame runs the user's own code, rather than Python's, an installed package's or this library's."""
    file = frame.f_code.co_filename.replace("\\", "/")
    module = str(frame.f_globals.get("__name__", ""))
    if file.startswith("<") or module.partition(".")[0] in ("server_core", "workbench"):
        return False
    if "/site-packages/" in file or "/dist-packages/" in file:
        return False
    return not file.startswith(f"{linecache.__file__.replace(chr(92), '/').rpartition('/')[0]}/")


def _chain(error: BaseException) -> list[BaseException]:
    """The causes of an error, first cause first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain[::-1]


def _walk(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _frame(passed: _Passed, own: bool, opened: bool) -> ErrorFrame:
    frame, line, raised = passed
    code = frame.f_code
    first, source = _source_lines(code.co_filename, line, frame.f_globals) if opened else (line, ())
    variables = _variables(frame.f_locals) if opened else ()
    return ErrorFrame(code.co_filename, line, code.co_qualname, own, first, source, variables, raised)


def _unreadable(error: SyntaxError) -> ErrorFrame:
    """The place of a syntax error, as a frame."""
    file, line = error.filename or "", error.lineno or 1
    first, source = _source_lines(file, line, None)
    return ErrorFrame(file, line, "module level", True, first, source, (), error_line(error))


def _source_lines(file: str, line: int, names: dict[str, Any] | None) -> tuple[int, tuple[str, ...]]:
    """The lines around `line` and the number of the first; `names` may say how to load the file."""
    linecache.checkcache(file)
    lines = linecache.getlines(file, names)
    first = max(1, line - LINES_BEFORE)
    shown = lines[first - 1 : line + LINES_AFTER]
    return first, tuple(each.rstrip("\n")[:LINE_CHARACTERS] for each in shown)


def _variables(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    shown = [(name, value) for name, value in list(values.items()) if not name.startswith("__")]
    return tuple((name, masked_repr(value, name)) for name, value in shown[:VARIABLES_SHOWN])
