"""What commands print: results on stdout, everything else on stderr, nothing that could move a terminal."""

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
    """While the block runs, stdout is the commands' own: what tools and libraries print there goes to stderr."""
    global _results  # noqa: PLW0603 - a process has one stdout
    plain = sys.stdout
    kept: int | None = None
    with contextlib.ExitStack() as stack:
        try:
            on_descriptor = plain.fileno() == 1
        except (OSError, ValueError, AttributeError):  # a stream that is no file, as under a test
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
    """The stream for results."""
    return _results or sys.stdout


def say(text: str) -> None:
    """A message for the person, on stderr."""
    print(clean(text), file=sys.stderr, flush=True)


def show(text: str) -> None:
    """A result, on stdout; cleaned when a terminal shows it, as it is when it is piped."""
    show_soon(text)
    show_now()


def show_soon(text: str) -> None:
    """One of many lines of a result: written at the latest by `show_now`."""
    print(clean(text) if results().isatty() else text, file=results())


def show_now() -> None:
    """Write what `show_soon` has gathered."""
    results().flush()


def show_piece(text: str) -> None:
    """A piece of a result that goes on: no line feed is added."""
    print(clean(text) if results().isatty() else text, file=results(), end="", flush=True)


def show_json(value: Any) -> None:
    """The one JSON document that `--json` promises."""
    print(json.dumps(value, ensure_ascii=False, indent=2), file=results(), flush=True)


def show_bytes(data: bytes) -> bool:
    """Bytes as they are; refused on a terminal, which tells the answer."""
    if results().isatty():
        return False
    results().flush()
    results().buffer.write(data)
    results().buffer.flush()
    return True


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows in aligned columns; the last one is as long as it likes."""
    if not rows:
        return
    cleaned = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(cleaned[0]))]
    for row in cleaned:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip(), file=results(), flush=True)
