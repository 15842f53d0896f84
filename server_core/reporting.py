"""Where unexpected errors go: the log, the bus and the monitoring hooks, all under one reference."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from .bus import EventBus
from .errors import new_reference, traceback_text
from .events import ErrorReported

MonitoringHook = Callable[["ErrorReport"], None]


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An unexpected error, as the monitoring hooks get it. `where` is a tool, a URI or a module."""

    reference: str
    where: str
    error: BaseException


class ErrorReporter:
    """Reports each unexpected error once. Callable from any thread."""

    def __init__(self, bus: EventBus, logger_name: str = "server_core") -> None:
        self._bus = bus
        self._log = logging.getLogger(logger_name)
        self._hooks: list[MonitoringHook] = []
        self.count = 0

    def add_hook(self, hook: MonitoringHook) -> None:
        """Call `hook` with every report from now on; one that raises is logged and keeps its place."""
        self._hooks.append(hook)

    def report(self, error: BaseException, where: str) -> str:
        """Tell log, bus and hooks of `error`; returns the reference under which they know it."""
        reference = new_reference()
        self.count += 1
        self._log.error(
            "%s failed (reference %s)", where, reference, exc_info=(type(error), error, error.__traceback__)
        )
        if self._bus.active:
            frames = traceback.extract_tb(error.__traceback__)
            last = frames[-1] if frames else None
            self._bus.emit(
                ErrorReported(
                    reference,
                    where,
                    f"{type(error).__name__}: {error}",
                    traceback_text(error),
                    last.filename if last else "",
                    (last.lineno or 0) if last else 0,
                )
            )
        report = ErrorReport(reference, where, error)
        for hook in self._hooks:
            try:
                hook(report)
            except Exception:
                self._log.exception("A monitoring hook raised")
        return reference
