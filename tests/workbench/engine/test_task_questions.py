"""A task is started by the client that declares the extension, asks, and is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_SECONDS
from workbench.engine import Engine, EngineError
from workbench.project import Project
from workbench.questions import Answer, Question

pytestmark = pytest.mark.anyio

CONFIG = """
[server]
name = "asking"
version = "1"
[modules.tools]
kind = "functions"
path = "tools.py"
[modules.jobs]
kind = "tasks"
"""
TOOLS = '''
from pydantic import BaseModel
from server_core import Context, task

class Name(BaseModel):
    name: str

@task(structured=False)
async def greets(ctx: Context) -> str:
    """Asks who is there."""
    answer = await ctx.elicit("Who are you?", Name)
    if answer.action == "accept":
        return f"Hello {answer.data.name}"
    there = await ctx.elicit_url("Then sign in", "https://shop.example/sign-in", "1")
    return f"{answer.action} {there.action}"
'''


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    (tmp_path / "server.toml").write_text(CONFIG, "utf-8")
    (tmp_path / "tools.py").write_text(TOOLS, "utf-8")
    engine = Engine(Project.find(tmp_path), answers=True)
    engine.start()
    await asyncio.wrap_future(engine.ready)
    await modules_run(engine)
    yield engine
    await asyncio.to_thread(engine.stop)


async def modules_run(engine: Engine) -> None:
    while any(module.status != "running" for module in (await engine.inspect()).modules):
        await asyncio.sleep(0)


async def started(engine: Engine) -> str:
    record = await engine.start_task("greets", {})
    assert record.result is not None
    assert record.result["resultType"] == "task"
    return str(record.result["taskId"])


async def asked(engine: Engine, task: str, kind: str) -> Question:
    """The task's question of that kind, once it is asked."""
    found: list[Question] = []

    async def look() -> bool:
        found[:] = [each for each in await engine.task_questions(task) if each.kind == kind]
        return bool(found)

    while not await look():
        await asyncio.sleep(0)
    return found[0]


async def ended(engine: Engine, task: str) -> str:
    state = await engine.inspect()
    while next(each for each in state.tasks if each.task == task).status != "completed":
        state = await engine.inspect()
    record = await engine.call_tool("check_task_status", {"taskId": task})
    return str(record.result)


async def test_a_task_asks_and_goes_on_with_the_answer(engine: Engine) -> None:
    task = await started(engine)
    question = await asyncio.wait_for(asked(engine, task, "form"), PATIENCE_SECONDS)
    assert (question.message, question.task) == ("Who are you?", task)
    assert list(question.schema["properties"]) == ["name"]
    await engine.answer_task(task, {question.key: Answer("accept", {"name": "Ada"})})
    assert "Hello Ada" in await asyncio.wait_for(ended(engine, task), PATIENCE_SECONDS)
    with pytest.raises(EngineError, match="no longer waiting for this answer"):
        await engine.answer_task(task, {question.key: Answer("accept", {"name": "Ada"})})


async def test_a_task_is_told_no_and_sends_its_user_to_a_page(engine: Engine) -> None:
    task = await started(engine)
    question = await asyncio.wait_for(asked(engine, task, "form"), PATIENCE_SECONDS)
    await engine.answer_task(task, {question.key: Answer("decline")})
    page = await asyncio.wait_for(asked(engine, task, "url"), PATIENCE_SECONDS)
    assert (page.message, page.url) == ("Then sign in", "https://shop.example/sign-in")
    await engine.answer_task(task, {page.key: Answer("accept")})
    assert "decline accept" in await asyncio.wait_for(ended(engine, task), PATIENCE_SECONDS)


async def test_the_tasks_client_comes_back_with_the_server(engine: Engine) -> None:
    task = await started(engine)
    await asyncio.wait_for(asked(engine, task, "form"), PATIENCE_SECONDS)
    config = engine.project.load()
    await engine.apply(
        config.model_copy(update={"server": config.server.model_copy(update={"version": "2"})})
    )
    await asyncio.wait_for(modules_run(engine), PATIENCE_SECONDS)
    again = await started(engine)
    question = await asyncio.wait_for(asked(engine, again, "form"), PATIENCE_SECONDS)
    await engine.answer_task(again, {question.key: Answer("accept", {"name": "Ada"})})
    assert "Hello Ada" in await asyncio.wait_for(ended(engine, again), PATIENCE_SECONDS)


async def test_a_task_that_nobody_knows(engine: Engine) -> None:
    with pytest.raises(EngineError, match="Unknown task"):
        await engine.task_questions("nobody")
