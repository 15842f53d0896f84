"""The contents of the error list, as plain rows, and an error's code next to its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.screens.errors.about import file_name, source_lines, split_error, variable_lines
from workbench.state import Snapshot
from workbench.text import Tone, number, one_line, plural, time_of_day
from workbench.widgets.columns import Column, Row
from workbench.widgets.spans import Line, Span, cells, fitted, line

if TYPE_CHECKING:
    from server_core.events import ErrorFrame, ErrorReported
    from workbench.state.parts import Failure

ERROR_COLUMNS = (
    Column(most=1, gap=1),
    Column(most=8),
    Column(most=7, align="right"),
    Column(most=10, above=90),
    Column(most=22),
    Column(most=24),
    Column(flex=1),
    Column(most=24, above=70),
    Column(most=8, above=100),
)
MARKS: dict[str, tuple[str, Tone]] = {
    "request": ("✗", "bad"),
    "module": ("✗", "bad"),
    "uncaught": ("!", "warn"),
}
NOT_KEPT = "Its frames were not stored: too many errors at once. Enter shows the traceback."
NOT_YOURS = "Raised outside your own code. Enter shows the traceback."
GAP = 3
VARIABLE_CELLS = 36
"""The variables next to the code get at least this many cells, or a third of the width."""


def error_rows(s: Snapshot) -> list[Row]:
    """The unexpected errors, newest first."""
    return [_error_row(failure) for failure in reversed(s.failures)]


def _error_row(failure: Failure) -> Row:
    fact = failure.fact
    mark, tone = MARKS[fact.source]
    kind, message = split_error(fact.error)
    return Row(
        row_key(failure),
        (
            Span(mark, tone),
            Span(time_of_day(failure.at), "dim"),
            Span(f"×{number(failure.times)}" if failure.times > 1 else "", "warn"),
            Span(fact.method or fact.source, "dim"),
            Span(fact.where, "accent"),
            Span(kind, "bad"),
            one_line(message),
            Span(place_text(fact), "dim"),
            Span(fact.reference, "dim"),
        ),
    )


def row_key(failure: Failure) -> str:
    """The key of an error's row; it stays the same when the error recurs."""
    return "\n".join(map(str, failure.key))


def place_text(fact: ErrorReported) -> str:
    """`tools.py:62`, or empty."""
    return f"{file_name(fact.file)}:{fact.line}" if fact.file else ""


def errors_aside(s: Snapshot) -> str:
    """The number of errors, and how many were uncaught."""
    uncaught = sum(failure.times for failure in s.failures if failure.fact.source == "uncaught")
    words = [number(sum(failure.times for failure in s.failures))] if s.failures else []
    return "  ".join([*words, f"{uncaught} uncaught"] if uncaught else words)


# -- the code of one error


def own_frame(fact: ErrorReported) -> ErrorFrame | None:
    """The user's own frame that raised the error, or the last one it passed through."""
    frames = [frame for frame in fact.frames if frame.source]
    return next((frame for frame in reversed(frames) if frame.own), frames[-1] if frames else None)


def code_title(fact: ErrorReported | None) -> str:
    """Where the error was raised, and the reference the client received."""
    if fact is None:
        return ""
    frame = own_frame(fact)
    place = f"{file_name(frame.file)}:{frame.line}  {frame.function}" if frame else place_text(fact)
    return "  ".join(word for word in (place, f"reference {fact.reference}") if word)


def code_lines(fact: ErrorReported | None, width: int, height: int) -> list[Line]:
    """The error's message, then its source lines next to the variables, in `height` lines of `width`."""
    if fact is None:
        return []
    kind, message = split_error(fact.error)
    head = fitted((Span(kind, "bad"), Span("  "), Span(one_line(message))), width)
    frame = own_frame(fact)
    if frame is None:
        return [head, (), (Span(NOT_YOURS if fact.frames else NOT_KEPT, "dim"),)]
    code = source_lines(frame)
    left = min(max(map(cells, code)), width - GAP - min(VARIABLE_CELLS, width // 3))
    if len(code) > height - 2:
        start = max(0, min(frame.line - frame.first - (height - 3) // 2, len(code) - height + 2))
        code = code[start : start + height - 2]
    values = variable_lines(frame)
    if len(values) > height - 2:
        more = len(values) - height + 3
        values = [*values[: height - 3], (Span(f"{plural(more, 'more variable')}: Enter", "dim"),)]
    rows = max(len(code), len(values))
    both = zip(_padded(code, rows), _padded(values, rows), strict=True)
    return [head, (), *(line(*fitted(one, left), " " * GAP, *other) for one, other in both)]


def _padded(lines: list[Line], count: int) -> list[Line]:
    return lines + [()] * (count - len(lines))
