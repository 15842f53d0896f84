"""The inbox is bounded, says what it lost, and wakes the screen once a drain."""

from __future__ import annotations

from server_core.bus import Event
from workbench.engine.inbox import Inbox
from workbench.facts import Dropped


def event(number: int) -> Event:
    return Event(number, 100.0 + number, f"fact {number}")


def test_events_come_out_in_the_order_in_which_they_went_in():
    inbox = Inbox()
    for number in (1, 2, 3):
        inbox.put(event(number))
    assert [each.seq for each in inbox.drain()] == [1, 2, 3]
    assert inbox.drain() == []


def test_an_overflow_loses_the_oldest_and_says_how_many_first():
    inbox = Inbox(most=3)
    for number in range(1, 6):
        inbox.put(event(number))
    first, *rest = inbox.drain()
    assert first.fact == Dropped(2)
    assert [each.seq for each in rest] == [3, 4, 5]
    inbox.put(event(6))
    assert [each.seq for each in inbox.drain()] == [6]


def test_the_screen_is_woken_once_for_each_drain():
    woken: list[int] = []
    inbox = Inbox()
    inbox.wake = lambda: woken.append(1)
    inbox.put(event(1))
    inbox.put(event(2))
    assert len(woken) == 1
    inbox.drain()
    inbox.put(event(3))
    assert len(woken) == 2


def test_a_screen_that_comes_late_is_woken_for_what_waits_already():
    woken: list[int] = []
    inbox = Inbox()
    inbox.put(event(1))
    inbox.wake = lambda: woken.append(1)
    assert len(woken) == 1


def test_a_wake_up_that_raises_is_not_called_again():
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise RuntimeError("the screen is gone")

    inbox = Inbox()
    inbox.wake = broken
    inbox.put(event(1))
    inbox.drain()
    inbox.put(event(2))
    assert len(calls) == 1
    assert [each.seq for each in inbox.drain()] == [2]
