"""Keeps file descriptors 0, 1 and 2 of the process away from the terminal that the screen draws on.

Subprocesses and C code of a tool write to descriptors, not to `sys.stdout`. Textual uses the terminal through
`sys.__stdin__`, `sys.__stdout__` and `sys.__stderr__`, which become files on private duplicates.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO

from .lines import LineLog, LogLevel

READ_BYTES = 65_536
PACE_SECONDS = 0.002
"""A pause after each full read, to slow down a subprocess that writes endlessly instead of the screen."""

_STREAMS = ("__stdin__", "__stdout__", "__stderr__")
_NAMES: dict[int, tuple[str, LogLevel]] = {1: ("stdout", "info"), 2: ("stderr", "warning")}


class Descriptors:
    """While taken, 0 reads as empty, and what is written to 1 and 2 goes to the log."""

    def __init__(self, log: LineLog) -> None:
        self._log = log
        self._saved: dict[int, int] = {}
        self._writing: dict[int, int] = {}
        self._private: list[IO[str]] = []
        self._originals: dict[str, IO[str] | None] = {}
        self._reader: _PipeReader | None = None

    def take(self) -> None:
        """Redirect the descriptors. Closed ones stay closed."""
        for number, name in enumerate(_STREAMS):
            original: IO[str] | None = getattr(sys, name)
            try:
                duplicate = os.dup(number)
            except OSError:
                continue
            self._saved[number] = duplicate
            self._originals[name] = original
            # `os.dup` creates descriptors that subprocesses don't inherit; each file closes its own.
            private = open(  # noqa: SIM115 - closed by `give_back`
                os.dup(duplicate),
                "w" if number else "r",
                encoding=getattr(original, "encoding", None) or "utf-8",
                errors=getattr(original, "errors", None) or "replace",
            )
            self._private.append(private)
            setattr(sys, name, private)
        pipes: dict[int, int] = {}
        for number in self._saved.keys() & _NAMES.keys():
            reading, writing = os.pipe()
            pipes[reading] = number
            self._writing[number] = writing
        self._reader = _PipeReader(self._log, pipes)
        self._point_away()

    def give_back(self) -> None:
        """Restore the descriptors; what is still in the pipes is logged first."""
        self._point_back()
        for writing in self._writing.values():
            os.close(writing)
        if self._reader is not None:
            self._reader.stop()
        for name, original in self._originals.items():
            setattr(sys, name, original)
        for private in self._private:
            with contextlib.suppress(OSError, ValueError):
                private.close()
        for duplicate in self._saved.values():
            os.close(duplicate)
        self._saved.clear()
        self._writing.clear()
        self._private.clear()
        self._originals.clear()

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Restore the terminal on 0, 1 and 2 during the block: for an editor, with the screen suspended."""
        self._point_back()
        try:
            yield
        finally:
            self._point_away()

    def _point_away(self) -> None:
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number in self._saved:
            os.dup2(self._writing.get(number, nothing), number)
        os.close(nothing)

    def _point_back(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        for number, duplicate in self._saved.items():
            os.dup2(duplicate, number)


class _PipeReader:
    """Drains the pipes behind 1 and 2 on a daemon thread."""

    def __init__(self, log: LineLog, pipes: dict[int, int]) -> None:
        self._log = log
        self._pipes = pipes
        self._woken, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._work, name="workbench-descriptors", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read what is available and end. A subprocess that still holds a pipe does not delay this."""
        os.write(self._waker, b".")
        self._thread.join(2.0)
        os.close(self._waker)

    def _work(self) -> None:
        decoders = {reading: codecs.getincrementaldecoder("utf-8")("replace") for reading in self._pipes}
        with selectors.DefaultSelector() as selector:
            for reading in self._pipes:
                os.set_blocking(reading, False)
                selector.register(reading, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            stopping = False
            while selector.get_map():
                ready = [key.fd for key, _ in selector.select(0 if stopping else None)]
                if stopping and not ready:
                    break
                for reading in ready:
                    if reading == self._woken:
                        stopping = True
                        selector.unregister(reading)
                    elif not self._take(reading, decoders[reading]):
                        selector.unregister(reading)
        for reading in (*self._pipes, self._woken):
            os.close(reading)

    def _take(self, reading: int, decoder: codecs.IncrementalDecoder) -> bool:
        """Read once; return false at the end of the pipe."""
        number = self._pipes[reading]
        source, level = _NAMES[number]
        try:
            data = os.read(reading, READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        text = decoder.decode(data, final=not data)
        if text:
            self._log.write(("descriptor", number), source, level, text)
        if len(data) == READ_BYTES:
            time.sleep(PACE_SECONDS)
        return bool(data)
