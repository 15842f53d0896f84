"""The application on a screen of a fixed size, with an engine of constant data."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tests.waiting import OutOfTimeError, until
from tests.workbench.fakes import STORY, FakeEngine, traffic
from workbench.app import WorkbenchApp
from workbench.session import Next

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

LARGE = (120, 40)
SMALL = (80, 24)


def quiet_app(engine: FakeEngine, project: Path | None = Path("bookshop")) -> WorkbenchApp:
    """The application, with nothing in it that moves by itself."""
    app = WorkbenchApp(project, engine.open, clock=engine.clock)
    app.animation_level = "none"
    return app


def busy_engine() -> FakeEngine:
    """An engine with four minutes of requests and something of everything."""
    return FakeEngine([*traffic(), *STORY])


@asynccontextmanager
async def shown(
    engine: FakeEngine | None = None, size: tuple[int, int] = LARGE, *keys: str
) -> AsyncIterator[tuple[WorkbenchApp, Pilot[Next]]]:
    """The application with everything that `engine` has to tell, after `keys`."""
    engine = engine or FakeEngine()
    app = quiet_app(engine)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            await settled(app, pilot)
        yield app, pilot


async def settled(app: WorkbenchApp, pilot: Pilot[Next]) -> None:
    """Let the application take in all facts, and draw."""

    def told() -> bool:
        inbox = app.engine.inbox if app.has_engine else None
        waiting = inbox is not None and (inbox._events or inbox._woken)
        return not waiting and not (app.has_engine and app.snapshot.stale)

    await app.workers.wait_for_complete()
    await until(told, "every fact is on the screen")
    await app.workers.wait_for_complete()
    await pilot.pause()


def screen_text(app: WorkbenchApp) -> str:
    """What stands on the screen, line by line."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    assert len(lines) == height
    return "\n".join(line[:width] for line in lines)


async def sees(app: WorkbenchApp, text: str) -> None:
    """Wait until `text` stands on the screen."""
    turns = itertools.count()

    def stands_there() -> bool:
        # Drawing the whole screen for each turn of the loop would keep it from turning.
        laid_out = app.screen._compositor.size == app.size  # a screen that has just come is not yet
        return next(turns) % 10 == 9 and laid_out and text in screen_text(app)

    try:
        await until(stands_there, f"{text!r} on the screen")
    except OutOfTimeError as error:
        raise OutOfTimeError(f"{error}; the screen:\n{screen_text(app)}") from None
