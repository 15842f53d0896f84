"""A time limit stands still while it is held, and counts anew afterwards."""

from __future__ import annotations

import asyncio
import math

import pytest

from server_core.deadlines import DeadlineTimer
from tests.waiting import loop_turns, until

pytestmark = pytest.mark.anyio


async def test_a_held_limit_ends_nothing_and_a_resumed_one_does() -> None:
    timer = DeadlineTimer()
    held, resume = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        with timer.limit(0.01) as deadline:
            deadline.hold()
            assert deadline.due == math.inf
            held.set()
            await resume.wait()
            deadline.resume()
            await asyncio.Event().wait()

    async def other() -> None:
        with timer.limit(0.02):
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await held.wait()
    with pytest.raises(TimeoutError):
        await other()  # a later limit is over: the held one's would have been, too
    await loop_turns()
    assert not working.done()
    resume.set()
    await until(working.done, "the resumed limit has ended its work")
    assert isinstance(working.exception(), TimeoutError)
