"""Tasks that run again because their process died; they may have to wait for their tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mcp.types import CallToolResult, InputRequiredResult

from ..bus import Event
from ..events import ModuleStarted, OfferChanged
from ..module import ModuleContext
from .engine import ReviveTask, TaskBody, TaskLostError, TaskRun
from .store import TaskClaim

REVIVE_SECONDS = 60.0
"""How long a task that runs again waits for its tool: other modules may start after the tasks module."""


def revived_body(context: ModuleContext, claim: TaskClaim, revive: ReviveTask) -> TaskBody:
    """The body of a claimed task: it waits until `revive` knows its tool, then runs it.

    It raises `TaskLostError` if the tool does not appear.
    """

    async def body(run: TaskRun) -> CallToolResult | InputRequiredResult:
        name = claim.state.name
        found = await _found(context, lambda: revive(name, claim.arguments, claim.able))
        if found is None:
            raise TaskLostError(f"Its process ended, and the task {name} no longer exists")
        return await found(run)

    return body


async def _found(context: ModuleContext, look: Callable[[], TaskBody | None]) -> TaskBody | None:
    body = look()
    if body is not None:
        return body
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def listen(event: Event) -> None:
        if isinstance(event.fact, ModuleStarted | OfferChanged):
            loop.call_soon_threadsafe(arrived.set)

    unsubscribe = context.bus.subscribe(listen)
    alarm = asyncio.ensure_future(context.clock.sleep(REVIVE_SECONDS))
    try:
        while (body := look()) is None and not alarm.done():
            arrived.clear()
            waiter = asyncio.ensure_future(arrived.wait())
            await asyncio.wait({waiter, alarm}, return_when=asyncio.FIRST_COMPLETED)
            waiter.cancel()
        return body
    finally:
        unsubscribe()
        alarm.cancel()
