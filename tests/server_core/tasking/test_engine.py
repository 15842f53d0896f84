"""The local engine loses no task's end, whenever it is cancelled or its server stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.types import CallToolResult

from server_core.events import TaskChanged
from server_core.module import Module, ModuleContext
from server_core.results import text_result
from server_core.server import Server
from server_core.tasking.engine import TaskRun
from server_core.tasking.local import LocalTaskEngine
from server_core.tasking.store import TaskRow, TaskStore
from server_core.testing import expect

pytestmark = pytest.mark.anyio


class Holder(Module):
    """Keeps its context for the test."""

    context: ModuleContext

    async def start(self, context: ModuleContext) -> None:
        self.context = context
        await super().start(context)


@asynccontextmanager
async def engine_in(folder: Path, owner: str = "one", most: int = 10) -> AsyncIterator[LocalTaskEngine]:
    server = Server("s", base=folder)
    holder = server.add(Holder("m"))
    assert isinstance(holder, Holder)
    async with server.running():
        engine = LocalTaskEngine(
            holder.context, TaskStore(folder / "tasks.db", owner), max_running=most, ttl=60
        )
        await engine.open()
        try:
            yield engine
        finally:
            await engine.close()


async def endless(_run: TaskRun) -> CallToolResult:
    await asyncio.Event().wait()
    return text_result("")


async def at_once(_run: TaskRun) -> CallToolResult:
    return text_result("done")


async def status_of(engine: LocalTaskEngine, task: str) -> str:
    row = await engine.get(task)
    assert row is not None
    return row.state.status


async def test_a_task_cancelled_before_its_first_step_ends_as_cancelled(tmp_path: Path) -> None:
    async with engine_in(tmp_path) as engine:
        state = await engine.start("t", {}, endless)
        row = await engine.cancel(state.task)
        assert isinstance(row, TaskRow)
        assert row.state.status == "cancelled"
        assert [each.status for each in engine.states()] == ["cancelled"]


async def test_two_who_cancel_one_task_both_learn_that_it_was_cancelled(tmp_path: Path) -> None:
    async with engine_in(tmp_path) as engine:
        state = await engine.start("t", {}, endless)
        rows = await asyncio.gather(*(engine.cancel(state.task) for _ in range(3)))
        assert [row.state.status for row in rows if row] == ["cancelled"] * 3


async def test_a_task_whose_starter_was_cancelled_runs_all_the_same(tmp_path: Path) -> None:
    async with engine_in(tmp_path) as engine:
        bus = engine._context.bus
        async with expect(bus, TaskChanged, lambda fact: fact.status == "completed") as completed:
            starter = asyncio.create_task(engine.start("t", {}, at_once))
            await asyncio.sleep(0)
            starter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starter
        assert await status_of(engine, completed.result().task) == "completed"


async def test_of_tasks_started_at_once_only_as_many_as_may_run_are_working(tmp_path: Path) -> None:
    async with engine_in(tmp_path, most=2) as engine:
        states = await asyncio.gather(*(engine.start("t", {}, endless) for _ in range(4)))
        assert sorted(state.status for state in states) == ["queued", "queued", "working", "working"]
        working = next(state for state in states if state.status == "working")
        queued = {state.task for state in states if state.status == "queued"}
        bus = engine._context.bus
        async with expect(bus, TaskChanged, lambda fact: fact.task in queued and fact.status == "working"):
            await engine.cancel(working.task)


async def test_when_it_closes_queued_and_running_tasks_alike_are_interrupted(tmp_path: Path) -> None:
    async with engine_in(tmp_path, most=1) as engine:
        tasks = [(await engine.start("t", {}, endless)).task for _ in range(3)]
    async with engine_in(tmp_path, "two") as engine:
        assert [await status_of(engine, task) for task in tasks] == ["interrupted"] * 3


async def test_a_start_that_the_store_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    async with engine_in(tmp_path) as engine:
        with pytest.raises(TypeError):
            await engine.start("t", {"no json": object()}, at_once)
        assert engine.states() == []
        assert (await engine.start("t", {}, at_once)).status == "working"
