"""What a server asks the client's user is answered politely, and visible."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.types import (
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

from server_core.clock import SystemClock
from server_core.events import LogWritten
from server_core.request import Request
from server_core.results import text_result
from server_core.server import Server
from server_core.settings import LimitSettings
from tests.server_core.modules_for_tests import ToolsModule
from tests.waiting import loop_turns, skip_time, until
from workbench.engine import EngineError
from workbench.engine.asking import ClientAnswers, Questions
from workbench.engine.calls import Calls
from workbench.engine.clients import EngineClient
from workbench.engine.tap import FrameRing
from workbench.facts import QuestionAsked, QuestionSettled, UserAsked
from workbench.questions import Answer, Question

pytestmark = pytest.mark.anyio
OLDEST, NEWEST = "2025-11-25", "2026-07-28"
QUESTION = ElicitRequestFormParams(
    message="How many?", requested_schema={"type": "object", "properties": {"count": {"type": "integer"}}}
)


async def asks(request: Request, _arguments: dict[str, Any]) -> CallToolResult | InputRequiredResult:
    """Ask for a number and for the roots, as the client's revision wants it."""
    assert request.session is not None
    session: Any = request.session.session
    if request.protocol == OLDEST:
        with warnings.catch_warnings(action="ignore"):
            number = request.session.request_id
            answer = await session.elicit_form(QUESTION.message, QUESTION.requested_schema, number)
            roots = await session.list_roots()
        return text_result(f"{answer.action} {roots.roots[0].uri}")
    if request.params.input_responses is None:
        wanted: Any = {"count": ElicitRequest(params=QUESTION), "roots": ListRootsRequest()}
        return InputRequiredResult(input_requests=wanted, request_state="asked")
    given = request.params.input_responses
    return text_result(f"{given['count'].action} {given['roots'].roots[0].uri}")


async def samples(request: Request, _arguments: dict[str, Any]) -> CallToolResult | InputRequiredResult:
    """Ask for what a model would say."""
    assert request.session is not None
    session: Any = request.session.session
    said = SamplingMessage(role="user", content=TextContent(text="Sum it up"))
    if request.protocol == OLDEST:
        with warnings.catch_warnings(action="ignore"):
            number = request.session.request_id
            answer = await session.create_message(
                [said], max_tokens=9, system_prompt="Be brief", related_request_id=number
            )
        return text_result(answer.content.text)
    if request.params.input_responses is None:
        params = CreateMessageRequestParams(messages=[said], max_tokens=9, system_prompt="Be brief")
        return InputRequiredResult(input_requests={"said": CreateMessageRequest(params=params)})
    return text_result(request.params.input_responses["said"].content.text)


async def logs(request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    """Log a line to the client."""
    assert request.session is not None
    session: Any = request.session.session
    with warnings.catch_warnings(action="ignore"):
        await session.send_log_message("notice", "half way", "steps", request.session.request_id)
    return text_result("ok")


class Rig:
    def __init__(self, server: Server, folder: Path, protocol: str, *, answered: bool) -> None:
        self.facts: list[object] = []
        server.bus.subscribe(lambda event: self.facts.append(event.fact))
        self.frames = FrameRing()
        emit = server.bus.emit
        self.questions = Questions(emit, answered=answered)
        answers = ClientAnswers(protocol, self.questions, folder, emit)
        self.client = EngineClient(protocol, self.frames, emit, answers)
        self.calls = Calls(
            lambda _protocol: self.client, server.bus, SystemClock(), lambda _record: None, self.questions
        )


@asynccontextmanager
async def asking_rig(folder: Path, protocol: str, *, answered: bool) -> AsyncIterator[Rig]:
    server = Server("asking", limits=LimitSettings(call_seconds=3600))
    server.add(ToolsModule("tools", asks=asks, logs=logs, samples=samples))
    rig = Rig(server, folder, protocol, answered=answered)
    async with server.running():
        await rig.client.connect(server)
        yield rig
        await rig.client.disconnect()


@pytest.fixture(params=[OLDEST, NEWEST])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Nobody is there who answers."""
    async with asking_rig(tmp_path, request.param, answered=False) as rig:
        yield rig


@pytest.fixture(params=[OLDEST, NEWEST])
async def answering(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Somebody is there who answers."""
    async with asking_rig(tmp_path, request.param, answered=True) as rig:
        yield rig


async def question(rig: Rig) -> Question:
    """The question that is open, once it is."""
    return (await until(rig.questions.open, "the server asks"))[0]


async def test_a_question_is_declined_and_the_project_is_the_root(rig: Rig, tmp_path: Path):
    record = await rig.calls.call_tool("asks", {}, protocol=rig.client.protocol, key="k")
    assert record.result is not None
    assert record.result["content"][0]["text"] == f"decline {tmp_path.as_uri()}"
    asked = {(fact.kind, fact.answer) for fact in rig.facts if isinstance(fact, UserAsked)}
    assert asked == {("elicitation", "declined"), ("roots", tmp_path.as_uri())}
    # Both rounds of the call, or what was asked in between, belong to its frames and its trace.
    frames = rig.frames.frames("k")
    assert frames[0].method == frames[-1].method == "tools/call"
    assert len(frames) == 4
    assert [name for name, _ in record.stages] == ["handler"] * (1 if rig.client.protocol == OLDEST else 2)


async def test_the_user_answers_while_the_time_limit_stands_still(answering: Rig):
    seconds = 60.0
    call = asyncio.create_task(
        answering.calls.call_tool("asks", {}, protocol=answering.client.protocol, timeout=seconds)
    )
    asked = await question(answering)
    assert (asked.kind, asked.message, asked.protocol) == ("form", "How many?", answering.client.protocol)
    assert dict(asked.schema) == QUESTION.requested_schema
    skip_time(seconds * 1.5)
    await loop_turns()
    answering.questions.answer(asked.key, Answer("accept", {"count": 3}))
    record = await call
    assert record.outcome == "ok"
    assert str(record.result).count("accept file://") == 1
    assert [fact for fact in answering.facts if isinstance(fact, QuestionAsked | QuestionSettled)] == [
        QuestionAsked(asked),
        QuestionSettled(asked.key),
    ]


async def test_a_question_goes_with_its_call(answering: Rig):
    call = asyncio.create_task(answering.calls.call_tool("asks", {}, protocol=answering.client.protocol))
    asked = await question(answering)
    call.cancel()
    await until(lambda: not answering.questions.open(), "the question is withdrawn")
    with pytest.raises(EngineError, match="no longer waiting for an answer"):
        answering.questions.answer(asked.key, Answer("accept", {"count": 3}))


async def test_the_user_stands_in_for_a_model(answering: Rig):
    protocol = answering.client.protocol
    call = asyncio.create_task(answering.calls.call_tool("samples", {}, protocol=protocol))
    asked = await question(answering)
    assert (asked.kind, asked.message) == ("sampling", "system: Be brief\nuser: Sum it up")
    answering.questions.answer(asked.key, Answer("accept", {"text": "Done"}))
    assert "'text': 'Done'" in str((await call).result)

    call = asyncio.create_task(answering.calls.call_tool("samples", {}, protocol=protocol))
    answering.questions.answer((await question(answering)).key, Answer("decline"))
    assert (await call).outcome in ("error", "tool_error")


async def test_what_a_tool_logs_to_its_client_is_in_the_log(rig: Rig):
    await rig.calls.call_tool("logs", {}, protocol=rig.client.protocol)
    await until(lambda: LogWritten("logs (steps)", "info", "half way") in rig.facts, "the line is logged")
