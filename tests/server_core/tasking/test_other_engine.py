"""Tasks may run on any `TaskEngine`: the tools and the extension only know the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from server_core.inspection import TaskState
from server_core.module import ModuleContext
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.tasking.engine import TaskBody, TaskEngine
from server_core.tasking.store import TaskRow
from tests.server_core.protocol.tasks_for_tests import TOOLS, task_client

pytestmark = pytest.mark.anyio


class FarEngine:
    """Sends its tasks far away, where they are done at once."""

    def __init__(self) -> None:
        self.rows: dict[str, TaskRow] = {}
        self.closed = False

    async def open(self) -> None:
        return

    async def close(self) -> None:
        self.closed = True

    async def start(
        self,
        name: str,
        arguments: dict[str, Any],
        body: TaskBody,
        *,
        repeatable: bool = False,
        able: dict[str, Any] | None = None,
    ) -> TaskState:
        state = TaskState(f"far-{len(self.rows)}", name, "jobs", "completed", 1.0, 2.0, detail="far away")
        self.rows[state.task] = TaskRow(state, {"content": [{"type": "text", "text": "far away"}]})
        return state

    async def get(self, task: str) -> TaskRow | None:
        return self.rows.get(task)

    async def answer(self, task: str, responses: Mapping[str, Any]) -> None:
        return

    async def cancel(self, task: str) -> TaskRow | None:
        return self.rows.get(task)

    def states(self) -> Sequence[TaskState]:
        return [row.state for row in self.rows.values()]


class FarTasks(TasksModule):
    """Tasks on another engine."""

    far = FarEngine()

    def make_engine(self, context: ModuleContext) -> TaskEngine:
        return self.far


async def test_a_module_with_another_engine_serves_every_kind_of_client(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS)
    server = Server("s", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    far = server.add(FarTasks("jobs")).far
    async with server.running(), task_client(server) as client:
        shown = await client.get(await client.start("add", a=1, b=2))
        assert shown["result"]["content"][0]["text"] == "far away"
        started = await client.call("start_long_task", task="add", arguments={"a": 1, "b": 2})
        assert started["structuredContent"]["taskId"] == "far-1"
        assert [task.task for task in server.inspect().tasks] == ["far-0", "far-1"]
    assert far.closed
    assert not (tmp_path / ".workbench").exists()
