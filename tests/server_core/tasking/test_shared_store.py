"""Several processes on one task store: each sees the others' tasks, and may cancel them."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from server_core.events import TaskChanged, TaskProgressed, TaskStarted
from server_core.processes import is_alive
from server_core.results import text_result
from server_core.tasking.engine import TaskRun
from server_core.tasking.local import LocalTaskEngine
from server_core.testing import expect
from tests.server_core.tasking.test_engine import at_once, endless, engine_in, status_of
from tests.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server_core.tasking.local.HOUSEKEEPING_SECONDS", 0.02)


def shown(engine: LocalTaskEngine) -> dict[str, str]:
    return {state.task: state.status for state in engine.states()}


async def test_a_task_of_another_process_is_cancelled_where_it_runs(tmp_path: Path) -> None:
    async with engine_in(tmp_path, "one") as first, engine_in(tmp_path, "two") as second:
        state = await first.start("t", {}, endless)
        row = await second.cancel(state.task)
        assert row is not None
        assert row.state.status == "cancelled"
        assert await status_of(first, state.task) == "cancelled"
        assert await second.cancel("nothing") is None


async def test_what_a_task_asks_is_answered_through_another_process(tmp_path: Path) -> None:
    async def work(run: TaskRun):  # type: ignore[no-untyped-def]
        await run.progressed(1, 2, "half way")
        first = run.ask({"name": {"method": "elicitation/create", "params": {"message": "Who?"}}})
        second = run.ask({"list": {"method": "roots/list"}})
        return text_result(str(await asyncio.gather(first, second)))

    async with engine_in(tmp_path, "one") as first, engine_in(tmp_path, "two") as second:
        state = await first.start("t", {}, work)
        await until(
            lambda: [each.message for each in second.states()] == ["asks: Who?; roots/list"],
            "the other process shows what is asked",
        )
        row = await second.get(state.task)
        assert row is not None
        assert row.state.status == "input_required"
        by_method = {request["method"]: question for question, request in row.asked.items()}
        await second.answer(state.task, {by_method["roots/list"]: [], "nobody's": 1})
        await until(
            lambda: [each.message for each in first.states()] == ["asks: Who?"], "one question is left"
        )
        await second.answer(state.task, {by_method["elicitation/create"]: "Ada"})
        await until(lambda: shown(second) == {state.task: "completed"}, "it went on to its end")
        row = await second.get(state.task)
        assert row is not None
        assert (row.state.detail, row.state.message, row.asked) == (
            "[{'name': 'Ada'}, {'list': []}]",
            "half way",
            {},
        )


async def test_the_tasks_of_another_process_are_shown_and_told_of(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def work(run: TaskRun):  # type: ignore[no-untyped-def]
        await run.progressed(1, 2, "half way")
        await go.wait()
        return text_result("done")

    async with engine_in(tmp_path, "one") as first, engine_in(tmp_path, "two") as second:
        bus = second._context.bus
        async with (
            expect(bus, TaskStarted) as started,
            expect(bus, TaskProgressed, lambda fact: fact.message == "half way"),
        ):
            state = await first.start("t", {}, work)
        assert started.result() == TaskStarted(state.task, "t", "m")
        assert shown(second) == {state.task: "working"}
        async with expect(bus, TaskChanged) as changed:
            go.set()
        assert changed.result() == TaskChanged(state.task, "completed", "done", "t")
        assert shown(second) == {state.task: "completed"}


async def test_tasks_of_an_owner_that_died_are_put_right_while_others_run(tmp_path: Path) -> None:
    gone = 2**22 + 1  # above every process id
    async with engine_in(tmp_path, "one") as engine:
        store = sqlite3.connect(tmp_path / "tasks.db")
        with store:
            now = engine._context.clock.now()
            machine = socket.gethostname()
            store.executemany(
                "insert into owners values (?, ?, ?)",
                [
                    (f"{machine}/dead", gone, now),
                    (f"{machine}/alive", os.getpid(), now),
                    ("elsewhere/alive", gone, now),
                    ("elsewhere/silent", os.getpid(), now - 61),
                ],
            )
            store.executemany(
                "insert into tasks (id, name, module, arguments, status, created, updated, owner)"
                " values (?, 't', 'm', '{}', ?, ?, ?, ?)",
                [
                    ("a", "working", now, now, f"{machine}/dead"),
                    ("b", "working", now, now, f"{machine}/alive"),
                    ("c", "working", now, now, "elsewhere/alive"),
                    ("d", "working", now, now, "elsewhere/silent"),
                    ("e", "queued", now, now, f"{machine}/dead"),
                ],
            )
        store.close()
        await until(lambda: shown(engine).get("d") == "interrupted", "the dead owners were found")
        dead = dict.fromkeys("ade", "interrupted")
        assert shown(engine) == {**dead, "b": "working", "c": "working"}
        cut, waited = await engine.get("a"), await engine.get("e")
        assert cut is not None
        assert waited is not None
        assert cut.error == "The process that ran it has ended"
        assert waited.error == "Its process ended while it waited for its turn"


async def test_a_store_without_the_newest_column_is_taken_over(tmp_path: Path) -> None:
    async with engine_in(tmp_path, "one") as engine:
        state = await engine.start("t", {}, at_once)
        await until(lambda: shown(engine) == {state.task: "completed"}, "the task ended")
    store = sqlite3.connect(tmp_path / "tasks.db")
    with store:
        store.execute("alter table tasks drop column detail")
    store.close()
    async with engine_in(tmp_path, "two") as engine:
        assert await status_of(engine, state.task) == "completed"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
def test_a_process_that_has_ended_is_gone_though_its_parent_has_not_asked_how() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
        os.kill(process.pid, 0)
        assert not is_alive(process.pid)
        assert is_alive(os.getpid())
    finally:
        process.wait()
