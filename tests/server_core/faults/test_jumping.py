"""The clock that jumps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from server_core.faults.jumping import JumpingClock
from server_core.manual_clock import ManualClock
from tests.waiting import loop_turns, until, within

pytestmark = pytest.mark.anyio


async def test_a_jump_ahead_moves_both_times_and_one_back_only_the_wall_clock() -> None:
    inner = ManualClock(now=1000.0, monotonic=50.0)
    clock = JumpingClock(inner)
    clock.jump(60)
    assert (clock.now(), clock.monotonic(), clock.ahead) == (1060.0, 110.0, 60.0)
    clock.jump(-100)
    assert (clock.now(), clock.monotonic(), clock.ahead) == (960.0, 110.0, -40.0)
    inner.advance(5)
    assert (clock.now(), clock.monotonic()) == (965.0, 115.0)


async def test_it_never_gets_so_far_away_that_its_times_are_no_dates_any_more() -> None:
    clock = JumpingClock(ManualClock())
    for _ in range(300):
        clock.jump(9e8)
    assert datetime.fromtimestamp(clock.now(), UTC).year < 2100
    for _ in range(300):
        clock.jump(-9e8)
    assert datetime.fromtimestamp(clock.now(), UTC).year > 1970


async def test_a_jump_wakes_those_whose_time_is_over_and_no_others() -> None:
    inner = ManualClock()
    clock = JumpingClock(inner)
    short, long = asyncio.create_task(clock.sleep(5)), asyncio.create_task(clock.sleep(100))
    await until(lambda: inner.sleepers == 2, "both sleep")
    clock.jump(60)
    await within(short, "the short sleep is over")
    await loop_turns()
    assert not long.done()
    clock.jump(40)
    await within(long, "the long sleep is over")
    await until(lambda: inner.sleepers == 0, "nobody sleeps any more")


async def test_a_sleep_ends_by_itself_and_can_be_cancelled() -> None:
    inner = ManualClock()
    clock = JumpingClock(inner)
    sleep = asyncio.create_task(clock.sleep(5))
    await until(lambda: inner.sleepers == 1, "it sleeps")
    inner.advance(5)
    await within(sleep, "the sleep is over")
    sleep = asyncio.create_task(clock.sleep(5))
    await until(lambda: inner.sleepers == 1, "it sleeps")
    sleep.cancel()
    await asyncio.gather(sleep, return_exceptions=True)
    await until(lambda: inner.sleepers == 0, "it sleeps no more")
    await within(clock.sleep(0), "no time is over at once")
