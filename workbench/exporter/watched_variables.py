"""Finds the environment variables that a project's own code reads while it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

FRAMES = 60
"""How far up the stack to look for the user's code."""


@contextmanager
def watched_variables(folder: Path) -> Iterator[Set[str]]:
    """Collect the names that code in `folder`, or a library that it calls, reads from `os.environ` during the block.

    The set grows while the block runs. Any thread.
    """
    seen: set[str] = set()
    inside = f"{folder}{os.sep}"
    encode = os.environ.encodekey

    def encode_and_note(name: str) -> str:
        if isinstance(name, str) and _called_from(sys._getframe(1), inside):
            seen.add(name)
        return encode(name)

    os.environ.encodekey = encode_and_note
    try:
        yield seen
    finally:
        os.environ.encodekey = encode


def _called_from(frame: FrameType | None, inside: str) -> bool:
    for _ in range(FRAMES):
        if frame is None:
            return False
        if frame.f_code.co_filename.startswith(inside):
            return True
        frame = frame.f_back
    return False
