"""The application with a watch inside: `python -m tests.acceptance.watched REPORT ARGUMENTS` runs `workbench ARGUMENTS`
and writes to REPORT, a JSON line each, every error that reached the application, every freeze and each exit asked for.

A key that nothing else uses (`MARK_KEY`) is answered by `ANSWER` in the output once the screen has caught up with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
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


class Report:
    """The file of what happened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, kind: str, **details: Any) -> None:
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **details}) + "\n")


def queued_seconds() -> dict[str, float]:
    """For how long each thread of this process was ready to run and had no processor (Linux; elsewhere nothing)."""
    found = {}
    for path in Path("/proc/self/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            found[path.parent.name] = int(path.read_text().split()[1]) / 1e9
    return found


def watch(app: WorkbenchApp, report: Report) -> None:
    """Report whenever the application's loop does not turn for too long, without the time for which the machine had
    others to run."""
    loop, thread = app._loop, app._thread_id
    turned = threading.Event()

    def beats() -> None:
        while app._loop is loop and not app._exit:
            turned.clear()
            started, queued = time.monotonic(), queued_seconds()
            try:
                loop.call_soon_threadsafe(turned.set)  # type: ignore[union-attr]
            except RuntimeError:
                return
            stack = ""
            while not turned.wait(BEAT_SECONDS):
                frame = sys._current_frames().get(thread)
                if time.monotonic() - started > FREEZE_SECONDS / 2 and not stack and frame is not None:
                    stack = "".join(traceback.format_stack(frame)[-12:])
            seconds = time.monotonic() - started
            if seconds > FREEZE_SECONDS:
                now = queued_seconds()
                waited = max((now[task] - queued.get(task, 0.0) for task in now), default=0.0)
                if seconds - waited > FREEZE_SECONDS:
                    report.add("freeze", seconds=round(seconds, 2), waited=round(waited, 2), stack=stack)
            time.sleep(BEAT_SECONDS)

    threading.Thread(target=beats, name="beats", daemon=True).start()


def install(report: Report) -> None:
    """Let every application from now on report."""
    ready, handle, leave, on_event = (
        WorkbenchApp.on_ready,
        WorkbenchApp.record_error,
        WorkbenchApp.exit,
        WorkbenchApp.on_event,
    )

    def on_ready(self: WorkbenchApp) -> None:
        ready(self)
        watch(self, report)

    def caught(self: WorkbenchApp, error: Exception, *details: str) -> None:
        report.add("error", text="".join(traceback.format_exception(error)))
        handle(self, error, *details)

    def exit_(self: WorkbenchApp, result: Any = None, **options: Any) -> None:
        report.add("exit" if result is None else "another project")
        leave(self, result, **options)

    async def seen(self: WorkbenchApp, event: Event) -> None:
        if isinstance(event, Key) and event.key == MARK_NAME:
            self.call_after_refresh(lambda: self._driver and self._driver.write(ANSWER))
        else:
            await on_event(self, event)

    WorkbenchApp.on_ready = on_ready  # type: ignore[method-assign]
    WorkbenchApp.record_error = caught  # type: ignore[method-assign,assignment]
    WorkbenchApp.exit = exit_  # type: ignore[method-assign]
    WorkbenchApp.on_event = seen  # type: ignore[method-assign]


def _places(task: asyncio.Task[Any]) -> list[str]:
    """Where a task waits, the innermost last."""
    found, waits = [], task.get_coro()
    while waits is not None:
        frame = getattr(waits, "cr_frame", None) or getattr(waits, "gi_frame", None)
        if frame is None:
            break
        found.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}")
        waits = getattr(waits, "cr_await", None) or getattr(waits, "gi_yieldfrom", None)
    return found or [""]


def tell_tasks(report: Report) -> None:
    """On SIGUSR1, report what everything waits for."""

    def tell(_number: int, frame: FrameType | None) -> None:
        waits = [f"main: {''.join(traceback.format_stack(frame)[-8:])}"]
        for task in asyncio.all_tasks():
            places = _places(task)
            if not any(place.endswith((" _get_message", " _run_timer")) for place in places):
                waits.append(f"{task.get_name()}: {' < '.join(places)}")
        report.add("waits", text="\n".join(waits))

    signal.signal(signal.SIGUSR1, tell)


if __name__ == "__main__":
    REPORT = Report(Path(sys.argv[1]))
    install(REPORT)
    tell_tasks(REPORT)
    faulthandler.enable(Path(f"{sys.argv[1]}.fault").open("w"))  # noqa: SIM115 - to the end
    sys.exit(main(sys.argv[2:]))
