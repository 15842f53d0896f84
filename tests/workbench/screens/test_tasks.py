"""The Tasks screen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from server_core.events import TaskChanged, TaskProgressed
from tests.workbench.fakes import NOON, STATE, STORY, FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, settled, shown
from tests.workbench.state.test_fold import after
from workbench.facts import ServerInspected
from workbench.records import CallRecord
from workbench.screens.tasks.about import about_run, about_task
from workbench.screens.tasks.rows import run_rows, step_rows, task_rows

WHOLE = after(*(fact for _, fact in STORY), ServerInspected(STATE))


def text_of(spans: object) -> str:
    return "".join(text for text, _ in spans)  # type: ignore[attr-defined]


class TaskEngine(FakeEngine):
    """Answers what a tasks module would."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {"result": {"rows": 1204}}
        self.outcome = "ok"

    async def list_tools(self, protocol: str = "") -> list[Any]:
        return [SimpleNamespace(name=name) for name in ("add", "start_long_task", "check_task_status")]

    async def task_tools(self) -> list[Any]:
        schema = {"type": "object", "properties": {"pages": {"type": "integer", "default": 60}}}
        return [
            SimpleNamespace(name="reindex", description="Goes through the catalogue.", input_schema=schema)
        ]

    async def start_task(self, name: str, arguments: dict[str, Any]) -> CallRecord:
        return await self.call_tool("start_task", {"task": name, "arguments": arguments})

    async def call_tool(self, name: str, arguments: dict[str, Any], **options: Any) -> CallRecord:
        self.commands.append((name, arguments))
        structured = {
            "structuredContent": self.answers,
            "content": [{"type": "text", "text": "no such task"}],
        }
        return CallRecord("k", "tools/call", name, "p", arguments, self.outcome, structured, None, NOON, 0.1)  # type: ignore[arg-type]


def test_running_tasks_come_first_then_the_one_that_ended_last():
    assert [row.cells[1] for row in task_rows(WHOLE, NOON, 100)] == [
        "reindex",
        "crawl",
        "thumbnails",
        "import",
    ]


def test_a_running_task_has_a_bar_and_an_ended_one_its_result():
    reindex, _, thumbnails, ended = task_rows(WHOLE, NOON, 100)
    assert text_of(reindex.cells[4]).startswith("━")
    assert (reindex.cells[5], reindex.cells[3]) == ("57 %", "0:12")
    assert ended.cells[4] == ""
    assert ended.cells[7][0] == "1,204 rows imported"  # type: ignore[index]
    assert thumbnails.cells[7] == ("No space left", "bad")


def test_a_run_tells_how_many_steps_are_done_and_which_one_runs():
    running, ended = run_rows(WHOLE, NOON)
    assert (running.cells[1], running.cells[4], running.cells[5][0]) == (
        "welcome",
        "1/5",
        "wait for supplier",
    )  # type: ignore[index]
    assert (ended.cells[1], ended.cells[3]) == ("restock", "200 ms")
    assert [row.cells[1] for row in step_rows(WHOLE.runs[0], NOON)] == ["stock", "order"]


def test_a_task_in_full_has_the_whole_result_or_the_whole_error():
    done, _, failed, _ = WHOLE.tasks
    told = "\n".join(map(text_of, about_task(done, {"result": {"rows": [1, 2]}})))
    assert '"rows": [' in told
    told = "\n".join(map(text_of, about_task(failed, {"error": "No space left\non /dev/sda1"})))
    assert "on /dev/sda1" in told
    assert "1,204 rows imported" in "\n".join(map(text_of, about_task(done, None)))


def test_a_run_in_full_says_why_a_step_was_skipped():
    assert "nothing to order" in "\n".join(map(text_of, about_run(WHOLE.runs[0])))


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_progress_moves_and_the_end_is_seen(size: tuple[int, int]):
    engine = TaskEngine()
    async with shown(engine, size, "4") as (app, pilot):
        await sees(app, "page 114 of 200")
        engine.emit(TaskProgressed("3f2ac811", 150, 200, "page 150 of 200"))
        await sees(app, "75 %")
        engine.emit(TaskChanged("3f2ac811", "completed", "200 pages indexed"))
        await sees(app, "200 pages indexed")
        await settled(app, pilot)
        assert "0 running  1 queued  3 ended" in screen_text(app)


@pytest.mark.anyio
async def test_a_running_task_is_cancelled_and_an_ended_one_can_t_be():
    engine = TaskEngine()
    async with shown(engine, LARGE, "4") as (app, pilot):
        await pilot.press("x")
        await settled(app, pilot)
        assert engine.commands == [("cancel_task", "3f2ac811")]
        await pilot.press("G", "x")
        await settled(app, pilot)
        assert len(engine.commands) == 1
        assert "x Cancel" not in screen_text(app)


@pytest.mark.anyio
async def test_enter_shows_a_task_with_what_the_server_says_of_it():
    engine = TaskEngine()
    async with shown(engine, LARGE, "4") as (app, pilot):
        await pilot.press("G", "enter")
        await sees(app, '"rows": 1204')
        assert engine.commands == [("check_task_status", {"taskId": "9b1d77aa"})]


@pytest.mark.anyio
async def test_the_steps_are_those_of_the_highlighted_run():
    async with shown(TaskEngine(), LARGE, "4") as (app, pilot):
        await sees(app, "Steps  welcome")
        app.screen.query_one("#runs").focus()
        await pilot.press("j")
        await sees(app, "Steps  restock")
        assert "7 titles below 3" in screen_text(app)
        await pilot.press("enter")
        await sees(app, "nothing to order")


@pytest.mark.anyio
async def test_a_task_is_started_by_hand_with_its_arguments():
    engine = TaskEngine()
    async with shown(engine, LARGE, "4", "n") as (app, pilot):
        await sees(app, "Goes through the catalogue.")
        await pilot.press("f5")
        await settled(app, pilot)
        assert engine.commands == [("start_task", {"task": "reindex", "arguments": {}})]
        assert type(app.screen).__name__ == "TasksScreen"


@pytest.mark.anyio
async def test_a_refused_start_says_why_and_the_form_stays():
    engine = TaskEngine()
    engine.outcome = "tool_error"
    async with shown(engine, SMALL, "4", "n") as (app, pilot):
        await sees(app, "reindex")
        await pilot.press("f5")
        await sees(app, "no such task")
        await pilot.press("escape")
        await settled(app, pilot)
        assert type(app.screen).__name__ == "TasksScreen"
