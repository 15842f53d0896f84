"""An exported script serves tasks as the project does: to clients of the extension, too, and again after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_core.inspection import TaskState
from server_core.tasking.store import TaskStore
from server_core.testing import connect
from tests.server_core.protocol.tasks_for_tests import TaskClient, TasksDeclared
from tests.waiting import until
from tests.workbench.exporter.scripts import loaded, project_in

pytestmark = pytest.mark.anyio

TOML = """
[server]
name = "shop"
[modules.tools]
kind = "functions"
path = "tools.py"
[modules.jobs]
kind = "tasks"
poll = 0.2
"""

TOOLS = """
import asyncio
from pydantic import BaseModel
from server_core import Context, task

class Name(BaseModel):
    name: str

@task(structured=False)
async def greet(ctx: Context) -> str:
    "Asks whom to greet."
    answer = await ctx.elicit("Who are you?", Name)
    return f"Hello {answer.data.name}"

@task(idempotent=True)
async def copy() -> str:
    "May run twice."
    return "copied"
"""


async def test_a_script_answers_clients_of_the_extension_with_tasks(tmp_path: Path) -> None:
    project = project_in(tmp_path / "project", TOML, tools=TOOLS)
    with loaded(project) as module:
        server = module.build()
        options = {"extensions": [TasksDeclared()], "elicitation_callback": _unused}
        async with server.running(), connect(server, **options) as connected:
            client = TaskClient(connected)
            answer = await client.call("greet")
            assert (answer["resultType"], answer["pollIntervalMs"]) == ("task", 200)
            [question] = await client.asked(answer["taskId"])
            given = {"action": "accept", "content": {"name": "Ada"}}
            await client.update(answer["taskId"], **{question: given})
            shown = await client.wait(answer["taskId"])
            assert shown["result"]["content"][0]["text"] == "Hello Ada"
            tools = {tool.name: tool for tool in (await connected.list_tools()).tools}
            assert tools["copy"].annotations is not None
            assert tools["copy"].annotations.idempotent_hint is True


async def test_a_script_runs_an_idempotent_task_of_a_dead_process_again(tmp_path: Path) -> None:
    project = project_in(tmp_path / "project", TOML, tools=TOOLS)
    with loaded(project) as module:
        server = module.build()
        path = server.base / ".workbench" / "tasks.db"
        store = TaskStore(path, "gone")
        store.open(1000.0)
        store.add(TaskState("t1", "copy", "jobs", "working", 1.0, 1.0), {}, repeatable=True)
        store.close()
        async with server.running():
            await until(lambda: server.inspect().tasks[0].status == "completed", "it ran again")
            assert server.inspect().tasks[0].attempts == 2


async def _unused(*_args: object) -> None:
    raise AssertionError("The client is asked by tasks/update only")
