"""Time limits for steps, by the server's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..clock import Clock
from ..errors import TimeLimitError

LimitedT = TypeVar("LimitedT")


async def limited_to(
    clock: Clock, seconds: float | None, work: Callable[[], Awaitable[LimitedT]]
) -> LimitedT:
    """Return the result of `work`, if it takes at most `seconds` of `clock`.

    Raises:
        TimeLimitError: it was cancelled because it took longer.
    """
    if seconds is None:
        return await work()

    async def end() -> None:
        await clock.sleep(seconds)
        limit.reschedule(asyncio.get_running_loop().time())

    try:
        async with asyncio.timeout(None) as limit:
            timer = asyncio.create_task(end())
            try:
                return await work()
            finally:
                timer.cancel()
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TimeLimitError(f"it took longer than {seconds:g} s") from error
