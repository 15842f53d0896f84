"""What commands print: results on stdout, everything else on stderr, nothing that could move a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from workbench.text import clean, one_line


def say(text: str) -> None:
    """A message for the person, on stderr."""
    print(clean(text), file=sys.stderr, flush=True)


def show(text: str) -> None:
    """A line of the result, on stdout; cleaned when a terminal shows it, byte for byte when it is piped."""
    print(clean(text) if sys.stdout.isatty() else text, flush=True)


def show_json(value: Any) -> None:
    """The one JSON document that `--json` promises."""
    print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows in aligned columns; the last one is as long as it likes."""
    if not rows:
        return
    cleaned = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(cleaned[0]))]
    for row in cleaned:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip(), flush=True)
