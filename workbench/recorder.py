"""Writes a recording as it happens, so that an interruption loses nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import TracebackType

from server_core.bus import Event, EventBus
from server_core.disk import disk_text
from server_core.events import FileChange, FilesChanged
from workbench.atomic import remove_left_overs, temporary_beside
from workbench.recording import RecordingError, RecordingExistsError, batch_line, header_line


class RecordingWriter:
    """Writes each batch to the file immediately. Callable from any thread.

    If the process is killed, the recording has every batch so far. If a batch can't be written (a full disk), only that
    batch is missing.

    Attributes:
        batches: How many have been written.
    """

    def __init__(
        self, path: str | Path, *, module: str, root: str, started: float, force: bool = False
    ) -> None:
        """Create the file. Blocks.

        Args:
            module: The recorded files module; the first, if there are several.
            root: Its folder.
            started: Seconds since the epoch.
            force: Replace an existing file, in one step, once the new one has its header.

        Raises:
            RecordingExistsError: The file exists, and `force` was not given.
            RecordingError: It can't be written.
        """
        self.path = Path(path)
        self.batches = 0
        self._module = module
        self._last = 0.0
        self._lock = threading.Lock()
        self._size = 0
        self._descriptor: int | None = None
        if self.path.is_dir():
            raise RecordingError(f"{self.path} is a folder, not a file")
        remove_left_overs(self.path.parent, self.path.name)
        begun = temporary_beside(self.path) if force else self.path
        try:
            self._descriptor = os.open(begun, _flags(), 0o666)
            self._write(header_line(module, root, started))
            if force:
                os.replace(begun, self.path)
        except FileExistsError:
            raise RecordingExistsError(f"{begun} exists; --force overwrites it") from None
        except OSError as error:
            if self._descriptor is not None:
                self.close()
                begun.unlink(missing_ok=True)
            raise RecordingError(f"{self.path} can't be written: {disk_text(error)}") from error

    def add(self, t: float, changes: Sequence[FileChange], module: str = "") -> None:
        """Write a batch that came `t` seconds after the start; times never go backwards.

        Raises:
            RecordingError: It can't be written, or the recording is closed.
        """
        with self._lock:
            if self._descriptor is None:
                raise RecordingError(f"The recording {self.path} is closed")
            self._last = max(self._last, t)
            line = batch_line(self._last, changes, "" if module == self._module else module)
            try:
                self._write(line)
            except OSError as error:
                os.ftruncate(self._descriptor, self._size)
                raise RecordingError(f"{self.path} can't be written: {disk_text(error)}") from error
            self.batches += 1

    def close(self) -> None:
        """Complete the recording and flush it to disk. Idempotent."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                try:
                    os.fsync(descriptor)
                except OSError:  # a pipe, or a file system without fsync
                    pass
                finally:
                    os.close(descriptor)

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        assert self._descriptor is not None
        view = memoryview(line)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._size += len(line)


def record(
    bus: EventBus,
    writer: RecordingWriter,
    started: float,
    *,
    modules: Collection[str] | None = None,
    failed: Callable[[RecordingError], None] = lambda _error: None,
) -> Callable[[], None]:
    """Write every live batch of files modules from now on; return a function that stops it.

    Replayed batches are not recorded.

    Args:
        started: The writer's start time.
        modules: The modules to record; all if not given.
        failed: Called on any thread when a batch can't be written; nothing is written after that.
    """
    broken = False

    def listen(event: Event) -> None:
        nonlocal broken
        fact = event.fact
        if broken or not isinstance(fact, FilesChanged) or fact.replayed:
            return
        if modules is None or fact.module in modules:
            try:
                writer.add(event.at - started, fact.changes, fact.module)
            except RecordingError as error:
                broken = True
                failed(error)

    return bus.subscribe(listen)


def _flags() -> int:
    return os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
