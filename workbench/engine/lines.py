"""Passes lines of text to the log: bounded, so that a tool that prints in a loop does not slow down the screen."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Literal, NamedTuple

LogLevel = Literal["debug", "info", "warning", "error"]

TURN_SECONDS = 0.1
LINES_A_TURN = 50
"""How many last lines per source are shown each turn; the number of skipped lines is shown in their place."""

LINE_CHARS = 2000
"""Longer lines are truncated."""

FREE_LINES = 1000
PACED_LINES = 50
PACE_SECONDS = 0.001
"""A thread that writes more than `FREE_LINES` in a turn sleeps after each further `PACED_LINES`, so that others, above
all the screen, can run: a real terminal would not accept them faster either."""

WRITE_CHARS = 200_000
"""Only the end of a longer single write is used."""


class _Line(NamedTuple):
    order: int
    source: str
    level: LogLevel
    text: str
    library: bool = False


class _Source:
    def __init__(self) -> None:
        self.lines: deque[_Line] = deque(maxlen=LINES_A_TURN)
        self.came = 0


class _Unfinished:
    """A line without its line feed yet."""

    def __init__(self, source: str, level: LogLevel, text: str) -> None:
        self.source = source
        self.level: LogLevel = level
        self.text = text
        self.aged = False


class LineLog:
    """Turns what any thread writes into `LogWritten` facts. Its own daemon thread emits them in turns.

    The thread sleeps while nothing is written.
    """

    def __init__(self, emit: Callable[[object], None] | None = None) -> None:
        """Args:
        emit: Receives the facts; without it the lines wait for `attach`.
        """
        self._emit = emit
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._sources: dict[str, _Source] = {}
        self._unfinished: dict[Hashable, _Unfinished] = {}
        self._more = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start emitting."""
        self._thread = threading.Thread(target=self._work, name="workbench-log", daemon=True)
        self._thread.start()

    def attach(self, emit: Callable[[object], None]) -> None:
        """Emit to `emit` from now on, beginning with what has waited."""
        self._emit = emit
        self._more.set()

    def stop(self) -> None:
        """Emit what is left, including unfinished lines, and end."""
        self._stopped.set()
        self._more.set()
        if self._thread is not None:
            self._thread.join(2.0)
            self._thread = None
        with self._lock:
            for unfinished in self._unfinished.values():
                self._add(unfinished.source, unfinished.level, unfinished.text)
            self._unfinished.clear()
        self._turn()

    def add(self, source: str, level: LogLevel, text: str, *, library: bool = False) -> None:
        """Log each line of `text`; `library` means that it does not come from the user's code."""
        with self._lock:
            for line in text[-WRITE_CHARS:].splitlines():
                self._add(source, level, line, library)
        self._wake()

    def write(self, writer: Hashable, source: str, level: LogLevel, text: str) -> None:
        """Log the finished lines that `writer` (a thread's stream, a pipe) writes; an unfinished one waits for its end,
        for `flush`, or for about a turn."""
        with self._lock:
            before = self._unfinished.pop(writer, None)
            if before is not None and before.source != source:
                self._add(before.source, before.level, before.text)
                before = None
            lines = ((before.text if before else "") + text[-WRITE_CHARS:]).split("\n")
            for line in lines[:-1]:
                self._add(source, level, line)
            if lines[-1]:
                self._unfinished[writer] = _Unfinished(source, level, lines[-1][: LINE_CHARS + 1])
            came = self._sources[source].came if source in self._sources else 0
        self._wake()
        if came > FREE_LINES and len(lines) > 1 and came % PACED_LINES < len(lines) - 1:
            time.sleep(PACE_SECONDS)

    def flush(self, writer: Hashable) -> None:
        """Log the unfinished line of `writer`, if it has one."""
        with self._lock:
            unfinished = self._unfinished.pop(writer, None)
            if unfinished is not None:
                self._add(unfinished.source, unfinished.level, unfinished.text)
        self._wake()

    def _add(self, name: str, level: LogLevel, line: str, library: bool = False) -> None:
        line = line.rstrip()
        if not line:
            return
        if len(line) > LINE_CHARS:
            line = f"{line[:LINE_CHARS]}…"
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = _Source()
        source.came += 1
        source.lines.append(_Line(next(self._order), name, level, line, library))

    def _wake(self) -> None:
        if not self._more.is_set():
            self._more.set()

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._more.wait()
            self._more.clear()
            self._turn()
            self._stopped.wait(TURN_SECONDS)

    def _turn(self) -> None:
        emit = self._emit
        if emit is None:
            return
        # Imported with the first line: the application paints before it imports the core.
        from server_core.events import LogWritten

        with self._lock:
            for writer, unfinished in list(self._unfinished.items()):
                if unfinished.aged:
                    del self._unfinished[writer]
                    self._add(unfinished.source, unfinished.level, unfinished.text)
                else:
                    unfinished.aged = True
                    self._more.set()
            sources, self._sources = self._sources, {}
        for name, source in sources.items():
            if skipped := source.came - len(source.lines):
                emit(LogWritten(name, "warning", f"… {skipped:,} lines skipped: they arrived too fast"))
        for line in sorted(line for source in sources.values() for line in source.lines):
            emit(LogWritten(line.source, line.level, line.text, line.library))
