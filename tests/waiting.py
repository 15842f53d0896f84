"""Every wait of the tests: for a condition, bounded, never for a time to pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

STEP_SECONDS = 0.005


def until(condition: Callable[[], T], what: str, seconds: float = 10.0) -> T:
    """Block until `condition()` is true, and return what it answers.

    Raises:
        TimeoutError: it was not within `seconds`; the text is `what` should have happened.
    """
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"Not within {seconds:g} s: {what}")
        time.sleep(STEP_SECONDS)


async def until_async(condition: Callable[[], T], what: str, seconds: float = 10.0) -> T:
    """The same for tests on an event loop, which turns meanwhile."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"Not within {seconds:g} s: {what}")
        await asyncio.sleep(STEP_SECONDS)
