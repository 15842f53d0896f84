"""What a server asks the client's user is answered politely, and visible."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp.types import (
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    ListRootsRequest,
)

from server_core.clock import SystemClock
from server_core.events import LogWritten
from server_core.request import Request
from server_core.results import text_result
from server_core.server import Server
from tests.server_core.modules_for_tests import ToolsModule
from tests.waiting import until
from workbench.engine.calls import Calls
from workbench.engine.clients import EngineClient
from workbench.engine.tap import FrameRing
from workbench.facts import UserAsked

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


async def logs(request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    """Log a line to the client."""
    assert request.session is not None
    session: Any = request.session.session
    with warnings.catch_warnings(action="ignore"):
        await session.send_log_message("notice", "half way", "steps", request.session.request_id)
    return text_result("ok")


class Rig:
    def __init__(self, server: Server, folder: Path, protocol: str) -> None:
        self.facts: list[object] = []
        server.bus.subscribe(lambda event: self.facts.append(event.fact))
        self.frames = FrameRing()
        self.client = EngineClient(protocol, self.frames, server.bus.emit, folder)
        self.calls = Calls(lambda _protocol: self.client, server.bus, SystemClock(), lambda _record: None)


@pytest.fixture(params=[OLDEST, NEWEST])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    server = Server("asking")
    server.add(ToolsModule("tools", asks=asks, logs=logs))
    rig = Rig(server, tmp_path, request.param)
    async with server.running():
        await rig.client.connect(server)
        yield rig
        await rig.client.disconnect()


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


async def test_what_a_tool_logs_to_its_client_is_in_the_log(rig: Rig):
    await rig.calls.call_tool("logs", {}, protocol=rig.client.protocol)
    await until(lambda: LogWritten("steps", "info", "half way") in rig.facts, "the line is logged")
