"""Sends everything that tools print or log to the log view, never to the screen.

The application installs the guard for its whole lifetime:

```python
with ConsoleGuard() as guard:
    app.run()
```
Call `guard.cover()` once Textual has replaced `sys.stdout` (`on_ready`), and `guard.attach(engine.bus.emit)` once there
is an engine. Run an editor inside `with app.suspend(), guard.released()`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TextIO

from .descriptors import Descriptors
from .lines import LineLog, LogLevel

_LEVELS: dict[str, LogLevel] = {"stdout": "info", "stderr": "warning"}


class ConsoleGuard:
    """While entered, turns prints, log records and writes to file descriptors 1 and 2 into `LogWritten` facts.

    The thread that enters it is the screen's: its output is not redirected.
    """

    def __init__(
        self, emit: Callable[[object], None] | None = None, *, descriptors: bool = sys.platform != "win32"
    ) -> None:
        """Args:
        emit: Receives the facts, on any thread; without it the last lines wait for `attach`.
        descriptors: Also guard file descriptors 0, 1 and 2, which subprocesses and C code use.
        """
        self._log = LineLog(emit)
        self._descriptors = Descriptors(self._log) if descriptors else None
        self._screen = 0
        self._streams: dict[str, TextIO] = {}
        self._handler = _LogHandler(self._log)
        self._root_level = logging.WARNING

    def __enter__(self) -> ConsoleGuard:
        self._screen = threading.get_ident()
        self._log.start()
        self._streams = {name: getattr(sys, name) for name in _LEVELS}
        if self._descriptors is not None:
            self._descriptors.take()
            # The screen's own thread keeps the terminal, for the error that a crashing application prints.
            for name in _LEVELS:
                setattr(sys, name, getattr(sys, f"__{name}__"))
        self.cover()
        root = logging.getLogger()
        self._root_level = root.level
        root.addHandler(self._handler)
        root.setLevel(min(root.level, logging.INFO))
        logging.captureWarnings(True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.captureWarnings(False)
        root = logging.getLogger()
        root.removeHandler(self._handler)
        root.setLevel(self._root_level)
        for name, stream in self._streams.items():
            setattr(sys, name, stream)
        if self._descriptors is not None:
            self._descriptors.give_back()
        self._log.stop()

    def attach(self, emit: Callable[[object], None]) -> None:
        """Emit the facts to `emit` from now on, beginning with those that have waited."""
        self._log.attach(emit)

    def cover(self) -> None:
        """Wrap the current `sys.stdout` and `sys.stderr`, unless they are already wrapped.

        Textual replaces both when it starts and restores them when it ends.
        """
        for name, level in _LEVELS.items():
            stream = getattr(sys, name)
            if not isinstance(stream, GuardedStream):
                setattr(sys, name, GuardedStream(self._log, level, name, self._screen, stream))

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Give the terminal to a program that needs it (an editor), inside `with app.suspend()`."""
        with self._descriptors.released() if self._descriptors is not None else contextlib.nullcontext():
            yield


class GuardedStream(io.TextIOBase):
    """A replacement for `sys.stdout` or `sys.stderr` that logs the output of all threads except the screen's."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, log: LineLog, level: LogLevel, name: str, screen: int, behind: TextIO) -> None:
        super().__init__()
        self._log = log
        self._level: LogLevel = level
        self._name = name
        self._screen = screen
        self._behind = behind
        self.buffer = _Bytes(self)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._on_screen() and self._behind.isatty()

    def fileno(self) -> int:
        return 1 if self._name == "stdout" else 2

    def write(self, text: str) -> int:
        if self._on_screen():
            self._behind.write(text)
        else:
            self._log.write((threading.get_ident(), self._name), _source(), self._level, text)
        return len(text)

    def flush(self) -> None:
        if self._on_screen():
            self._behind.flush()
        else:
            self._log.flush((threading.get_ident(), self._name))

    def _on_screen(self) -> bool:
        return threading.get_ident() == self._screen


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, stream: GuardedStream) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._stream.write(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def flush(self) -> None:
        if not self.closed:
            self._stream.flush()


class _LogHandler(logging.Handler):
    """Logs warnings and errors from everywhere, but lower levels only from code that serves a request."""

    def __init__(self, log: LineLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "reference", ""):
            return  # a reported error: its fact has more details than this record
        target = _target()
        if record.levelno < logging.WARNING and not target:
            return
        try:
            text = record.getMessage()
        except Exception as error:  # a format string that doesn't match its arguments
            text = f"{record.msg!r} could not be formatted: {error}"
        if record.exc_info and record.exc_info[1] is not None:
            error_text = str(record.exc_info[1])
            text = f"{text}: {type(record.exc_info[1]).__name__}: {error_text}" if error_text else text
        library = "site-packages" in record.pathname
        if record.name == "py.warnings":
            # Drop the line of code after the warning: the caller often can't do anything about it.
            text = text.partition("\n")[0]
            library = "DeprecationWarning: " in text
        source = f"{target} ({record.name})" if target else record.name
        self._log.add(source, _level(record.levelno), text, library=library)


def _source() -> str:
    """Return the source of output: the tool that this thread serves, or else the thread."""
    return _target() or threading.current_thread().name


def _target() -> str:
    """Return the target of the request that the running code serves; empty without the core."""
    core = sys.modules.get("server_core.request")
    current = getattr(core, "current_request", None)  # it may be partially imported
    request = current.get() if current is not None else None
    return request.target if request is not None else ""


def _level(number: int) -> LogLevel:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"
