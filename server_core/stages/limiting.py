"""The time limit stage: limits how long a request may run, and makes every request cancellable."""

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
    """Counts from the start of the request, and again from each progress report, which shows that it is alive."""

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
        """Run `handler` for at most `seconds`, or for the request's or the server's own limit if `None`.

        Raises:
            TimeLimitError: the time ran out.
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
                except StopIteration as end:  # it never waited: most handlers cost no more than a plain call
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
                advice = "Report progress in it, or raise its own time limit (seconds)."
            elif request.seconds is not None:
                advice = "Report progress in it, or raise the tasks' time limit (seconds)."
            stopped = "was stopped"
            if deadline.given_up:
                stopped = "ignored its cancellation, so it was closed (don't catch CancelledError)"
            raise TimeLimitError(
                f"{request.target} took longer than {deadline.seconds:g} s and {stopped}. {advice}"
            ) from error
        finally:
            request.on_progress = request.deadline = None
            current_request.reset(token)
            request.trace.since("handler", started)
