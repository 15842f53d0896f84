"""A clock that jumps on purpose lets results expire, and takes no other process for dead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server_core.faults.jumping import JumpingClock
from server_core.manual_clock import ManualClock
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.testing import connect
from tests.waiting import loop_turns, until

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from server_core import task

@task
async def wait() -> str:
    """Waits for ever."""
    await asyncio.Event().wait()
    return ""

@task
async def quick() -> str:
    """Is done."""
    return "done"
'''


def server_in(folder: Path, clock: JumpingClock) -> Server:
    server = Server("s", base=folder, clock=clock)
    server.add(FunctionsModule("tools", path="tools.py"))
    server.add(TasksModule("jobs", ttl=600, database="tasks.db"))
    return server


def statuses(server: Server) -> dict[str, str]:
    return {task.name: task.status for task in server.inspect().tasks}


async def test_a_jump_lets_results_expire_and_leaves_other_processes_tasks_alone(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS)
    time = ManualClock()
    mine, other = server_in(tmp_path, JumpingClock(time)), server_in(tmp_path, JumpingClock(time))
    async with other.running(), connect(other) as client:
        await client.call_tool("start_long_task", {"task": "wait", "arguments": {}})
        await client.call_tool("start_long_task", {"task": "quick", "arguments": {}})
        await until(lambda: statuses(other) == {"wait": "working", "quick": "completed"}, "one has ended")
        async with mine.running():
            clock: Any = mine.clock
            await until(lambda: statuses(mine) == {"wait": "working", "quick": "completed"}, "both are seen")
            clock.jump(3600)

            def expired() -> bool:
                time.advance(1)
                return statuses(mine) == {"wait": "working"}

            await until(expired, "the result has expired, and the other's task works on")
            await loop_turns()
        assert statuses(other)["wait"] == "working"
