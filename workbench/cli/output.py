"""What commands print: results on stdout, everything else on stderr, and no terminal control sequences."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from workbench.text import clean, one_line

_results: TextIO | None = None


@contextlib.contextmanager
def results_apart() -> Iterator[None]:
    """Reserve stdout for results during the block: what tools and libraries print goes to stderr."""
    global _results  # noqa: PLW0603 - a process has one stdout
    plain = sys.stdout
    kept: int | None = None
    with contextlib.ExitStack() as stack:
        try:
            on_descriptor = plain.fileno() == 1
        except (OSError, ValueError, AttributeError):  # not a real file, as in tests
            on_descriptor = False
        if on_descriptor:
            plain.flush()
            kept = os.dup(1)
            os.dup2(2, 1)
            _results = stack.enter_context(
                open(kept, "w", encoding=plain.encoding, errors=plain.errors, closefd=False)
            )
        else:
            _results = plain
        sys.stdout = sys.stderr
        try:
            yield
        finally:
            sys.stdout = plain
            _results = None
            if kept is not None:
                stack.close()
                os.dup2(kept, 1)
                os.close(kept)


def results() -> TextIO:
    """Return the stream for results."""
    return _results or sys.stdout


def say(text: str) -> None:
    """Print a message on stderr."""
    print(clean(text), file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Print a result on stdout: cleaned on a terminal, unchanged when piped."""
    show_soon(text)
    show_now()


def show_soon(text: str) -> None:
    """Buffer one of many lines of a result; `show_now` writes them at the latest."""
    print(clean(text) if results().isatty() else text, file=results())


def show_now() -> None:
    """Write the lines that `show_soon` has buffered."""
    results().flush()


def show_piece(text: str) -> None:
    """Print part of a result, without adding a line feed."""
    print(clean(text) if results().isatty() else text, file=results(), end="", flush=True)


def show_json(value: Any) -> None:
    """Print the single JSON document of `--json`."""
    print(json.dumps(value, ensure_ascii=False, indent=2), file=results(), flush=True)


def show_bytes(data: bytes) -> bool:
    """Write raw bytes, unless stdout is a terminal; return whether they were written."""
    if results().isatty():
        return False
    results().flush()
    results().buffer.write(data)
    results().buffer.flush()
    return True


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns; only the last column may be of any width."""
    if not rows:
        return
    cleaned = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(cleaned[0]))]
    for row in cleaned:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip(), file=results(), flush=True)
