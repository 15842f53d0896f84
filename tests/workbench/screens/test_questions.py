"""What a server asks its client's user comes up, is answered, put off, and goes when nobody waits any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Input

from server_core.events import TaskChanged
from tests.workbench.fakes import STATE, FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, settled, shown
from workbench.facts import QuestionAsked, QuestionSettled, ServerInspected
from workbench.questions import SAMPLED, Answer, Question, question_of, response_to

pytestmark = pytest.mark.anyio
TASK = "3f2ac811"
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "copies": {"type": "integer", "maximum": 20}},
    "required": ["title"],
}
ASKED = Question("q1", "form", "2026-07-28", "Which [bold]book[/] shall it be?\x1b[31m", SCHEMA)


class AskingEngine(FakeEngine):
    """A task of it asks two things."""

    async def task_questions(self, task: str) -> tuple[Question, ...]:
        page = Question("p", "url", "2026-07-28", "Sign in", url="https://shop.example/in", task=task)
        return (replace(ASKED, key="f", task=task), page)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_calls_question_comes_at_once_and_is_answered(size: tuple[int, int]):
    engine = AskingEngine()
    async with shown(engine, size) as (app, pilot):
        engine.emit(QuestionAsked(ASKED))
        await sees(app, "Which [bold]book[/] shall it be?␛[31m")
        assert "f5 answer  f9 decline  esc later" in screen_text(app)
        assert "f5 Answer" in screen_text(app)
        await pilot.press(*"Dune", "tab", "3", "f5")
        await settled(app, pilot)
        assert engine.commands[-1] == ("answer", "q1", Answer("accept", {"title": "Dune", "copies": 3}))
        assert not app.screen.is_modal


async def test_what_does_not_fit_is_told_first_and_sent_when_that_is_wanted():
    engine = AskingEngine()
    async with shown(engine, LARGE) as (app, pilot):
        engine.emit(QuestionAsked(ASKED))
        await sees(app, "shall it be?")
        await pilot.press("f5")
        await sees(app, "press f5 again to send it anyway")
        assert not engine.commands
        await pilot.press("f5")
        await settled(app, pilot)
        assert engine.commands == [("answer", "q1", Answer("accept", {}))]


async def test_what_is_meant_by_default_is_filled_in():
    engine = AskingEngine()
    schema = {"type": "object", "properties": {"paper": {"enum": ["stars", "plain"], "default": "plain"}}}
    async with shown(engine, LARGE) as (app, pilot):
        engine.emit(QuestionAsked(replace(ASKED, schema=schema)))
        await sees(app, "shall it be?")
        await pilot.press("f5")
        await settled(app, pilot)
        assert engine.commands == [("answer", "q1", Answer("accept", {"paper": "plain"}))]


@pytest.mark.parametrize(("key", "action"), [("f9", "decline"), ("ctrl+g", "cancel")])
async def test_the_server_is_told_no(key: str, action: Any):
    engine = AskingEngine()
    async with shown(engine, LARGE) as (app, pilot):
        engine.emit(QuestionAsked(ASKED))
        await sees(app, "shall it be?")
        await pilot.press(key)
        await settled(app, pilot)
        assert engine.commands == [("answer", "q1", Answer(action))]


async def test_a_question_is_put_off_and_comes_again_when_it_is_wanted():
    engine = AskingEngine()
    async with shown(engine, LARGE) as (app, pilot):
        engine.emit(QuestionAsked(ASKED))
        await sees(app, "shall it be?")
        await pilot.press("escape")
        await settled(app, pilot)
        assert not app.screen.is_modal
        await sees(app, "? 1 question (^y)")
        # A new inspection tells the same question; it does not come by itself again.
        engine.emit(ServerInspected(STATE, 0.0, (ASKED,)))
        await settled(app, pilot)
        assert not app.screen.is_modal
        await pilot.press("a")
        await sees(app, "shall it be?")
        engine.emit(QuestionSettled("q1"))
        await sees(app, "no longer needs that answer")
        assert not app.screen.is_modal
        assert "question (^y)" not in screen_text(app)
        assert not engine.commands


async def test_a_question_can_be_answered_while_a_field_has_the_focus():
    engine = AskingEngine()
    async with shown(engine, LARGE) as (app, pilot):
        engine.emit(QuestionAsked(ASKED))
        await sees(app, "shall it be?")
        await pilot.press("escape")
        field = Input()
        await app.screen.query_one(".body").mount(field)
        field.focus()
        await settled(app, pilot)
        await pilot.press("a")
        assert field.value == "a"
        assert not app.screen.is_modal
        assert "^y Answer" in screen_text(app)
        await pilot.press("ctrl+y")
        await sees(app, "shall it be?")


async def test_a_tasks_questions_are_answered_one_after_the_other():
    engine = AskingEngine()
    async with shown(engine, LARGE, "4") as (app, pilot):
        engine.emit(TaskChanged(TASK, "input_required", ""))
        await sees(app, "? 1 question (^y)")
        assert not app.screen.is_modal
        await pilot.press("a")
        await sees(app, "shall it be?")
        await pilot.press(*"Dune", "f5")
        await sees(app, "Host: shop.example")
        await pilot.press("f5")
        await settled(app, pilot)
        given = {"f": Answer("accept", {"title": "Dune"}), "p": Answer("accept")}
        assert engine.commands == [("answer_task", TASK, given)]
        assert app.clipboard == "https://shop.example/in"


async def test_nothing_is_asked():
    async with shown(AskingEngine(), LARGE) as (app, pilot):
        await pilot.press("a")
        await sees(app, "No questions from the server")


def test_a_model_is_asked_with_its_whole_conversation():
    params = {
        "systemPrompt": "Be brief",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Sum up"}, {"type": "image", "data": "…"}]}
        ],
    }
    question = question_of("k", "sampling/createMessage", params, "2026-07-28")
    assert question is not None
    assert question.message == "system: Be brief\nuser: Sum up\nuser: [image]"
    assert question.schema is SAMPLED
    assert response_to(question, Answer("decline")) is None
    said = response_to(question, Answer("accept", {"text": "Done"}))
    assert said is not None
    assert said["content"] == {"type": "text", "text": "Done"}


def test_roots_are_no_question_for_the_user():
    assert question_of("k", "roots/list", {}, "2025-11-25") is None
