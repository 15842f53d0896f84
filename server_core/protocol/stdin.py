"""What a client writes to the process's stdin, line by line, each of bounded length."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

import anyio

LINE_BYTES = 64 * 1024 * 1024
"""How long a message may be. Longer than over HTTP: only the client that started the process can send one."""


class BoundedLines:
    """Lines of text out of a binary stream, for the SDK's transport: what it needs of an `anyio.AsyncFile`.

    It ends at the stream's end, and at a line that is too long: what follows that can't be told from the rest of it.
    """

    def __init__(self, stream: BinaryIO, most: int = LINE_BYTES) -> None:
        self._stream = stream
        self._most = most

    def __aiter__(self) -> BoundedLines:
        return self

    async def __anext__(self) -> str:
        line = await anyio.to_thread.run_sync(self._stream.readline, self._most + 1)
        if len(line) > self._most:
            print(
                f"The client sent a message of more than {self._most / 1024 / 1024:g} MiB: the connection ends here",
                file=sys.stderr,
            )
            raise StopAsyncIteration
        if not line:
            raise StopAsyncIteration
        return line.decode("utf-8", "replace")


@contextlib.contextmanager
def taken_stdin() -> Iterator[BinaryIO]:
    """Stdin for the transport alone: meanwhile whoever else reads descriptor 0 finds its end."""
    try:
        kept = os.dup(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):  # no file, as under a test
        yield sys.stdin.buffer
        return
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    try:
        # Not closed: a thread may still wait for a line when the server has stopped.
        yield os.fdopen(kept, "rb", closefd=False)
    finally:
        os.dup2(kept, sys.stdin.fileno())
