"""Lines as plain data, so that a panel's contents can be built and tested without a screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

from workbench.text import Tone, fit, one_line

BARS = "▁▂▃▄▅▆▇█"
FULL, HALF, REST = "━", "╸", "─"


class Span(NamedTuple):
    """A piece of a line. Its text may be untrusted: it is cleaned when painted."""

    text: str
    tone: Tone = ""


Line = tuple[Span, ...]
Piece = str | Span


def line(*pieces: Piece | Iterable[Span]) -> Line:
    """Build a line from pieces, spans and other lines."""
    spans: list[Span] = []
    for piece in pieces:
        if isinstance(piece, str):
            spans.append(Span(piece))
        elif isinstance(piece, Span):
            spans.append(piece)
        else:
            spans.extend(piece)
    return tuple(spans)


def cleaned(spans: Line) -> Line:
    """`spans` with cleaned texts; leading and trailing spaces stay."""
    return tuple(Span(_tidy(text), tone) for text, tone in spans)


def _tidy(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    bare = text.strip(" ")
    if not bare:
        return text
    left = len(text) - len(text.lstrip(" "))
    right = len(text) - len(text.rstrip(" "))
    return " " * left + one_line(bare) + " " * right


def cells(spans: Line) -> int:
    """The width of `spans` in cells, once cleaned."""
    return sum(cell_len(_tidy(text)) for text, _ in spans)


def fitted(spans: Line, width: int, align: str = "left") -> Line:
    """`spans` in exactly `width` cells: truncated with `…`, or padded."""
    spans = cleaned(spans)
    length = cells(spans)
    if length <= width:
        pad = Span(" " * (width - length))
        return (pad, *spans) if align == "right" else (*spans, pad)
    kept: list[Span] = []
    left = width
    for text, tone in spans:
        taken = cell_len(text)
        if taken > left - 1:
            kept.append(Span(fit(text + " ", left), tone))
            break
        kept.append(Span(text, tone))
        left -= taken
    return tuple(kept)


def folded(spans: Line, width: int) -> list[Line]:
    """`spans` as rows of at most `width` cells."""
    rows: list[list[Span]] = [[]]
    left = width
    for text, tone in cleaned(spans):
        rest = text
        while rest:
            piece = next(filter(None, chop_cells(rest, max(left, 1))), rest)
            if cell_len(piece) > left and left < width:
                piece = ""  # a wide character at the edge
            rows[-1].append(Span(piece, tone))
            left -= cell_len(piece)
            rest = rest[len(piece) :]
            if rest:
                rows.append([])
                left = width
    return [tuple(row) for row in rows]


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` cells; `left` is truncated if both don't fit."""
    room = max(0, width - cells(right) - 1)
    gap = Span(" ") if room else Span("")
    return (*fitted(left, room), gap, *right)


def bar(share: float, width: int, tone: Tone = "ok") -> Line:
    """A bar of `width` cells, filled to `share` (0 to 1), in steps of half a cell."""
    halves = round(min(max(share, 0.0), 1.0) * width * 2)
    full, half = divmod(halves, 2)
    return (Span(FULL * full + HALF * half, tone), Span(REST * (width - full - half), "dim"))


def sparkline(values: Sequence[float | None], height: int = 1, top: float = 0.0) -> list[str]:
    """`values` as bars from 0 to their maximum or `top`; one string per line, one cell per value.

    Unlike Textual's own, bars start at 0, so that a steady rate does not look like none; `None` is a gap.
    """
    most = max([value for value in values if value is not None] + [top])
    steps = len(BARS) * height
    columns = []
    for value in values:
        filled = 0 if value is None else round(value / most * steps) if most else 0
        if value is not None:
            filled = max(filled, 1)
        column = []
        for level in range(height):
            part = min(max(filled - level * len(BARS), 0), len(BARS))
            column.append(BARS[part - 1] if part else " ")
        columns.append(column)
    return ["".join(column[level] for column in columns) for level in reversed(range(height))]
