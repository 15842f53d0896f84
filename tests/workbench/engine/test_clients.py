"""The engine's clients and the calls made through them, against a small server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp.types import CallToolResult, JSONRPCResponse, Tool

from server_core.bus import Event
from server_core.clock import SystemClock
from server_core.items import Offer, ToolItem
from server_core.module import ModuleContext
from server_core.request import Request
from server_core.results import text_result
from server_core.server import Server
from server_core.settings import LimitSettings
from tests.server_core.modules_for_tests import TextsModule, ToolsModule, hello
from tests.waiting import skip_time, until
from workbench.engine.asking import ClientAnswers, Questions
from workbench.engine.calls import Calls
from workbench.engine.clients import EngineClient
from workbench.engine.errors import EngineError
from workbench.engine.tap import FrameRing
from workbench.facts import NoticeReceived
from workbench.records import CallRecord

pytestmark = pytest.mark.anyio
OLDEST, NEWEST = "2025-11-25", "2026-07-28"
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])


@dataclass
class Rig:
    """A running server with a client of each revision."""

    server: Server
    clients: dict[str, EngineClient]
    calls: Calls
    frames: FrameRing
    facts: list[object] = field(default_factory=list)
    kept: list[CallRecord] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    reports: list[tuple[float, float | None, str]] = field(default_factory=list)
    """What a test's caller heard of the progress of `steps`."""

    def notices(self, protocol: str) -> list[tuple[str, str]]:
        return [
            (fact.kind, fact.uri)
            for fact in self.facts
            if isinstance(fact, NoticeReceived) and fact.protocol == protocol
        ]


