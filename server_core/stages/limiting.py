"""The time limit stage: no request runs for longer than it may, and every one can be stopped."""

from __future__ import annotations

import asyncio
import math
from types import CoroutineType
from typing import Any

from ..clock import Clock
from ..deadlines import DeadlineTimer
from ..errors import TimeLimitError
from ..request import Request, current_request
from ..settings import LimitSettings
from ..stopping import Stoppable
from .stage import Handler, Item


class TimeLimitStage:
    """Counts from the start, and again from each report of progress: whoever reports is alive."""

    name = "time limit"

    def __init__(self, limits: LimitSettings, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._deadlines = DeadlineTimer()

    def applies(self, item: Item) -> bool:
        return True

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        return await self.limited(request, math.inf if request.endless else item.seconds, handler)

    async def limited(self, request: Request, seconds: float | None, handler: Handler) -> Any:
        """Run `handler` for at most `seconds`; for the request's or the server's own limit if `None`.

        Raises:
            TimeLimitError: its time ran out.
        """
        token = current_request.set(request)
        own = seconds is not None
        if seconds is None:
            seconds = self._limits.call_seconds if request.seconds is None else request.seconds
        deadline = self._deadlines.limit(seconds)
        request.on_progress = deadline.extend
        request.deadline = deadline
        started = self._clock.monotonic()
        try:
            with deadline:
                request.loop = deadline.loop
                made = handler()
                if not isinstance(made, CoroutineType):
                    return await made
                try:
                    waiting = made.send(None)
                except StopIteration as end:  # it never waited: most of them cost no more than a plain call
                    return end.value
                return await Stoppable(made, waiting, deadline)
        except asyncio.CancelledError:
            request.cancelled = True
            raise
        except TimeoutError as error:
            if not deadline.expired:
                raise
            request.cancelled = True
            advice = "Raise [limits] call_seconds, or make it a task."
            if own:
                advice = "Let it report progress, or raise its own time limit (seconds)."
            elif request.seconds is not None:
                advice = "Let it report progress, or raise the time limit of tasks (seconds)."
            stopped = "was stopped"
            if deadline.given_up:
                stopped = "did not let itself be stopped (let CancelledError pass): it was closed"
            raise TimeLimitError(
                f"{request.target} took longer than {deadline.seconds:g} s and {stopped}. {advice}"
            ) from error
        finally:
            request.on_progress = request.deadline = None
            current_request.reset(token)
            request.trace.since("handler", started)
