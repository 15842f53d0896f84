"""Pool slots as one mark each."""

from __future__ import annotations

from workbench.text import Tone
from workbench.widgets.spans import Line, Span, bar

TAKEN, FREE = "■", "□"


def slots(taken: int, ready: int, most: int, width: int, tone: Tone) -> Line:
    """`taken` slots in `tone`, `ready` ones in another, the rest empty, in at most `width` cells.

    With more slots than cells, a bar of the taken ones.
    """
    if most > width:
        return bar(taken / most, width, tone)
    taken = min(taken, most)
    ready = min(ready, most - taken)
    return (
        Span(TAKEN * taken, tone),
        Span(TAKEN * ready, "graph"),
        Span(FREE * (most - taken - ready), "dim"),
    )
