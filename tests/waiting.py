"""Every wait of the tests: for a condition, named and bounded, never for a time to pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class OutOfTimeError(TimeoutError):
    """A wait ended without what it waited for. On a machine that does much else it may be nobody's mistake: `.ci/run`
    tries again what failed by this, and by nothing else."""


NAP_SECONDS = 0.002
PATIENCE_SECONDS = 60.0
"""How long anything may take on a machine that has much else to do; only a failing test waits so long."""


async def until(condition: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Let the loop turn until `condition()` is true, and return what it answers.

    Raises:
        OutOfTimeError: it was not within `seconds`; the text is `what` should have happened.
    """
    end = time.monotonic() + seconds
    for turn in range(10**9):
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            break
        # Most conditions come true within a few turns of the loop; the others are not worth a busy core.
        await asyncio.sleep(0 if turn < 50 else NAP_SECONDS)
    raise OutOfTimeError(f"Not within {seconds:g} s: {what}")


def until_sync(condition: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """The same for a test without a loop: it blocks its thread."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise OutOfTimeError(f"Not within {seconds:g} s: {what}")
        time.sleep(NAP_SECONDS)
    return answer


async def within(work: Awaitable[T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """What `work` answers; it is cancelled, with an `OutOfTimeError` that names `what`, if it takes longer."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise OutOfTimeError(f"Not within {seconds:g} s: {what}") from None


async def loop_turns(count: int = 20) -> None:
    """Let everything that is ready run, and what that makes ready, `count` turns deep."""
    for _ in range(count):
        await asyncio.sleep(0)


def skip_time(seconds: float) -> None:
    """Let the clock of the running loop go ahead, by any time at once.

    A time limit of a minute is over then, and nothing else is: a limit so short that a test could wait for it would
    also end what is only slow on a busy machine.
    """
    loop = asyncio.get_running_loop()
    time_before = loop.time
    loop.time = lambda: time_before() + seconds  # type: ignore[method-assign]


until_async = until
