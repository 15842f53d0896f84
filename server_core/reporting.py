"""Reports unexpected errors to the log, the bus and the monitoring hooks, all under one reference."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .bus import EventBus
from .clock import Clock
from .error_frames import error_frames, innermost_place, own_traceback
from .error_texts import error_line
from .errors import new_reference, traceback_text
from .events import ErrorFrame, ErrorReported, ErrorSource
from .inspection import FailureState
from .open_files import is_out_of_files, open_files_limit
from .rate_limited import RateLimitedLines

MonitoringHook = Callable[["ErrorReport"], None]

RECENT_ERRORS = 50
FRAMED_PER_SECOND = 20
"""How many errors per second keep their frames, so that a tool that always fails does not become slower."""


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An unexpected error, as passed to monitoring hooks. `where` is a tool, a URI, a module or a thread; `method` is
    the request's."""

    reference: str
    where: str
    error: BaseException
    method: str = ""
    source: ErrorSource = "module"


class ErrorReporter:
    """Reports each unexpected error once. Callable from any thread.

    Attributes:
        count: how many errors so far.
        keeps_frames: whether facts carry the frames with source lines and variables. For development: clients never
            see them, but every listener of the bus does.
    """

    def __init__(
        self, bus: EventBus, clock: Clock, *, keeps_frames: bool = False, logger_name: str = "server_core"
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._log = logging.getLogger(logger_name)
        self._hooks: list[MonitoringHook] = []
        self._framed = (0, 0)
        self._out_of_files = RateLimitedLines(self._log.error, first=1, now=clock.monotonic)
        self._recent: deque[FailureState] = deque(maxlen=RECENT_ERRORS)
        self.keeps_frames = keeps_frames
        self.count = 0

    def add_hook(self, hook: MonitoringHook) -> None:
        """Call `hook` with every report from now on; one that raises is logged and stays registered."""
        self._hooks.append(hook)

    def recent(self) -> tuple[FailureState, ...]:
        """The latest errors for which facts were emitted, oldest first."""
        return tuple(self._recent)

    def report(
        self, error: BaseException, where: str, *, method: str = "", source: ErrorSource = "module"
    ) -> str:
        """Report `error` to the log, the bus and the hooks; returns its reference there."""
        reference = new_reference()
        self.count += 1
        logged = self._log.isEnabledFor(logging.ERROR)
        if is_out_of_files(error):
            # These come by the thousand, wherever a file or a connection is opened.
            logged, text = False, ""
            if not self._out_of_files.add(
                f"{where} failed (reference {reference}): too many open files (the limit is {open_files_limit()}). "
                "Raise it with `ulimit -n`, or open fewer files at a time"
            ):
                return reference
        else:
            text = traceback_text(error) if logged or self._bus.active else ""
        if logged:
            self._write(error, where, reference, text)
        if self._bus.active:
            fact = ErrorReported(
                reference,
                where,
                error_line(error),
                text,
                *innermost_place(error),
                method,
                source,
                self._frames(error),
            )
            self._recent.append(FailureState(self._clock.now(), fact))
            self._bus.emit(fact)
        report = ErrorReport(reference, where, error, method, source)
        for hook in self._hooks:
            try:
                hook(report)
            except Exception:
                self._log.exception("A monitoring hook raised an exception")
        return reference

    def _write(self, error: BaseException, where: str, reference: str, text: str) -> None:
        """Log it with a record of our own: formatters use its masked `exc_text` instead of making a traceback."""
        record = self._log.makeRecord(
            self._log.name,
            logging.ERROR,
            __name__,
            0,
            "%s failed (reference %s)",
            (where, reference),
            (type(error), error, own_traceback(error)),
            extra={"reference": reference},
        )
        record.exc_text = text.rstrip("\n")
        self._log.handle(record)

    def _frames(self, error: BaseException) -> tuple[ErrorFrame, ...]:
        if not self.keeps_frames:
            return ()
        second, count = int(self._clock.monotonic()), 0
        if self._framed[0] == second:
            count = self._framed[1]
        self._framed = (second, count + 1)
        return error_frames(error) if count < FRAMED_PER_SECOND else ()
