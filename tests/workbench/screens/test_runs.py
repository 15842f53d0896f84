"""Workflow runs on the Tasks screen: the tree of their steps, each in full, stopped and started again by keys."""

from __future__ import annotations

import pytest

from server_core.events import (
    StepAttemptFailed,
    StepFilled,
    StepFinished,
    StepStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from tests.workbench.fakes import FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, settled, shown
from tests.workbench.state.test_fold import NOON, after
from workbench.screens.tasks.about import about_run, about_step
from workbench.screens.tasks.rows import step_rows
from workbench.screens.tasks.tree import step_tree
from workbench.state.folds.work import RUN_STEPS

ONE, TWO = ("each", "[1]", "ask"), ("each", "[2]", "ask")
RUN = [
    WorkflowStarted("r", "restock", 3),
    StepStarted("r", "restock", "each", "for_each", 1, ("each",)),
    StepStarted("r", "restock", "ask", "tool_call", 2, ONE),
    StepStarted("r", "restock", "ask", "tool_call", 3, TWO),
    StepFilled("r", "restock", "ask", TWO, '{"title": "b"}'),
    StepAttemptFailed("r", "restock", "ask", TWO, 1, 3, "the line is busy", 0.5),
    StepFinished("r", "restock", "ask", "ok", 0.25, "", ONE, "tool_call", '{"price": 3}'),
]
ENDED = [
    StepFinished("r", "restock", "ask", "failed", 1.5, "no such book", TWO, "tool_call"),
    StepFinished("r", "restock", "each", "failed", 1.6, "item 2: no such book", ("each",), "for_each"),
    StepFinished("r", "restock", "order", "skipped", 0, "an earlier step failed", ("order",), "tool_call"),
    WorkflowFinished("r", "restock", "failed", 1.6, "step each failed"),
]


def text_of(line: object) -> str:
    return "".join(text for text, _ in line)  # type: ignore[attr-defined]


def test_items_of_steps_that_run_at_once_stand_together_in_the_tree():
    (run,) = after(*RUN).runs
    assert [(line.guide + line.node.name, line.node.status) for line in step_tree(run)] == [
        ("each", "running"),
        ("├ [1]", "ok"),
        ("│ └ ask", "ok"),
        ("└ [2]", "running"),
        ("  └ ask", "running"),
    ]
    assert [row.key for row in step_rows(run, NOON)] == ["0", "group 1", "1", "group 3", "2"]


def test_a_line_tells_of_attempts_while_a_step_runs_and_afterwards():
    (run,) = after(*RUN).runs
    said = [text_of(row.cells[4]) for row in step_rows(run, NOON)]
    assert said[4] == "attempt 1 of 3: the line is busy; retrying in 0.5 s"
    assert said[2] == '{"price": 3}'
    (run,) = after(*RUN, *ENDED).runs
    said = [text_of(row.cells[4]) for row in step_rows(run, NOON)]
    assert said[4] == "2 attempts  no such book"
    assert said[5] == "an earlier step failed"
    assert step_tree(run)[3].node.status == "failed"


def test_a_step_in_full_has_its_place_input_output_and_attempts():
    (run,) = after(*RUN, *ENDED).runs
    told = "\n".join(map(text_of, about_step(run, run.steps[2])))
    assert "each › [2] › ask" in told
    assert '"title": "b"' in told
    assert "attempt 1 of 3: the line is busy" in told
    assert "no such book" in told
    told = "\n".join(map(text_of, about_run(run)))
    assert "└ ✗ [2]" in told
    assert "an earlier step failed" in told


def test_the_steps_of_a_run_are_bounded_and_those_that_failed_stay():
    facts: list[object] = [WorkflowStarted("r", "w", 1)]
    for number in range(RUN_STEPS + 50):
        place = ("each", f"[{number}]", "ask")
        status = "failed" if number == 0 else "ok"
        facts.append(StepStarted("r", "w", "ask", "tool_call", number, place))
        facts.append(StepFinished("r", "w", "ask", status, 0.1, "", place))  # type: ignore[arg-type]
    (run,) = after(*facts).runs
    assert len(run.steps) == RUN_STEPS
    assert [step.place[1] for step in (run.steps[0], run.steps[-1])] == ["[0]", f"[{RUN_STEPS + 49}]"]


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_run_is_stopped_while_it_runs_and_started_again_when_it_has_failed(size: tuple[int, int]):
    engine = FakeEngine()
    async with shown(engine, size, "4") as (app, pilot):
        engine.emit(*RUN)
        await sees(app, "Steps  restock")
        app.screen.query_one("#steps").focus()
        await settled(app, pilot)
        assert "x Cancel" in screen_text(app)
        assert "r Resume" not in screen_text(app)
        await pilot.press("r", "x")
        await settled(app, pilot)
        engine.emit(*ENDED)
        await sees(app, "r Resume")
        assert "x Cancel" not in screen_text(app)
        await pilot.press("x", "r")
        await settled(app, pilot)
    assert engine.commands == [("cancel_run", "r"), ("resume_run", "r")]


@pytest.mark.anyio
async def test_enter_on_a_step_shows_what_it_was_given():
    engine = FakeEngine()
    async with shown(engine, LARGE, "4") as (app, pilot):
        engine.emit(*RUN, *ENDED)
        await sees(app, "Steps  restock")
        app.screen.query_one("#steps").focus()
        await pilot.press("g", "j", "j", "j", "j", "enter")  # the highlight was on what ran last
        await sees(app, "Failed attempts")
        assert '"title": "b"' in screen_text(app)
