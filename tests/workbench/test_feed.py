"""The way of facts to the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from server_core.events import LogWritten, ModuleStarted, ServerStarted
from tests.workbench.fakes import STATE, FakeEngine
from workbench.facts import Dropped
from workbench.feed import DRAIN_SECONDS, Feed
from workbench.state import Snapshot


class Screen:
    """What a feed needs of a screen, by hand."""

    def __init__(self, engine: FakeEngine) -> None:
        self.published: list[Snapshot] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.woken = 0
        self.feed = Feed(
            Snapshot(), engine.clock, publish=self.published.append, later=self._later, spawn=self._spawn
        )
        self.feed.connect(engine, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self.timers.append((seconds, call))

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run(coroutine)


def test_many_facts_are_one_wake_up_and_one_snapshot():
    engine = FakeEngine([])
    screen = Screen(engine)
    engine.emit(*(LogWritten("tool", "info", str(n)) for n in range(1000)))
    assert screen.woken == 1
    screen.feed.drain_soon()
    assert len(screen.published) == 1
    assert len(screen.published[0].logs) == 500


def test_the_inbox_is_emptied_thirty_times_a_second_at_most():
    engine = FakeEngine([])
    screen = Screen(engine)
    engine.emit(LogWritten("tool", "info", "first"))
    screen.feed.drain_soon()
    engine.clock.at += 0.01
    engine.emit(LogWritten("tool", "info", "second"))
    screen.feed.drain_soon()
    assert len(screen.published) == 1, "not yet"
    wait, drain = screen.timers.pop()
    assert abs(wait - (DRAIN_SECONDS - 0.01)) < 1e-6
    drain()
    assert [line.text for line in screen.published[-1].logs] == ["first", "second"]


def test_what_facts_do_not_tell_is_asked_for_and_the_answer_comes_as_a_fact():
    engine = FakeEngine([(0.0, ServerStarted("bookshop", "0.1.0"))])
    screen = Screen(engine)
    screen.feed.drain_soon()
    assert screen.feed.snapshot.stale, "asked for, and the answer is in the inbox"
    engine.clock.at += 1
    screen.feed.drain_soon()
    assert not screen.feed.snapshot.stale
    assert screen.feed.snapshot.breakers == STATE.breakers


def test_lost_events_are_made_good_by_an_inspection():
    engine = FakeEngine([(0.0, Dropped(7))])
    screen = Screen(engine)
    screen.feed.drain_soon()
    engine.clock.at += 1
    screen.feed.drain_soon()
    assert (screen.feed.snapshot.dropped, screen.feed.snapshot.requests) == (7, STATE.requests)


def test_a_refused_inspection_is_asked_for_again_later():
    engine = FakeEngine([(0.0, ModuleStarted("a", "files", 0.1, 0, 1, 0, 0))])
    engine.refuses = "The engine has stopped"
    screen = Screen(engine)
    screen.feed.drain_soon()
    assert screen.feed.snapshot.stale
    engine.refuses = ""
    screen.feed.tick(engine.clock.at + 1)
    engine.clock.at += 1
    screen.feed.drain_soon()
    assert not screen.feed.snapshot.stale


def test_time_passes_in_the_snapshot_and_nothing_is_published_when_it_changes_nothing():
    engine = FakeEngine([])
    screen = Screen(engine)
    screen.feed.tick(engine.clock.at)
    assert screen.published == []
    screen.feed.change(phase="failed", reason="no")
    assert screen.published[-1].reason == "no"
