"""Idempotent tasks run again after their process was killed, but not for ever; the others are interrupted."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server_core.inspection import TaskState
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.tasking.store import TaskStore
from server_core.testing import ManualClock, connect
from tests.server_core.protocol.tasks_for_tests import task_client
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")]

TOOLS = '''
import asyncio, os, signal
from pathlib import Path
from pydantic import BaseModel
from server_core import Context, task

BASE = Path(__file__).parent

@task(idempotent=True)
async def copy(ctx: Context, name: str) -> str:
    """Does not get to its end at the first attempt."""
    if not (BASE / "begun").exists():
        (BASE / "begun").touch()
        await asyncio.Event().wait()
    return f"copied {name}"

class Name(BaseModel):
    name: str

@task(idempotent=True, structured=False)
async def asks(ctx: Context) -> str:
    """Asks while it works."""
    return (await ctx.elicit("Who are you?", Name)).action

@task
async def send() -> str:
    """Must not happen twice."""
    await asyncio.Event().wait()
    return ""

@task(idempotent=True)
async def crash() -> str:
    """Takes its process along."""
    with (BASE / "crashes").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)
    return ""
'''

PROCESS = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from server_core.testing import connect
from tests.server_core.tasking.test_reviving import served

async def main():
    server = served(Path({folder!r}))
    async with server.running(), connect(server) as client:
        if not server.inspect().tasks:
            for name in {names!r}:
                arguments = {{"name": "it"}} if name == "copy" else {{}}
                await client.call_tool("start_long_task", {{"task": name, "arguments": arguments}})
        print("ready", flush=True)
        while not all(task.status == "interrupted" for task in server.inspect().tasks):
            await asyncio.sleep(0.01)
        print("interrupted", flush=True)

asyncio.run(main())
"""


def served(folder: Path, clock: ManualClock | None = None, *, tools: bool = True) -> Server:
    server = Server("s", base=folder, clock=clock)
    server.add(TasksModule("jobs"))  # starts before its tools are there
    if tools:
        (folder / "tools.py").write_text(TOOLS)
        server.add(FunctionsModule("tools", path="tools.py", reload=False))
    return server


def process_in(folder: Path, *names: str) -> subprocess.Popen[str]:
    """A process with a server that starts these tasks, unless it has some already."""
    code = PROCESS.format(here=str(Path(__file__).parents[3]), folder=str(folder), names=names)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def killed_in(folder: Path, *names: str) -> None:
    """Start these tasks in a process and kill it once `copy` has begun."""
    process = process_in(folder, *names)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def tasks_of(server: Server) -> dict[str, TaskState]:
    return {task.name: task for task in server.inspect().tasks}


async def test_an_idempotent_task_runs_again_at_the_next_start_and_tells_its_attempts(tmp_path: Path) -> None:
    killed_in(tmp_path, "copy", "send")
    (tmp_path / "begun").touch()
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        await until(lambda: tasks_of(server)["copy"].status == "completed", "the copy is done")
        copy, send = tasks_of(server)["copy"], tasks_of(server)["send"]
        assert (copy.attempts, copy.detail) == (2, "copied it")
        assert copy.message == "attempt 2 of 3: its process ended"
        assert (send.status, send.attempts) == ("interrupted", 1)
        told = await client.call_tool("check_task_status", {"taskId": copy.task})
        assert told.structured_content is not None
        assert told.structured_content["attempts"] == 2
        assert told.structured_content["result"] == {"result": "copied it"}


async def test_a_task_that_kills_its_process_is_begun_three_times_and_then_interrupted(
    tmp_path: Path,
) -> None:
    for _attempt in range(3):
        process = process_in(tmp_path, "crash")
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    process = process_in(tmp_path)
    said, _ = process.communicate()
    assert said == "ready\ninterrupted\n"
    assert (tmp_path / "crashes").read_text() == "xxx"
    with sqlite3.connect(tmp_path / ".workbench" / "tasks.db") as database:
        [(attempts, error)] = database.execute("select attempts, error from tasks").fetchall()
    database.close()
    assert (attempts, error) == (3, "The process that ran it has ended, at attempt 3")


