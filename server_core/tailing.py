"""Reads a text file in pieces, and follows what is appended to it."""

from __future__ import annotations

import codecs
import os
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from .errors import CoreError, NotFoundError
from .events import LogWritten
from .module import ModuleContext
from .streaming import CHUNK_BYTES

FOLLOW_SECONDS = 0.2
"""How often a growing file is checked."""


async def file_pieces(
    context: ModuleContext, path: Path, *, endless: bool, opened: Callable[[], BinaryIO] | None = None
) -> AsyncGenerator[str, None]:
    """Yield a file's text, with invalid UTF-8 replaced; if `endless`, also what is appended, until closed.

    A truncated file is read again from its start; one that was rotated is read to its end, then its successor.

    Args:
        opened: opens the file, on a worker thread, if opening its path is not enough.

    Raises:
        NotFoundError: the file can't be opened. Other errors raised by `opened` pass through.
    """

    def open_it() -> BinaryIO:
        return opened() if opened is not None else path.open("rb")

    # Incremental, since a character may be split across two chunks.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    try:
        file = await context.run_sync(open_it)
    except OSError as error:
        raise NotFoundError("stream", f"{path.name} ({error.strerror})") from error
    whole = True  # whether the last line is complete
    try:
        while True:
            rotated = endless and _is_another_file(path, file)
            data = await context.run_sync(partial(file.read, CHUNK_BYTES))
            text = decoder.decode(data)
            if text:
                yield text
                whole = text.endswith("\n")
            if data:
                continue
            if not endless:
                break
            fresh = await context.run_sync(partial(_reopened, open_it)) if rotated else None
            if fresh is not None:  # the old file has been read to its end
                file.close()
                file = fresh
                decoder.reset()
                continue
            if os.fstat(file.fileno()).st_size < file.tell():  # a truncated log starts over
                file.seek(0)
                decoder.reset()
                context.bus.emit(
                    LogWritten(context.module, "info", f"{path.name} was truncated: reading it again")
                )
                if not whole:
                    yield "\n"  # what follows is not part of the previous line
                    whole = True
            await context.clock.sleep(FOLLOW_SECONDS)
        if rest := decoder.decode(b"", final=True):
            yield rest
    finally:
        file.close()


def file_mark(path: Path) -> tuple[int, ...]:
    """A value that changes when the file does; empty while there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _reopened(opened: Callable[[], BinaryIO]) -> BinaryIO | None:
    try:
        return opened()
    except (OSError, CoreError):
        return None


def _is_another_file(path: Path, file: BinaryIO) -> bool:
    """Whether `path` now leads to a different file than the open one; not while there is none."""
    try:
        return not os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False
