"""A plain tool asks its client's user while it runs, in both revisions, over memory and HTTP, and runs once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import (
    CreateMessageResult,
    ElicitResult,
    InputRequiredResult,
    ListRootsResult,
    Root,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel

from server_core import Context, FunctionsModule, Server, ToolError, prompt, tool
from server_core.protocol import suspended
from server_core.protocol.suspended import ANSWER_SECONDS
from server_core.testing import NEWEST, OLDEST, ManualClock, ProtocolRevision, connect
from tests.server_core.protocol.http_for_tests import connected, served
from tests.waiting import until

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])


class Confirmation(BaseModel):
    confirm: bool


class Count(BaseModel):
    count: int


begun: list[str] = []
ended: list[str] = []


@tool
async def clear(ctx: Context, shelf: str) -> str:
    """Clear a shelf after asking."""
    begun.append(shelf)
    try:
        answer = await ctx.elicit(f"Clear {shelf}?", Confirmation)
    except ToolError as error:
        ended.append(str(error))
        raise
    await ctx.report_progress(1, 2)
    if answer.action != "accept" or not answer.data.confirm:
        return "kept"
    many = await ctx.elicit("How many?", Count)
    return f"cleared {many.data.count}" if many.action == "accept" else "kept"


@tool
async def both(ctx: Context) -> str:
    """Ask two things at once."""
    answers: Any = await asyncio.gather(ctx.elicit("Clear?", Confirmation), ctx.elicit("How many?", Count))
    return " ".join(str(answer.data.model_dump()) for answer in answers)


@tool
async def through(ctx: Context) -> str:
    """Call a tool that asks."""
    result = await ctx.call_tool("clear", {"shelf": "inner"})
    return result.content[0].text  # type: ignore[union-attr]


@tool
async def sampled(ctx: Context) -> str:
    """Ask the client's model, and for its roots."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text="Hello"))
    answer = await ctx.session.create_message([message], max_tokens=10)
    roots = await ctx.session.list_roots()
    return f"{answer.content.text} {roots.roots[0].uri}"


@prompt
async def greeting(ctx: Context) -> str:
    """Ask for a number."""
    answer = await ctx.elicit("How many?", Count)
    return f"Greet {answer.data.count}" if answer.action == "accept" else "Greet"


def server(**options: Any) -> Server:
    made = Server("asking", **options)
    made.add(FunctionsModule("tools", functions=[clear, both, through, sampled, greeting]))
    return made


async def answer(_context: Any, params: Any) -> ElicitResult:
    content: dict[str, Any] = {"confirm": True} if "Clear" in params.message else {"count": 3}
    return ElicitResult(action="accept", content=content)


async def sample(_context: Any, _params: Any) -> CreateMessageResult:
    return CreateMessageResult(role="assistant", content=TextContent(type="text", text="Hi"), model="m")


async def list_roots(_context: Any) -> ListRootsResult:
    return ListRootsResult(roots=[Root(uri="file:///here")])


ANSWERING: dict[str, Any] = {
    "elicitation_callback": answer, "sampling_callback": sample, "list_roots_callback": list_roots,
}  # fmt: skip


@asynccontextmanager
async def client_of(transport: str, protocol: ProtocolRevision) -> AsyncIterator[Client]:
    made = server()
    if transport == "http":
        async with served(made) as url, connected(url, protocol, **ANSWERING) as client:
            yield client
    else:
        async with made.running(), connect(made, protocol, **ANSWERING) as client:
            yield client


async def text_of(client: Client, name: str, **arguments: Any) -> str:
    result = await client.call_tool(name, arguments)
    return result.content[0].text  # type: ignore[union-attr]


@pytest.mark.filterwarnings("ignore:The .* capability is deprecated")
@REVISIONS
@pytest.mark.parametrize("transport", ["memory", "http"])
async def test_a_function_asks_while_it_runs_and_runs_once(
    transport: str, protocol: ProtocolRevision
) -> None:
    begun.clear()
    async with client_of(transport, protocol) as client:
        assert await text_of(client, "clear", shelf="A") == "cleared 3"
        assert await text_of(client, "both") == "{'confirm': True} {'count': 3}"
        assert await text_of(client, "through") == "cleared 3"
        assert await text_of(client, "sampled") == "Hi file:///here"
        rendered = await client.get_prompt("greeting")
        assert rendered.messages[0].content.text == "Greet 3"  # type: ignore[union-attr]
    assert begun == ["A", "inner"]


async def test_a_client_that_cannot_be_asked_is_told_so() -> None:
    core = server()
    async with core.running(), connect(core) as client:
        text = await text_of(client, "clear", shelf="A")
        assert "this client can't be asked: it does not declare elicitation" in text
    async with core.running(), connect(core, list_roots_callback=list_roots) as client:
        with pytest.raises(MCPError, match="needs elicitation/create, which the client does not declare"):
            await text_of(client, "clear", shelf="A")


async def asked(client: Client, **arguments: Any) -> InputRequiredResult:
    result = await client.session.call_tool("clear", arguments, allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    return result


async def test_an_answer_counts_once_and_a_call_without_one_ends_in_time() -> None:
    ended.clear()
    clock = ManualClock()
    core = server(clock=clock)
    async with core.running(), connect(core, **ANSWERING) as client:
        first = await asked(client, shelf="A")
        assert first.input_requests is not None
        ((key, _question),) = first.input_requests.items()
        again: dict[str, Any] = {
            "input_responses": {key: ElicitResult(action="decline")},
            "request_state": first.request_state,
        }
        result = await client.session.call_tool("clear", {"shelf": "A"}, **again)
        assert result.content[0].text == "kept"  # type: ignore[union-attr]
        with pytest.raises(MCPError, match="is no longer waiting for an answer"):
            await client.session.call_tool("clear", {"shelf": "A"}, **again)
        late = await asked(client, shelf="B")
        await until(lambda: clock.sleepers, "somebody watches the time")
        clock.advance(ANSWER_SECONDS)
        await until(lambda: ended, "the function has heard that nobody answers")
        assert "got no answer within 600 s" in ended[0]
        with pytest.raises(MCPError, match="is no longer waiting for an answer"):
            await client.session.call_tool("clear", {"shelf": "B"}, request_state=late.request_state)


async def test_only_so_many_calls_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    ended.clear()
    monkeypatch.setattr(suspended, "MOST_WAITING", 2)
    core = server()
    async with core.running(), connect(core, **ANSWERING) as client:
        for shelf in "ABC":
            await asked(client, shelf=shelf)
        await until(lambda: ended, "the first has ended")
        assert len(ended) == 1
        assert "too many calls are waiting" in ended[0]
