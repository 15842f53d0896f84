"""A file that comes, changes and goes in the demo's documents: seen on the screen, told to clients of both revisions.

The times are printed. The best round of several is held to the bound: a busy machine adds to a time, nothing takes
away from it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from server_core.bus import Event
from server_core.events import ModuleStarted
from tests.terminal import Terminal
from tests.waiting import until
from workbench.engine import PROTOCOLS, Engine
from workbench.project import Project
from workbench.records import Frame

from .driving import go, timed, wait_until_started, workbench

pytestmark = pytest.mark.anyio

ROUNDS = 5
BOUND_MS = 300.0
UPDATED = "notifications/resources/updated"
LIST_CHANGED = "notifications/resources/list_changed"


def test_a_file_shows_on_the_screen_and_goes_from_it(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with workbench(project, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "resources")
        find(terminal, "arrived")
        shown: list[float] = []
        gone: list[float] = []
        for number in range(ROUNDS):
            file = project / "docs" / f"arrived-{number}.txt"
            there = lambda: file.name in terminal.text  # noqa: B023, E731
            shown.append(milliseconds(terminal, lambda: file.write_text("here", "utf-8"), there))  # noqa: B023
            gone.append(milliseconds(terminal, file.unlink, lambda: not there()))  # noqa: B023
    within_bound(capsys, "a new file on the screen", shown)
    within_bound(capsys, "a deleted file off the screen", gone)


def test_the_notices_of_both_clients_show_at_a_subscribed_file(project: Path, tmp_path: Path) -> None:
    with workbench(project, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "resources")
        find(terminal, "welcome.md")
        terminal.wait_for("press s to subscribe both clients")
        terminal.send("s")
        terminal.wait_for("no notifications yet")
        (project / "docs" / "welcome.md").write_text("Welcome back.\n", "utf-8")
        terminal.wait_for(f"2 notifications (1 by {PROTOCOLS[0]}, 1 by {PROTOCOLS[-1]})")


def find(terminal: Terminal, words: str) -> None:
    """Filter the list of resources, with the focus on what is found."""
    terminal.send("/")
    terminal.wait_for("esc Clear")
    terminal.send(words)
    terminal.wait_until(lambda: f"│ {words} " in terminal.text, "the filter typed")
    terminal.send("\r")
    terminal.wait_until(lambda: "esc Clear" not in terminal.text, "the focus in the list")


def milliseconds(terminal: Terminal, act: Callable[[], object], seen: Callable[[], bool]) -> float:
    """How long after `act` it is seen on the screen."""
    act()
    took = timed(terminal, "", seen, 30.0)
    assert took is not None, terminal.text
    return took


@pytest.fixture
async def engine(project: Path) -> AsyncIterator[Engine]:
    """The sample project, whose documents are watched."""
    engine = Engine(Project.find(project))
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear(event: Event) -> None:
        if isinstance(event.fact, ModuleStarted) and event.fact.module == "docs":
            loop.call_soon_threadsafe(started.set)

    engine.bus.subscribe(hear)
    engine.start()
    await asyncio.wrap_future(engine.ready)
    await until(started.is_set, "the files module has started")
    yield engine
    await asyncio.to_thread(engine.stop)


async def test_subscribed_clients_of_both_revisions_are_told(
    engine: Engine, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[float] = []
    deleted: list[float] = []
    for number in range(ROUNDS):
        file = project / "docs" / f"told-{number}.txt"
        await engine.subscribe(file.as_uri())
        written.append(await told(engine, file.as_uri(), lambda: file.write_text("here", "utf-8")))  # noqa: B023
        deleted.append(await told(engine, file.as_uri(), file.unlink))
    within_bound(capsys, "a new file told to both clients", written)
    within_bound(capsys, "a deleted file told to both clients", deleted)


async def told(engine: Engine, uri: str, act: Callable[[], object]) -> float:
    """Milliseconds from `act` until each client has had a notice of `uri` and one of the list."""
    begun = len(engine.frames())
    started = time.perf_counter()
    act()
    wanted = {(protocol, what) for protocol in PROTOCOLS for what in (uri, LIST_CHANGED)}
    await until(lambda: wanted <= notices(engine.frames()[begun:]), f"both clients told of {uri}")
    return (time.perf_counter() - started) * 1000


def notices(frames: Sequence[Frame]) -> set[tuple[str, str]]:
    """Who was told what: the URIs of updates, and the changes of the list."""
    return {
        (frame.protocol, str(frame.dump()["params"]["uri"]) if frame.method == UPDATED else LIST_CHANGED)
        for frame in frames
        if frame.direction == "server" and frame.method in (UPDATED, LIST_CHANGED)
    }


def within_bound(capsys: pytest.CaptureFixture[str], what: str, times: Sequence[float]) -> None:
    with capsys.disabled():
        print(f"\n  {what}: {', '.join(f'{each:.0f}' for each in times)} ms", end="")
    assert min(times) <= BOUND_MS, what
