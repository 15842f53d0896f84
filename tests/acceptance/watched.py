"""The application with a watch inside: `python -m tests.acceptance.watched REPORT ARGUMENTS` runs `workbench ARGUMENTS`
and writes to REPORT, a JSON line each, every error that reached the application, every freeze and each exit asked for.

A key that nothing else uses (`MARK_KEY`) is answered by `ANSWER` in the output once the screen has caught up with it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from textual.events import Event, Key

from workbench.app import WorkbenchApp
from workbench.cli import main

MARK_KEY, MARK_NAME = "\x1b[57363u", "menu"
ANSWER = "\x1b]7777;here\x07"

FREEZE_SECONDS = 1.0
BEAT_SECONDS = 0.02
LATE_SECONDS = 0.2
"""When the watch itself comes so late, the machine is busy: time that passed is then nobody's fault."""


class Report:
    """The file of what happened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, kind: str, **details: Any) -> None:
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **details}) + "\n")


def watch(app: WorkbenchApp, report: Report) -> None:
    """Report whenever the application's loop does not turn for too long: by the time that its thread computed, or by
    the clock where the machine had time for it."""
    loop, thread = app._loop, app._thread_id
    cpu_clock = time.pthread_getcpuclockid(thread)
    turned = threading.Event()

    def beats() -> None:
        while app._loop is loop and not app._exit:
            turned.clear()
            started, computed = time.monotonic(), time.clock_gettime(cpu_clock)
            try:
                loop.call_soon_threadsafe(turned.set)  # type: ignore[union-attr]
            except RuntimeError:
                return
            late, before, stack = False, started, ""
            while not turned.wait(BEAT_SECONDS):
                now = time.monotonic()
                late, before = late or now - before > LATE_SECONDS, now
                frame = sys._current_frames().get(thread)
                if now - started > FREEZE_SECONDS / 2 and not stack and frame is not None:
                    stack = "".join(traceback.format_stack(frame)[-12:])
            seconds = time.monotonic() - started
            computed = time.clock_gettime(cpu_clock) - computed
            if computed > FREEZE_SECONDS or (seconds > FREEZE_SECONDS and not late):
                report.add("freeze", seconds=round(seconds, 2), computed=round(computed, 2), stack=stack)
            time.sleep(BEAT_SECONDS)

    threading.Thread(target=beats, name="beats", daemon=True).start()


def install(report: Report) -> None:
    """Let every application from now on report."""
    ready, handle, leave, on_event = (
        WorkbenchApp.on_ready,
        WorkbenchApp._handle_exception,
        WorkbenchApp.exit,
        WorkbenchApp.on_event,
    )

    def on_ready(self: WorkbenchApp) -> None:
        ready(self)
        watch(self, report)

    def handle_exception(self: WorkbenchApp, error: Exception) -> None:
        cause = getattr(error, "error", error)  # of a worker
        expects = getattr(self, "expects", lambda error: False)
        if not (self._exit or expects(cause)):
            report.add("error", text="".join(traceback.format_exception(cause)))
        handle(self, error)

    def exit_(self: WorkbenchApp, *arguments: Any, **options: Any) -> None:
        report.add("exit", stack="".join(traceback.format_stack()[-6:-1]))
        leave(self, *arguments, **options)

    async def seen(self: WorkbenchApp, event: Event) -> None:
        if isinstance(event, Key) and event.key == MARK_NAME:
            self.call_after_refresh(lambda: self._driver and self._driver.write(ANSWER))
        else:
            await on_event(self, event)

    WorkbenchApp.on_ready = on_ready  # type: ignore[method-assign]
    WorkbenchApp._handle_exception = handle_exception  # type: ignore[method-assign]
    WorkbenchApp.exit = exit_  # type: ignore[method-assign]
    WorkbenchApp.on_event = seen  # type: ignore[method-assign]


def tell_tasks(report: Report) -> None:
    """On SIGUSR1, report what everything waits for."""

    def tell(_number: int, frame: FrameType | None) -> None:
        waits = [f"main: {''.join(traceback.format_stack(frame)[-8:])}"]
        for task in asyncio.all_tasks():
            stack = task.get_stack(limit=3)
            places = [f"{each.f_code.co_filename}:{each.f_lineno} {each.f_code.co_name}" for each in stack]
            waits.append(f"{task.get_name()}: {' <- '.join(places)}")
        report.add("waits", text="\n".join(waits))

    signal.signal(signal.SIGUSR1, tell)


if __name__ == "__main__":
    REPORT = Report(Path(sys.argv[1]))
    install(REPORT)
    tell_tasks(REPORT)
    sys.exit(main(sys.argv[2:]))