async def given_up(rig: Rig, protocol: str, key: str | None = None) -> CallRecord:
    """The record of a call of `hangs` whose time limit is over."""
    call = asyncio.create_task(rig.calls.call_tool("hangs", {}, protocol=protocol, timeout=60, key=key))
    await until(lambda: rig.server.inspect().active, "the call runs")
    skip_time(60)
    return await call


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr("workbench.engine.calls.TRACE_SECONDS", 60.0)
    cancelled = asyncio.Event()

    async def hangs(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    reports: list[tuple[float, float | None, str]] = []

    async def steps(request: Request, arguments: dict[str, Any]) -> CallToolResult:
        for number in range(1, 6):
            await request.report_progress(number, 5, f"step {number}")
            if arguments["heard"]:
                await until(lambda: len(reports) >= number, "the client hears of it")  # noqa: B023
        return text_result("done")

    async def breaks(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        raise RuntimeError("a secret")

    server = Server("rig", limits=LimitSettings(call_seconds=3600))
    server.add(ToolsModule("tools", hello=hello, hangs=hangs, steps=steps, breaks=breaks))
    server.add(TextsModule("texts", {"a": "A", "b": "B"}))
    frames = FrameRing()
    facts: list[object] = []

    def take(event: Event) -> None:
        facts.append(event.fact)

    server.bus.subscribe(take)
    questions = Questions(server.bus.emit, answered=False)
    clients = {
        protocol: EngineClient(
            protocol,
            frames,
            server.bus.emit,
            ClientAnswers(protocol, questions, tmp_path, server.bus.emit),
        )
        for protocol in (OLDEST, NEWEST)
    }
    kept: list[CallRecord] = []
    calls = Calls(clients.__getitem__, server.bus, SystemClock(), kept.append, questions)
    async with server.running():
        for client in clients.values():
            await client.connect(server)
        yield Rig(server, clients, calls, frames, facts, kept, cancelled, reports)
        for client in clients.values():
            await client.disconnect()


@REVISIONS
async def test_a_call_becomes_a_record_with_the_trace_of_the_server(rig: Rig, protocol: str):
    record = await rig.calls.call_tool("hello", {"x": 1}, protocol=protocol)
    assert (record.method, record.target, record.protocol) == ("tools/call", "hello", protocol)
    assert record.outcome == "ok"
    assert record.arguments == {"x": 1}
    assert record.result is not None
    assert record.result["content"] == [{"type": "text", "text": "hello"}]
    assert [name for name, _ in record.stages] == ["handler"]
    assert record.size > 0
    assert rig.kept == [record]


@REVISIONS
async def test_an_unexpected_failure_of_a_tool_is_recorded_with_its_reference(rig: Rig, protocol: str):
    record = await rig.calls.call_tool("breaks", {}, protocol=protocol)
    assert record.outcome == "tool_error"
    assert record.reference
    assert record.reference in str(record.result)
    assert record.cause.startswith("Traceback (most recent call last):")
    assert record.error is None


@REVISIONS
async def test_a_protocol_error_is_recorded_with_code_and_message(rig: Rig, protocol: str):
    record = await rig.calls.call_tool("helo", {}, protocol=protocol)
    assert record.outcome == "error"
    assert record.result is None
    assert record.error is not None
    assert record.error.code == -32602
    assert "did you mean hello?" in record.error.message


@REVISIONS
async def test_a_read_and_its_cached_repetition_are_records(rig: Rig, protocol: str):
    first = await rig.calls.read("text://a", protocol=protocol)
    again = await rig.calls.read("text://a", protocol=protocol)
    assert first.result is not None
    assert first.result["contents"][0]["text"] == "A"
    assert first.outcome == again.outcome == "ok"
    assert "cache hit" in dict(again.stages)
    assert "cache hit" not in dict(first.stages)


@REVISIONS
async def test_a_call_without_answer_and_progress_is_given_up_and_cancelled(rig: Rig, protocol: str):
    record = await given_up(rig, protocol)
    assert record.outcome == "timeout"
    assert record.error is not None
    await until(rig.cancelled.is_set, "the tool is cancelled")
    assert [name for name, _ in record.stages] == ["handler"]


@REVISIONS
async def test_progress_prolongs_a_time_limit(rig: Rig, protocol: str):
    def progressed(*report: Any) -> None:
        rig.reports.append(report)
        skip_time(400)  # five times that is over the limit

    record = await rig.calls.call_tool(
        "steps", {"heard": True}, protocol=protocol, timeout=600, on_progress=progressed
    )
    assert record.outcome == "ok"
    assert rig.reports == [(number, 5, f"step {number}") for number in range(1, 6)]


@REVISIONS
async def test_cancelling_the_waiting_task_cancels_the_tool_and_is_recorded(rig: Rig, protocol: str):
    task = asyncio.create_task(rig.calls.call_tool("hangs", {}, protocol=protocol, key="k"))
    await until(lambda: rig.server.inspect().active, "the call runs")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(rig.cancelled.is_set, "the tool is cancelled")
    assert [(record.key, record.outcome) for record in rig.kept] == [("k", "cancelled")]


@REVISIONS
async def test_lists_are_read_to_their_last_page(rig: Rig, protocol: str):
    many = TextsModule("many", {f"m{number:04}": "" for number in range(1234)})
    await rig.server.add_module(many)
    listed = await rig.clients[protocol].list_resources()
    assert len(listed) == 1236
    assert [tool.name for tool in await rig.clients[protocol].list_tools()] == [
        "hello",
        "hangs",
        "steps",
        "breaks",
    ]
    assert await rig.clients[protocol].list_prompts() == []
    assert await rig.clients[protocol].list_templates() == []


async def test_notices_of_subscribed_resources_and_of_lists_reach_both_clients(rig: Rig):
    for client in rig.clients.values():
        await client.subscribe(["text://a"])
    texts = rig.server.modules["texts"]
    await texts.publish(updated=["text://b", "text://a"], resources=True)
    for protocol in (OLDEST, NEWEST):
        await until(lambda: len(rig.notices(protocol)) >= 2, f"{protocol} hears of both")  # noqa: B023
        assert rig.notices(protocol) == [("updated", "text://a"), ("resources", "")]


async def test_a_resource_that_was_subscribed_with_others_can_be_left_alone(rig: Rig):
    for client in rig.clients.values():
        await client.subscribe(["text://a", "text://b"])
        await client.unsubscribe(["text://a"])
    await rig.server.modules["texts"].publish(updated=["text://a", "text://b"])
    for protocol in (OLDEST, NEWEST):
        await until(lambda: rig.notices(protocol), f"{protocol} hears of it")  # noqa: B023
        assert rig.notices(protocol) == [("updated", "text://b")]


async def test_unsubscribing_ends_the_subscription_at_the_server(rig: Rig):
    def subscribed() -> list[tuple[str, ...]]:
        return [client.subscriptions for client in rig.server.inspect().clients]

    for client in rig.clients.values():
        await client.subscribe(["text://a"])
        await client.subscribe(["text://a", "text://b"])
    assert subscribed() == [("text://a", "text://b")] * 2
    for client in rig.clients.values():
        await client.unsubscribe(["text://a", "text://b"])
    await until(lambda: subscribed() == [(), ()], "nobody is subscribed")


async def test_a_client_that_connects_again_takes_up_its_subscriptions(rig: Rig):
    client = rig.clients[NEWEST]
    await client.subscribe(["text://a"])
    await client.disconnect()
    waiting = asyncio.create_task(rig.calls.call_tool("hello", {}, protocol=NEWEST))
    await client.connect(rig.server)
    assert (await waiting).outcome == "ok"
    await rig.server.modules["texts"].publish(updated=["text://a"])
    await until(lambda: rig.notices(NEWEST) == [("updated", "text://a")], "the notice comes")


async def test_a_reference_to_nothing_can_not_be_completed(rig: Rig):
    with pytest.raises(EngineError, match="Unknown prompt"):
        await rig.clients[NEWEST].complete({"type": "ref/prompt", "name": "none"}, "a", "", {})
    with pytest.raises(EngineError, match="Neither"):
        await rig.clients[NEWEST].complete({"type": "ref/none"}, "a", "", {})


@REVISIONS
async def test_the_frames_of_a_call_are_its_request_progress_and_answer(rig: Rig, protocol: str):
    await asyncio.gather(
        rig.calls.call_tool("hello", {}, protocol=protocol, key="other"),
        rig.calls.call_tool("steps", {"heard": False}, protocol=protocol, key="mine"),
    )
    frames = rig.frames.frames("mine")
    assert [(frame.direction, frame.kind, frame.method) for frame in frames] == [
        ("client", "request", "tools/call"),
        *[("server", "notification", "notifications/progress")] * 5,
        ("server", "response", "tools/call"),
    ]
    assert {frame.protocol for frame in frames} == {protocol}
    assert '"name": "steps"' in frames[0].text
    assert '"text": "done"' in frames[-1].text


@REVISIONS
async def test_the_frames_of_a_cancelled_call_show_the_cancellation(rig: Rig, protocol: str):
    await given_up(rig, protocol, key="mine")
    assert [frame.method for frame in rig.frames.frames("mine")] == ["tools/call", "notifications/cancelled"]


@REVISIONS
async def test_a_tool_whose_result_has_changed_its_schema_is_checked_by_the_new_one(rig: Rig, protocol: str):
    class Typed(ToolsModule):
        def __init__(self, kind: str, value: object) -> None:
            async def typed(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
                return CallToolResult(content=[], structured_content={"value": value})

            super().__init__("typed")
            schema = {"type": "object", "properties": {"value": {"type": kind}}}
            tool = Tool(name="typed", input_schema={"type": "object"}, output_schema=schema)
            self.item = ToolItem(tool, typed)

        async def start(self, context: ModuleContext) -> None:
            context.offer(Offer(tools=[self.item]))

    await rig.server.add_module(Typed("string", "x"))
    assert (await rig.calls.call_tool("typed", {}, protocol=protocol)).outcome == "ok"
    heard = rig.notices(protocol).count(("tools", ""))
    await rig.server.replace_module(Typed("integer", 1))
    await until(lambda: rig.notices(protocol).count(("tools", "")) > heard, "the client hears of it")
    assert (await rig.calls.call_tool("typed", {}, protocol=protocol)).outcome == "ok"
    await rig.server.replace_module(Typed("integer", "not a number"))
    record = await rig.calls.call_tool("typed", {}, protocol=protocol)
    assert record.outcome == "error"
    assert record.error is not None
    assert "not a number" in record.error.message


async def test_the_ring_keeps_the_last_frames_only_and_no_more_bytes_than_it_may():
    class Item:
        metadata = None

        def __init__(self, text: str) -> None:
            self.message = JSONRPCResponse(jsonrpc="2.0", id=1, result={"content": [{"text": text}]})

    ring = FrameRing(most=3, most_bytes=10_500)
    take = ring.sink(NEWEST)
    for number in range(5):
        take("server", Item(str(number)))
    assert [frame.text.count('"text": "4"') for frame in ring.frames()] == [0, 0, 1]
    take("server", Item("x" * 9000))
    assert len(ring.frames()) == 2
