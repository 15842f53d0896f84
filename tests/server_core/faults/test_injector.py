"""Faults at work in a server, as a client in memory sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextResourceContents

from server_core import FunctionsModule, prompt
from server_core.clock import SystemClock
from server_core.errors import UNAVAILABLE
from server_core.events import (
    BreakerChanged,
    FaultActed,
    FaultCleared,
    FaultSet,
    FaultUsedUp,
    RequestFinished,
)
from server_core.faults.garbling import GARBLINGS, NOISE
from server_core.faults.injector import FaultInjector
from server_core.faults.jumping import JumpingClock
from server_core.faults.spec import FaultSpecError, parse_fault
from server_core.manual_clock import ManualClock
from server_core.request import Request
from server_core.results import text_result
from server_core.server import Server
from server_core.settings import BreakerSettings, LimitSettings
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect, expect
from tests.server_core.modules_for_tests import TextsModule, ToolsModule, hello
from tests.server_core.protocol.http_for_tests import connected, raw_client, served
from tests.server_core.test_pipeline import text_of
from tests.waiting import until, within

pytestmark = pytest.mark.anyio


class Bench:
    """A server with faults, a client, and the facts."""

    def __init__(self, server: Server, injector: FaultInjector, client: Client, clock: ManualClock) -> None:
        self.server = server
        self.injector = injector
        self.client = client
        self.clock = clock
        self.facts: list[Any] = []
        server.bus.subscribe(lambda event: self.facts.append(event.fact))

    def set(self, text: str) -> None:
        self.injector.set(parse_fault(text))

    async def call(self, tool: str = "hello") -> CallToolResult:
        return await within(self.client.call_tool(tool, {}), f"{tool} answers")

    async def texts(self, times: int) -> list[str]:
        return [text_of(await self.call()) for _ in range(times)]

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


@asynccontextmanager
async def bench(
    protocol: ProtocolRevision = NEWEST, *, chances: Iterator[float] | None = None, **settings: Any
) -> AsyncIterator[Bench]:
    clock = ManualClock()
    server = Server("s", clock=JumpingClock(clock), **settings)
    tools = ToolsModule("tools", hello=hello, other=hello)
    tools.options = {"breaker": "supplier"}
    server.add(tools)
    server.add(TextsModule("texts", {"a": "text of a", "b": "text of b"}))
    injector = FaultInjector(server.core, **({"chance": chances.__next__} if chances else {}))
    async with server.running(), connect(server, protocol) as client:
        yield Bench(server, injector, client, clock)


async def test_the_next_calls_fail_and_then_it_is_used_up() -> None:
    async with bench(NEWEST) as it:
        it.set("hello=fail:2")
        assert it.server.inspect().faults[0].left == 2
        texts = await it.texts(3)
        assert "failed: injected fault" in texts[0]
        assert "hello=fail:2" in texts[1]
        assert texts[2] == "hello"
        assert [(fact.acted, fact.left) for fact in it.of(FaultActed)] == [(1, 1), (2, 0)]
        assert it.of(FaultSet) == [FaultSet("hello", "fail", "fail:2", 2)]
        assert it.of(FaultUsedUp) == [FaultUsedUp("hello", "fail", 2)]
        assert it.server.inspect().faults == ()
        assert it.injector not in it.server.pipeline.stages, "requests pass as if nothing had ever been"


async def test_a_fault_hits_its_tool_alone_and_a_modules_fault_all_of_the_module() -> None:
    async with bench() as it:
        it.set("hello=fail")
        assert (await it.call("hello")).is_error
        assert not (await it.call("other")).is_error
        it.injector.clear()
        it.set("tools=fail:2")
        assert (await it.call("hello")).is_error
        assert (await it.call("other")).is_error
        assert not (await it.call("other")).is_error


async def test_a_share_of_the_calls_fails_by_the_numbers_that_are_given() -> None:
    async with bench(chances=iter([0.1, 0.19, 0.2, 0.9, 0.0])) as it:
        it.set("hello=fail:20%")
        assert [text == "hello" for text in await it.texts(5)] == [False, False, True, True, False]
        assert it.server.inspect().faults[0].acted == 3


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_a_read_that_fails_on_purpose_is_a_protocol_error_and_a_cached_answer_survives(
    protocol: ProtocolRevision,
) -> None:
    async with bench(protocol) as it:
        await it.client.read_resource("text://a")
        it.set("texts=fail")
        await it.client.read_resource("text://a")
        with pytest.raises(MCPError) as failure:
            await it.client.read_resource("text://b")
        assert failure.value.code == UNAVAILABLE
        assert "injected fault" in failure.value.message
        it.injector.clear()
        read = await it.client.read_resource("text://b")
        assert isinstance(read.contents[0], TextResourceContents)
        assert read.contents[0].text == "text of b"


async def test_failures_open_the_breaker_and_a_call_that_it_refuses_uses_no_fault_up() -> None:
    async with bench(breaker=BreakerSettings(failure_threshold=3, reset_timeout=5)) as it:
        it.set("hello=fail:4")
        await it.texts(3)
        refused = await it.texts(2)
        assert all("is open" in text for text in refused)
        assert it.server.inspect().faults[0].left == 1
        it.clock.advance(5)
        assert "injected fault" in text_of(await it.call()), "the probe fails"
        it.clock.advance(5)
        assert await it.texts(1) == ["hello"]
        steps = [f"{fact.before} {fact.after}" for fact in it.of(BreakerChanged)]
        assert steps == [
            "closed open", "open half_open", "half_open open", "open half_open", "half_open closed",
        ]  # fmt: skip


async def test_a_delay_waits_by_the_servers_clock_and_shows_in_the_trace() -> None:
    async with bench() as it:
        it.set("hello=delay:2.5:1")
        call = asyncio.create_task(it.call())
        await until(lambda: it.clock.sleepers, "the fault waits")
        async with expect(it.server.bus, RequestFinished) as finished:
            it.clock.advance(2.5)
            assert text_of(await call) == "hello"
        assert dict(finished.result().stages)["fault"] == 2.5


async def test_a_fault_is_used_up_when_it_has_acted_for_the_last_time() -> None:
    async with bench() as it:
        it.set("hello=delay:2.5:1")
        call = asyncio.create_task(it.call())
        await until(lambda: it.clock.sleepers, "the fault waits")
        assert [(state.name, state.left) for state in it.injector.fault_states()] == [("hello", 0)]
        assert not it.of(FaultUsedUp)
        it.clock.advance(2.5)
        await call
        assert not it.injector.fault_states()
        assert len(it.of(FaultUsedUp)) == 1


async def test_what_fails_may_be_slow_too() -> None:
    async with bench() as it:
        it.set("hello=fail:1")
        it.set("tools=delay:2:1")
        call = asyncio.create_task(it.call())
        await until(lambda: it.clock.sleepers, "the delay comes first")
        it.clock.advance(2)
        assert "injected fault" in text_of(await call)


async def test_a_hanging_call_ends_by_the_time_limit_and_counts_for_the_breaker() -> None:
    async with bench(
        limits=LimitSettings(call_seconds=0.05), breaker=BreakerSettings(failure_threshold=1)
    ) as it:
        it.set("hello=hang:1")
        assert "took longer than 0.05 s" in text_of(await it.call())
        assert [fact.after for fact in it.of(BreakerChanged)] == ["open"]
        assert it.of(RequestFinished)[0].outcome == "timeout"
        assert it.of(RequestFinished)[0].stages[0][0] == "fault"


async def test_a_hanging_call_can_be_cancelled() -> None:
    async with bench() as it:
        it.set("hello=hang")
        call = asyncio.create_task(it.client.call_tool("hello", {}))
        await until(lambda: it.of(FaultActed), "the fault acts")
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await until(lambda: it.of(RequestFinished), "the request ends")
        assert it.of(RequestFinished)[0].outcome == "cancelled"


async def test_a_garbled_answer_is_damaged_in_one_way_after_the_other_and_is_not_kept_in_the_cache() -> None:
    async with bench() as it:
        it.set("text://a=garble:4")
        texts = []
        for _ in range(5):
            read = await it.client.read_resource("text://a")
            assert isinstance(read.contents[0], TextResourceContents)
            texts.append(read.contents[0].text)
        assert texts == ["text", f"text{NOISE} of a", "null", "", "text of a"]
        assert [fact.effect.partition(": ")[2] for fact in it.of(FaultActed)] == list(GARBLINGS)


async def structured(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    value = {"title": "The Slow Clock", "copies": 3}
    answer = text_result(json.dumps(value))
    return answer.model_copy(update={"structured_content": value})


async def test_a_garbled_result_has_its_structure_damaged_too_and_still_is_a_result() -> None:
    async with bench() as it:
        await it.server.add_module(ToolsModule("more", look=structured))
        it.set("more=garble")
        answers = [await it.call("look") for _ in range(4)]
        assert answers[0].structured_content == {"title": "The Slo"}
        assert answers[1].structured_content == {"title": f"The Slo{NOISE}w Clock", "copies": 3}
        assert answers[2].structured_content == {"title": ["The Slow Clock"], "copies": "3"}
        assert (answers[3].structured_content, answers[3].content) == ({}, [])


async def breaks(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    raise ToolError("it did not work")


async def test_what_fails_by_itself_is_not_said_to_be_garbled() -> None:
    async with bench() as it:
        await it.server.add_module(ToolsModule("more", bad=breaks))
        it.set("bad=garble:1")
        assert text_of(await it.call("bad")) == "it did not work"
        assert it.of(FaultActed) == []
        assert it.server.inspect().faults[0].left == 1


async def test_a_prompt_fails_and_is_garbled_too() -> None:
    @prompt
    def greet(name: str) -> str:
        """Greets."""
        return f"Greet {name} kindly"

    async with bench() as it:
        await it.server.add_module(FunctionsModule("more", functions=[greet]))
        it.set("greet=garble:1")
        damaged = await it.client.get_prompt("greet", {"name": "Ada"})
        assert damaged.messages[0].content.text == "Greet Ad"  # type: ignore[union-attr]
        it.set("more=fail:1")
        with pytest.raises(MCPError, match="injected fault"):
            await it.client.get_prompt("greet", {"name": "Ada"})


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_a_dropped_connection_breaks_and_the_next_client_is_served(protocol: ProtocolRevision) -> None:
    async with bench() as it:
        it.set("hello=drop:1")
        async with connect(it.server, protocol) as client:
            with pytest.raises(MCPError, match="onnection closed"):
                await within(client.call_tool("hello", {}), "the connection breaks")
        assert it.of(RequestFinished)[0].outcome == "cancelled"
        async with connect(it.server, protocol) as client:
            assert text_of(await client.call_tool("hello", {})) == "hello"
        await until(lambda: len(it.server.inspect().clients) <= 1, "the broken client is forgotten")


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_over_http_a_client_hears_of_it_and_can_go_on(protocol: ProtocolRevision) -> None:
    server = Server("s", clock=JumpingClock(SystemClock()))
    server.add(ToolsModule("tools", hello=hello))
    async with served(server) as url, connected(url, protocol) as client:
        FaultInjector(server.core).set(parse_fault("hello=drop:1"))
        with pytest.raises(MCPError, match="without a response"):
            await within(client.call_tool("hello", {}), "the connection breaks")
        assert text_of(await within(client.call_tool("hello", {}), "an answer")) == "hello"


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_over_http_the_connection_breaks_in_the_middle_of_the_answer(
    protocol: ProtocolRevision,
) -> None:
    server = Server("s", clock=JumpingClock(SystemClock()))
    server.add(ToolsModule("tools", hello=hello))
    async with served(server) as url, raw_client(url, protocol) as client:
        FaultInjector(server.core).set(parse_fault("hello=drop:1"))
        call = client.request("tools/call", name="hello", arguments={})
        client.headers["mcp-name"] = "hello"
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.post(call)
        response = await client.post(client.request("tools/call", "2", name="hello", arguments={}))
        assert "hello" in response.text


async def test_a_request_that_the_core_makes_itself_has_no_connection_to_lose() -> None:
    async with bench() as it:
        it.set("hello=drop:1")
        request = Request("tools/call", "hello", clock=it.server.clock, bus=it.server.bus)
        answer = await within(it.server.pipeline.call_tool(request, "hello", {}), "an answer")
        assert isinstance(answer, CallToolResult)
        assert "lost its connection: injected fault" in text_of(answer)


async def test_the_clock_jumps_at_once_or_with_a_call_and_breakers_and_cache_follow() -> None:
    async with bench(breaker=BreakerSettings(failure_threshold=1, reset_timeout=30)) as it:
        await it.client.read_resource("text://a")
        it.set("hello=fail:1")
        assert (await it.call()).is_error
        assert "is open" in text_of(await it.call())
        it.set("clock:+30")
        assert text_of(await it.call()) == "hello", "the probe was let through"
        assert it.server.inspect().cache.entries == 1
        it.set("other=clock:+270:1")
        await it.call("other")
        assert it.server.inspect().cache.entries == 0, "its time is over"


async def test_a_clock_that_cannot_jump_is_told_of() -> None:
    injector = FaultInjector(Server("s").core)
    with pytest.raises(FaultSpecError, match="JumpingClock"):
        injector.set(parse_fault("clock:+60"))
    with pytest.raises(FaultSpecError, match="JumpingClock"):
        injector.set(parse_fault("x=clock:+60"))


async def test_faults_are_replaced_by_their_like_and_cleared_by_name_kind_or_all() -> None:
    async with bench() as it:
        for text in ("hello=fail:3", "hello=fail:1", "hello=delay:1", "other=hang"):
            it.set(text)
        assert [(each.name, each.how) for each in it.injector.fault_states()] == [
            ("hello", "fail:1"), ("hello", "delay:1"), ("other", "hang"),
        ]  # fmt: skip
        assert it.injector.clear("hello", "delay") == 1
        assert it.injector.clear("nothing") == 0
        assert it.injector.clear() == 2
        assert it.of(FaultCleared) == [
            FaultCleared("hello", "delay", 0), FaultCleared("hello", "fail", 0), FaultCleared("other", "hang", 0),
        ]  # fmt: skip
        assert it.injector not in it.server.pipeline.stages


async def test_a_name_that_nothing_has_is_refused_with_the_nearest() -> None:
    async with bench() as it:
        for name in ("hello", "tools", "text://a"):
            it.injector.check_name(name)
        with pytest.raises(FaultSpecError, match=r"'helo'; did you mean hello\?"):
            it.injector.check_name("helo")
        with pytest.raises(FaultSpecError, match="text://a"):
            it.injector.check_name("text://c")


async def test_faults_move_to_the_server_that_takes_the_place_of_theirs() -> None:
    async with bench() as it:
        it.set("hello=fail:1")
        fresh = Server("s", clock=it.server.clock)
        fresh.add(ToolsModule("tools", hello=hello))
        it.injector.move_to(fresh.core)
        assert text_of(await it.call()) == "hello"
        async with fresh.running(), connect(fresh) as client:
            assert (await client.call_tool("hello", {})).is_error
            assert not (await client.call_tool("hello", {})).is_error
