from __future__ import annotations

import asyncio

import pytest

from server_core.manual_clock import ManualClock
from tests.waiting import loop_turns, until

pytestmark = pytest.mark.anyio


async def test_time_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(now=5000.0, monotonic=10.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (5002.5, 12.5)


async def test_sleepers_wake_in_the_order_in_which_they_are_due() -> None:
    clock = ManualClock()
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("last", 30.0), ("first", 10.0), ("second", 20.0), ("second too", 20.0)):
            group.create_task(sleeper(name, seconds))
        await until(lambda: clock.sleepers == 4, "all four sleep")
        clock.advance(9.9)
        await loop_turns()
        assert woken == []
        clock.advance(20)
        await until(lambda: len(woken) == 3, "three are awake")
        assert woken == ["first", "second", "second too"]
        clock.advance(100)
    assert woken[-1] == "last"


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(5))
    await until(lambda: clock.sleepers == 1, "it sleeps")
    task.cancel()
    await asyncio.wait((task,))
    assert clock.sleepers == 0
    clock.advance(10)
    await loop_turns()
    assert task.cancelled()


async def test_it_can_be_moved_from_another_thread() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(5))
    await until(lambda: clock.sleepers == 1, "it sleeps")
    await asyncio.to_thread(clock.advance, 5)
    await until(task.done, "it wakes")


async def test_sleeping_for_no_time_is_a_turn_of_the_loop() -> None:
    await ManualClock().sleep(0)


def test_it_never_goes_back() -> None:
    with pytest.raises(ValueError, match="never goes back"):
        ManualClock().advance(-1)
