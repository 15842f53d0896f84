"""How much memory grows with the tasks that were started and have ended."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from pathlib import Path

from server_core.bus import Event
from server_core.events import TaskChanged
from server_core.functions.markers import task
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.request import Request
from server_core.server import Server

from .pairs import Row, alone

FIRST, LAST = 1_000, 10_000
AT_ONCE = 50
BOUND = 5.0
"""MiB between the first and the last, of issue 3."""


@task
async def nothing(number: int) -> str:
    """Ends at once."""
    return f"task {number} has ended"


def resident() -> float:
    """MiB of this process that are in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024 / 1024


def tasks() -> Row:
    """Linux only: other systems do not tell in a file."""

    async def whole() -> float:
        with tempfile.TemporaryDirectory() as folder:
            server = Server("benchmark", base=folder)
            server.add(FunctionsModule("functions", functions=[nothing]))
            server.add(TasksModule("tasks"))
            async with server.running():
                ended = asyncio.Semaphore(0)

                def hear(event: Event) -> None:
                    if isinstance(event.fact, TaskChanged) and event.fact.status == "completed":
                        ended.release()

                server.bus.subscribe(hear)

                async def one(number: int) -> None:
                    request = Request("tools/call", "start_long_task", clock=server.clock, bus=server.bus)
                    await server.pipeline.call_tool(
                        request, "start_long_task", {"task": "nothing", "arguments": {"number": number}}
                    )
                    await ended.acquire()

                before = 0.0
                for begin in range(0, LAST, AT_ONCE):
                    if begin == FIRST:
                        before = resident()
                    await asyncio.gather(*(one(number) for number in range(begin, begin + AT_ONCE)))
                return resident() - before

    return alone(
        "memory, 1,000th to 10,000th task",
        [asyncio.run(whole())],
        bound=BOUND,
        unit="MiB",
        against="they have ended",
    )