async def test_an_idempotent_task_goes_on_after_its_server_was_stopped_and_no_attempt_is_counted(
    tmp_path: Path,
) -> None:
    for _ in range(4):  # more often than a task is begun after crashes
        server = served(tmp_path)
        async with server.running(), connect(server) as client:
            if not tasks_of(server):
                for name, arguments in (("copy", {"name": "a"}), ("send", {})):
                    await client.call_tool("start_long_task", {"task": name, "arguments": arguments})
            await until((tmp_path / "begun").exists, "it has begun")
            assert tasks_of(server)["copy"].attempts == 1
            (tmp_path / "begun").unlink()
    (tmp_path / "begun").touch()
    server = served(tmp_path)
    async with server.running():
        await until(lambda: tasks_of(server)["copy"].status == "completed", "the copy is done")
        assert (tasks_of(server)["send"].status, tasks_of(server)["send"].detail) == (
            "interrupted", "The server was stopped",
        )  # fmt: skip


async def test_a_task_that_was_cancelled_does_not_come_back(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        await client.call_tool("start_long_task", {"task": "copy", "arguments": {"name": "a"}})
        await until((tmp_path / "begun").exists, "it has begun")
        await client.call_tool("cancel_task", {"taskId": tasks_of(server)["copy"].task})
    server = served(tmp_path)
    async with server.running():
        assert tasks_of(server)["copy"].status == "cancelled"


async def test_a_task_whose_tool_is_gone_is_interrupted_and_says_so(tmp_path: Path) -> None:
    killed_in(tmp_path, "copy")
    clock = ManualClock()
    server = served(tmp_path, clock, tools=False)
    async with server.running():
        await until(lambda: clock.sleepers == 2, "it waits for its tool, and the store is kept")
        assert tasks_of(server)["copy"].attempts == 2
        clock.advance(61)
        await until(lambda: tasks_of(server)["copy"].status == "interrupted", "it waits no more")
        assert "the task copy no longer exists" in tasks_of(server)["copy"].detail


async def test_a_task_that_runs_again_asks_its_client_again(tmp_path: Path) -> None:
    store = TaskStore(tmp_path / ".workbench" / "tasks.db", "gone")
    store.open(1000.0)
    for task, able in (("askable", {"elicitation": {}}), ("alone", None)):
        store.add(TaskState(task, "asks", "jobs", "input_required", 1.0, 1.0), {}, repeatable=True, able=able)
    store.close()
    server = served(tmp_path)
    async with server.running(), task_client(server) as client:
        [question] = await client.asked("askable")
        await client.update("askable", **{question: {"action": "decline"}})
        assert (await client.wait("askable"))["result"]["content"][0]["text"] == "decline"
        shown = await client.wait("alone")
        assert "this client can't be asked" in shown["result"]["content"][0]["text"]


async def test_only_one_of_several_processes_takes_a_task_over(tmp_path: Path) -> None:
    first = TaskStore(tmp_path / "tasks.db", "first")
    first.open(1000.0)
    for number in range(20):
        state = TaskState(f"t{number}", "copy", "jobs", "working", 1000.0 + number, 1000.0)
        first.add(state, {"number": number}, repeatable=True)
    first.close()
    stores = [TaskStore(tmp_path / "tasks.db", f"owner {number}") for number in range(4)]
    for store in stores:
        store.open(1001.0)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda store: store.recover(1001.0, 2000.0, "jobs"), stores))
    for store in stores:
        store.close()
    claims = [claim for _interrupted, claimed in found for claim in claimed]
    assert sorted(claim.arguments["number"] for claim in claims) == list(range(20))
    assert {claim.state.attempts for claim in claims} == {2}
    assert [interrupted for interrupted, _claimed in found] == [0] * 4
