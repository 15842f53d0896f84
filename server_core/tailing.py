"""A text file in pieces, and what is added to it later."""

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
"""How often a file that grows is looked at."""


async def file_pieces(
    context: ModuleContext, path: Path, *, endless: bool, opened: Callable[[], BinaryIO] | None = None
) -> AsyncGenerator[str, None]:
    """The text of a file, what is no UTF-8 replaced; if `endless`, then what is added to it, until closed.

    A file that was cut begins anew; one that was rotated away is read to its end, and then its successor.

    Args:
        opened: opens the file, on a worker thread, where there is more to it than its path.

    Raises:
        NotFoundError: the file can't be opened. Whatever else `opened` raises, likewise.
    """

    def open_it() -> BinaryIO:
        return opened() if opened is not None else path.open("rb")

    # Incremental: a character may lie across two chunks.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    try:
        file = await context.run_sync(open_it)
    except OSError as error:
        raise NotFoundError("stream", f"{path.name} ({error.strerror})") from error
    whole = True  # the last line is
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
            if fresh is not None:  # the old one is read to its end
                file.close()
                file = fresh
                decoder.reset()
                continue
            if os.fstat(file.fileno()).st_size < file.tell():  # a log that was cut begins anew
                file.seek(0)
                decoder.reset()
                context.bus.emit(LogWritten(context.module, "info", f"{path.name} was cut: it begins anew"))
                if not whole:
                    yield "\n"  # what comes now is no part of the line before
                    whole = True
            await context.clock.sleep(FOLLOW_SECONDS)
        if rest := decoder.decode(b"", final=True):
            yield rest
    finally:
        file.close()


def file_mark(path: Path) -> tuple[int, ...]:
    """What tells a file from what it was before; empty while there is none."""
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
    """Whether the file at `path` is not the open one any more; not while there is none."""
    try:
        return not os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False
