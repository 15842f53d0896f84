"""Tasks have a time limit of their own, are checked before they are accepted, and can be stopped on their thread."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server_core.events import TaskChanged, TaskProgressed, TaskStarted
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.settings import LimitSettings
from server_core.testing import connect, expect
from tests.server_core.modules.test_tasks import call, ended, error_of
from tests.waiting import skip_time, until

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio, threading
from pathlib import Path
from server_core import Context, task, tool

hold = threading.Event()
stopped = threading.Event()

@task
def grind(ctx: Context, pages: int) -> str:
    """Works on its thread until it hears that nobody waits for it."""
    try:
        while True:
            ctx.progress(1, pages, "grinding")
            hold.wait(0.001)
    except BaseException:
        stopped.set()
        raise

@tool
def stall(ctx: Context) -> str:
    """Says nothing for too long."""
    try:
        (Path(__file__).parent / "begun").touch()
        hold.wait()
        ctx.progress(1, 2, "late")
    except BaseException:
        stopped.set()
        raise
    return ""

@tool(seconds=120)
def was_stopped() -> bool:
    """Waits until grind or stall has heard of its end."""
    hold.set()
    return stopped.wait(60)

@task
async def silent() -> str:
    """Never says anything."""
    await asyncio.Event().wait()
    return ""

@task
async def slow(seconds: float = 100) -> str:
    """Takes longer than a call may."""
    await asyncio.sleep(seconds)
    return "slow but done"
'''


def served(folder: Path, call_seconds: float = 60.0, **options: float) -> Server:
    (folder / "tools.py").write_text(TOOLS)
    server = Server("s", base=folder, limits=LimitSettings(call_seconds=call_seconds))
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    server.add(TasksModule("jobs", **options))  # type: ignore[arg-type]
    return server


async def test_a_function_on_its_thread_hears_that_its_task_was_cancelled(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, TaskProgressed):
            started = await call(client, "start_long_task", task="grind", arguments={"pages": 9})
        assert (await call(client, "cancel_task", taskId=started["taskId"]))["status"] == "cancelled"
        assert (await call(client, "was_stopped"))["result"] is True


async def test_a_function_on_its_thread_hears_that_its_limit_is_over(tmp_path: Path) -> None:
    server = served(tmp_path, call_seconds=60)
    async with server.running(), connect(server) as client:
        calling = asyncio.create_task(error_of(client, "stall"))
        await until((tmp_path / "begun").exists, "the function runs")
        skip_time(60)
        assert "took longer than 60 s" in await calling
        assert (await call(client, "was_stopped"))["result"] is True


async def test_a_task_may_take_longer_than_a_call(tmp_path: Path) -> None:
    server = served(tmp_path, call_seconds=60)
    async with server.running(), connect(server) as client:
        calling = asyncio.create_task(error_of(client, "slow"))
        await until(lambda: server.inspect().active, "the call runs")
        skip_time(60)
        assert "or make it a task" in await calling
        async with expect(server.bus, TaskStarted):
            started = await call(client, "start_long_task", task="slow")
        async with expect(server.bus, TaskChanged, ended):
            skip_time(100)
        status = await call(client, "check_task_status", taskId=started["taskId"])
        assert (status["status"], status["result"]) == ("completed", {"result": "slow but done"})


async def test_a_task_over_its_own_time_limit_is_stopped_and_says_so(tmp_path: Path) -> None:
    server = served(tmp_path, seconds=0.01)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, TaskChanged, ended):
            started = await call(client, "start_long_task", task="silent")
        status = await call(client, "check_task_status", taskId=started["taskId"])
        assert status["status"] == "failed"
        assert "silent took longer than 0.01 s and was stopped. Report progress" in status["error"]


async def test_arguments_that_do_not_fit_are_told_before_the_task_is_accepted(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        text = await error_of(client, "start_long_task", task="grind", arguments={"pages": "many"})
        assert text.startswith("Wrong arguments. pages: ")
        assert server.inspect().tasks == ()
