"""Writing a recording while it happens, so that whatever interrupts it, nothing that came is lost."""

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
    """Writes each batch to the file at once. Callable from any thread.

    A process that is killed leaves a recording with every batch so far. One that can't write a batch (a full disk)
    leaves it without that batch.

    Attributes:
        batches: how many are written.
    """

    def __init__(
        self, path: str | Path, *, module: str, root: str, started: float, force: bool = False
    ) -> None:
        """Begin the file. Blocks.

        Args:
            module: the files module that is recorded; the first, if there are several.
            root: its folder.
            started: seconds since the epoch.
            force: replace a file that is there, in one step, once the new one has begun.

        Raises:
            RecordingExistsError: there is such a file, and `force` was not given.
            RecordingError: it can't be written.
        """
        self.path = Path(path)
        self.batches = 0
        self._module = module
        self._last = 0.0
        self._lock = threading.Lock()
        self._size = 0
        self._descriptor: int | None = None
        if self.path.is_dir():
            raise RecordingError(f"{self.path} is a folder; give the name of a file")
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
        """Write a batch that came `t` seconds after the start; a time before the last one's is taken as that.

        Raises:
            RecordingError: it can't be written, or the recording is closed.
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
        """Complete the recording; it is on the disk when this returns. Idempotent."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                try:
                    os.fsync(descriptor)
                except OSError:  # a pipe, or a disk that does not know how
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
    """Write every live batch that a files module takes in from now on; returns what ends it.

    Replayed batches are left out.

    Args:
        started: the writer's.
        modules: those to record; all if not given.
        failed: called, on any thread, when a batch can't be written; nothing is written after it.
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
