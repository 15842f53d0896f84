"""An error's details as plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.text import Tone, clean, plural, time_of_day
from workbench.widgets.spans import Line, Span, line

if TYPE_CHECKING:
    from server_core.events import ErrorFrame
    from workbench.state.parts import Failure

UNCAUGHT = "A background task or thread failed."


def about_error(failure: Failure) -> list[Line]:
    """Everything about an error, as plain lines."""
    fact = failure.fact
    _, message = split_error(fact.error)
    lines: list[Line] = [(Span(text, "bad"),) for text in clean(message).splitlines()]
    whose = " ".join(word for word in (fact.method, fact.where) if word)
    when = time_of_day(failure.at, millis=True)
    lines.append(line(Span(whose, "accent"), Span(f"   {when}   reference {fact.reference}", "dim")))
    if fact.source == "uncaught":
        lines.append((Span(UNCAUGHT, "dim"),))
    opened = [frame for frame in fact.frames if frame.source][::-1]
    if not opened and fact.file:
        lines += [(), line(Span("raised in ", "dim"), Span(f"{fact.file}:{fact.line}", "accent"))]
    for frame in opened:
        lines += [(), *_frame(frame, fact.error)]
    others = len(fact.frames) - len(opened)
    if others:
        lines += [(), (Span(f"{plural(others, 'library frame')} in between not shown.", "dim"),)]
    lines += [(), (Span("Traceback", "strong"),)]
    return lines + [(Span(text),) for text in clean(fact.traceback).splitlines()]


def _frame(frame: ErrorFrame, error: str) -> list[Line]:
    """A frame with its lines and variables; frames of errors other than `error` are its causes."""
    how = "raised in" if frame.raised else "called by"
    place = Span(f"  {frame.file}:{frame.line}", "accent")
    lines = [line(Span(f"{how} ", "dim"), Span(frame.function, "strong"), place)]
    if frame.raised and frame.raised != error:
        lines.insert(0, line(Span("Caused by ", "dim"), Span(frame.raised, "bad")))
    return [*lines, *source_lines(frame), *(line(Span("    "), *each) for each in variable_lines(frame))]


def split_error(error: str) -> tuple[str, str]:
    """Split `ValueError: message` into class and message."""
    kind, _, message = error.partition(": ")
    return kind, message


def file_name(path: str) -> str:
    """The last part of a POSIX or Windows path."""
    return path.replace("\\", "/").rpartition("/")[2]


def source_lines(frame: ErrorFrame) -> list[Line]:
    """The numbered lines around the line of `frame`, which is marked."""
    digits = len(str(frame.first + len(frame.source)))
    shown: list[Line] = []
    for number, text in enumerate(frame.source, frame.first):
        here = number == frame.line
        gutter = Span(f"{'❱' if here else ' '} {number:>{digits}} ", "bad" if here else "dim")
        tone: Tone = "strong" if here else "dim" if text.lstrip().startswith("#") else ""
        shown.append((gutter, Span("│ ", "dim"), Span(text.expandtabs(4), tone)))
    return shown


def variable_lines(frame: ErrorFrame) -> list[Line]:
    """The variables of `frame`, names aligned."""
    if not frame.variables:
        return [(Span("no variables", "dim"),)]
    widest = min(max(len(name) for name, _ in frame.variables), 24)
    return [(Span(f"{name:<{widest}}  ", "accent"), Span(value)) for name, value in frame.variables]
