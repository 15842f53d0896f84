"""What a function's context says to the client, and what it asks of it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from mcp.types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    LoggingMessageNotificationParams,
    PromptMessage,
    TextContent,
)

from server_core import Context, FunctionsModule, Server, prompt, tool
from server_core.testing import OLDEST, connect
from tests.waiting import until

pytestmark = pytest.mark.anyio


@tool
async def chatter(ctx: Context) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logging is deprecated in 2026-07-28
        await ctx.debug("a")
        await ctx.info({"number": float("nan"), "text": "\ud800", "object": range(2)})
        await ctx.error("c")
    return "done"


@prompt
async def greeting(ctx: Context) -> str | InputRequiredResult:
    answers = ctx.input_responses or {}
    answer = answers.get("name")
    if isinstance(answer, ElicitResult) and answer.content:
        return f"Greet {answer.content['name']}"
    schema: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}
    asked = ElicitRequestFormParams(message="Your name?", requested_schema=schema)
    return InputRequiredResult(input_requests={"name": ElicitRequest(params=asked)})


@prompt
def dialogue() -> list[PromptMessage | str]:
    answer = TextContent(type="text", text="Hello")
    return [PromptMessage(role="assistant", content=answer), "Who is there?"]


def server() -> Server:
    made = Server("s")
    made.add(FunctionsModule("m", functions=[chatter, greeting, dialogue]))
    return made


async def test_a_client_hears_log_messages_of_the_level_that_it_asked_for_and_above() -> None:
    heard: list[Any] = []

    async def hear(params: LoggingMessageNotificationParams) -> None:
        heard.append(params.data)

    core = server()
    async with core.running(), connect(core, OLDEST, logging_callback=hear) as client:
        await client.call_tool("chatter", {})
        await until(lambda: len(heard) == 3, "all levels are heard")
        assert heard == ["a", {"number": "NaN", "text": "\ufffd", "object": "range(0, 2)"}, "c"]
        heard.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await client.set_logging_level("warning")
        await client.call_tool("chatter", {})
        await until(lambda: heard, "one level is heard")
        assert heard == ["c"]


async def test_a_prompt_may_ask_the_user_before_it_answers() -> None:
    async def answer(_context: Any, params: Any) -> ElicitResult:
        assert params.message == "Your name?"
        return ElicitResult(action="accept", content={"name": "Ada"})

    core = server()
    async with core.running(), connect(core, elicitation_callback=answer) as client:
        rendered = await client.get_prompt("greeting")
        assert rendered.messages[0].content.text == "Greet Ada"  # type: ignore[union-attr]


async def test_a_prompt_may_return_the_protocols_own_messages() -> None:
    core = server()
    async with core.running(), connect(core) as client:
        rendered = await client.get_prompt("dialogue")
        assert [(message.role, message.content.text) for message in rendered.messages] == [  # type: ignore[union-attr]
            ("assistant", "Hello"),
            ("user", "Who is there?"),
        ]
