"""Lines of text on their way to the log: bounded, so that a tool that prints in a loop costs the screen
nothing."""

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
"""Of each source the last so many lines of a turn are shown; how many were skipped is said in their place."""

LINE_CHARS = 2000
"""Longer lines are cut there."""

FREE_LINES = 1000
PACED_LINES = 50
PACE_SECONDS = 0.001
"""Whoever writes more than `FREE_LINES` in a turn rests after each further `PACED_LINES`, so that others, the screen
first, get to run: a real terminal would not take them in faster either."""

WRITE_CHARS = 200_000
"""Of a longer single write only the end is looked at."""


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
    """A line whose end has not been written yet."""

    def __init__(self, source: str, level: LogLevel, text: str) -> None:
        self.source = source
        self.level: LogLevel = level
        self.text = text
        self.aged = False


class LineLog:
    """Makes `LogWritten` facts of what is written from any thread. Its own daemon thread emits them, in
    turns.

    That thread sleeps while nothing is written.
    """

    def __init__(self, emit: Callable[[object], None] | None = None) -> None:
        """Args:
        emit: takes the facts; without one the lines wait for `attach`.
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
        """Begin to emit."""
        self._thread = threading.Thread(target=self._work, name="workbench-log", daemon=True)
        self._thread.start()

    def attach(self, emit: Callable[[object], None]) -> None:
        """Emit there from now on, beginning with what has waited."""
        self._emit = emit
        self._more.set()

    def stop(self) -> None:
        """Emit what is left, unfinished lines too, and end."""
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
        """Log `text`, each of its lines for itself; `library` is whether no code of the user's wrote it."""
        with self._lock:
            for line in text[-WRITE_CHARS:].splitlines():
                self._add(source, level, line, library)
        self._wake()

    def write(self, writer: Hashable, source: str, level: LogLevel, text: str) -> None:
        """Log the finished lines of what `writer` (a thread's stream, a pipe) writes; the rest waits for
        its end, for `flush`, or for about a turn."""
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
        # Imported at the first line: an application paints before it imports any of the core.
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
                emit(LogWritten(name, "warning", f"… {skipped:,} lines left out: they came too fast"))
        for line in sorted(line for source in sources.values() for line in source.lines):
            emit(LogWritten(line.source, line.level, line.text, line.library))
