"""Long tasks: started, asked after, cancelled; and none is lost or left in limbo."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from server_core.events import TaskChanged, TaskProgressed
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect, expect

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from server_core import Context, ToolError, task, tool

ends = asyncio.Event()
told = []

@task
async def work(ctx: Context, steps: int, fail: bool = False) -> str:
    """Works."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps, f"step {step}")
    if fail:
        raise ToolError("the work was too hard")
    return "done"

@task
async def wait(ctx: Context) -> str:
    """Waits until it is told to end."""
    try:
        await ctx.report_progress(1, 2, "waiting")
        await ends.wait()
    except asyncio.CancelledError:
        told.append("cancelled")
        raise
    return "ended"

@tool
async def end() -> list[str]:
    """Ends all that wait; answers who was cancelled."""
    ends.set()
    return told

@tool
async def quick() -> str:
    """No task."""
    return ""
'''


def served(folder: Path, **options: Any) -> Server:
    (folder / "tools.py").write_text(TOOLS)
    server = Server("s", base=folder)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    server.add(TasksModule("jobs", **options))
    return server


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    assert result.structured_content is not None
    return result.structured_content


async def error_of(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return result.content[0].text  # type: ignore[union-attr]


def ended(fact: TaskChanged) -> bool:
    return fact.status not in ("queued", "working")


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_a_task_is_started_and_its_result_asked_for(tmp_path: Path, protocol: ProtocolRevision) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server, protocol) as client:
        async with expect(server.bus, TaskChanged, ended):
            started = await call(client, "start_long_task", task="work", arguments={"steps": 3})
            assert started["status"] == "working"
        status = await call(client, "check_task_status", taskId=started["taskId"])
        assert (status["status"], status["progress"], status["total"]) == ("completed", 3, 3)
        assert status["result"] == {"result": "done"}
        assert [task.status for task in server.inspect().tasks] == ["completed"]


async def test_a_running_task_tells_its_progress(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, TaskProgressed):
            started = await call(client, "start_long_task", task="wait")
        status = await call(client, "check_task_status", taskId=started["taskId"])
        assert (status["status"], status["message"]) == ("working", "waiting")
        await call(client, "end")


async def test_a_task_that_fails_says_why(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, TaskChanged, ended):
            started = await call(client, "start_long_task", task="work", arguments={"steps": 1, "fail": True})
        status = await call(client, "check_task_status", taskId=started["taskId"])
        assert status["status"] == "failed"
        assert "too hard" in status["error"]


async def test_cancelling_reaches_the_code(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, TaskProgressed):
            started = await call(client, "start_long_task", task="wait")
        assert (await call(client, "cancel_task", taskId=started["taskId"]))["status"] == "cancelled"
        assert (await call(client, "end"))["result"] == ["cancelled"]
        assert (await call(client, "cancel_task", taskId=started["taskId"]))["status"] == "cancelled"


async def test_more_tasks_than_may_run_wait_their_turn(tmp_path: Path) -> None:
    server = served(tmp_path, max_running=1)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, TaskProgressed):
            await call(client, "start_long_task", task="wait")
        second = await call(client, "start_long_task", task="work", arguments={"steps": 1})
        assert second["status"] == "queued"
        async with expect(
            server.bus, TaskChanged, lambda fact: fact.task == second["taskId"] and ended(fact)
        ):
            await call(client, "end")
        assert (await call(client, "check_task_status", taskId=second["taskId"]))["status"] == "completed"


async def test_mistakes_are_told_before_anything_runs(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        assert "did you mean work?" in await error_of(client, "start_long_task", task="wrok")
        assert "Unknown task: quick" in await error_of(client, "start_long_task", task="quick")
        assert "also needs: steps" in await error_of(client, "start_long_task", task="work")
        assert "start_long_task starts a new one" in await error_of(
            client, "check_task_status", taskId="nothing"
        )
        assert "taskId: is missing" in await error_of(client, "cancel_task")
        assert server.inspect().tasks == ()


async def test_results_outlive_the_server_and_its_running_tasks_are_interrupted(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, TaskChanged, ended):
            done = await call(client, "start_long_task", task="work", arguments={"steps": 1})
        async with expect(server.bus, TaskProgressed):
            waiting = await call(client, "start_long_task", task="wait")
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        assert (await call(client, "check_task_status", taskId=done["taskId"]))["status"] == "completed"
        assert (await call(client, "check_task_status", taskId=waiting["taskId"]))["status"] == "interrupted"


async def test_a_second_process_interrupts_none_of_the_firsts_running_tasks(tmp_path: Path) -> None:
    first, second = served(tmp_path), served(tmp_path)
    async with first.running(), connect(first) as client:
        async with expect(first.bus, TaskProgressed):
            started = await call(client, "start_long_task", task="wait")
        async with second.running(), connect(second) as other:
            assert (await call(other, "check_task_status", taskId=started["taskId"]))["status"] == "working"
        assert (await call(client, "check_task_status", taskId=started["taskId"]))["status"] == "working"


async def test_results_are_forgotten_after_their_time(tmp_path: Path) -> None:
    server = served(tmp_path, ttl=0.001)
    async with server.running(), connect(server) as client, expect(server.bus, TaskChanged, ended):
        started = await call(client, "start_long_task", task="work", arguments={"steps": 1})
    server = served(tmp_path, ttl=0.001)
    async with server.running(), connect(server) as client:
        assert "Unknown task" in await error_of(client, "check_task_status", taskId=started["taskId"])


KILLED = """
import asyncio, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from server_core.testing import connect
from tests.server_core.modules.test_tasks import call, served

async def main():
    server = served(Path({folder!r}), max_running=100)
    async with server.running(), connect(server) as client:
        for number in range(50):
            await call(client, "start_long_task", task="wait")
        for number in range(10):
            await call(client, "start_long_task", task="work", arguments={{"steps": 1}})
        while sum(task.status == "completed" for task in server.inspect().tasks) < 10:
            await asyncio.sleep(0.01)
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
async def test_a_killed_process_leaves_no_task_in_limbo_and_loses_no_result(tmp_path: Path) -> None:
    code = KILLED.format(here=str(Path(__file__).parents[3]), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
    server = served(tmp_path)
    async with server.running():
        pass
    with sqlite3.connect(tmp_path / ".workbench" / "tasks.db") as database:
        counts = dict(database.execute("select status, count(*) from tasks group by status").fetchall())
    database.close()
    assert counts == {"interrupted": 50, "completed": 10}
