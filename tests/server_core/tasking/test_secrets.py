"""Secret arguments of tasks are used, but not stored: such a task never runs again by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server_core.inspection import TaskState
from server_core.masking import MASKED
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.tasking.store import TaskStore
from server_core.testing import connect
from tests.waiting import until

pytestmark = pytest.mark.anyio

TOOLS = """
import asyncio
from pydantic import SecretStr
from server_core import task

@task(idempotent=True)
async def log_in(code: SecretStr, wait: bool = False) -> int:
    '''Logs in.'''
    if wait:
        await asyncio.Event().wait()
    return len(code.get_secret_value())
"""


def served(folder: Path) -> Server:
    (folder / "tools.py").write_text(TOOLS)
    server = Server("s", base=folder)
    server.add(TasksModule("jobs"))
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    return server


def stored(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (folder / ".workbench").iterdir())


async def test_the_task_gets_its_secret_and_the_file_does_not(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        await client.call_tool("start_long_task", {"task": "log_in", "arguments": {"code": "hunter2"}})
        await until(lambda: server.inspect().tasks[0].status == "completed", "the task is done")
        assert server.inspect().tasks[0].detail == "7"
        assert b"log_in" in stored(tmp_path)
        assert b"hunter2" not in stored(tmp_path)
        if os.name != "nt":
            assert oct((tmp_path / ".workbench" / "tasks.db").stat().st_mode & 0o777) == "0o600"


async def test_it_does_not_run_again_after_a_stop_and_says_why(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        arguments = {"code": "hunter2", "wait": True}
        await client.call_tool("start_long_task", {"task": "log_in", "arguments": arguments})
    server = served(tmp_path)
    async with server.running():
        [task] = server.inspect().tasks
        assert task.status == "interrupted"
        assert (
            task.detail
            == "The server was stopped. Secret arguments are not stored, so start the task again yourself"
        )


def test_it_does_not_run_again_after_a_crash_and_says_why(tmp_path: Path) -> None:
    dead = TaskStore(tmp_path / "tasks.db", "dead")
    dead.open(1000.0)
    for name in ("queued", "working"):
        dead.add(TaskState(name, "log_in", "jobs", name, 1.0, 1.0), {"code": MASKED}, repeatable=True)  # type: ignore[arg-type]
    dead.close()
    store = TaskStore(tmp_path / "tasks.db", "next")
    store.open(1001.0)
    assert store.recover(1001.0, 2000.0, "jobs") == (2, [])
    for name in ("queued", "working"):
        row = store.get(name)
        assert row is not None
        assert (
            row.error
            == "Its process has ended. Secret arguments are not stored, so start the task again yourself"
        )
    store.close()


async def test_nothing_is_made_in_the_place_of_a_deleted_folder(tmp_path: Path) -> None:
    server = Server("s", base=tmp_path / "gone")
    server.add(TasksModule("jobs"))
    async with server.running(settle=5):
        [module] = server.inspect().modules
        assert module.status == "failed"
        assert "does not exist" in module.reason
    assert not (tmp_path / "gone").exists()
