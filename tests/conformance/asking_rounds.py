"""Tools and a prompt that ask the client by asking to be called again, as 2026-07-28 has it."""

from __future__ import annotations

from typing import Any

from mcp import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

from server_core import Context, prompt, tool

Answer = str | InputRequiredResult


def _form(message: str, field: str, kind: str = "string") -> ElicitRequest:
    schema: dict[str, Any] = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _question(text: str, max_tokens: int = 100) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens))


def _given(ctx: Context, name: str, field: str) -> Any:
    """What the user has filled in, `None` if that is still to be asked."""
    answer = (ctx.input_responses or {}).get(name)
    return answer.content.get(field) if isinstance(answer, ElicitResult) and answer.content else None


def _said(ctx: Context, name: str) -> str | None:
    """What the client's model has said."""
    answer = (ctx.input_responses or {}).get(name)
    return getattr(answer.content, "text", None) if isinstance(answer, CreateMessageResult) else None


def _roots(ctx: Context, name: str) -> list[str] | None:
    """The URIs of the client's roots."""
    answer = (ctx.input_responses or {}).get(name)
    return [str(root.uri) for root in answer.roots] if isinstance(answer, ListRootsResult) else None


@tool(structured=False)
async def test_input_required_result_elicitation(ctx: Context) -> Answer:
    """Asks for a name."""
    name = _given(ctx, "user_name", "name")
    if isinstance(name, str):
        return f"Hello, {name}!"
    return InputRequiredResult(input_requests={"user_name": _form("What is your name?", "name")})


@tool(structured=False)
async def test_input_required_result_sampling(ctx: Context) -> Answer:
    """Asks the client's model for a capital."""
    said = _said(ctx, "capital_question")
    if said is not None:
        return said
    return InputRequiredResult(
        input_requests={"capital_question": _question("What is the capital of France?")}
    )


@tool(structured=False)
async def test_input_required_result_list_roots(ctx: Context) -> Answer:
    """Asks for the client's roots."""
    roots = _roots(ctx, "client_roots")
    if roots is not None:
        return f"Roots: {', '.join(roots)}"
    return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})


@tool(structured=False)
async def test_input_required_result_request_state(ctx: Context) -> Answer:
    """Asks for a confirmation, with a state of its own."""
    if ctx.request_state == "confirming" and _given(ctx, "confirm", "ok") is not None:
        return "state-ok"
    return InputRequiredResult(
        input_requests={"confirm": _form("Please confirm", "ok", "boolean")}, request_state="confirming"
    )


@tool(structured=False)
async def test_input_required_result_tampered_state(ctx: Context) -> Answer:
    """The same; the server itself refuses a state that it has not written."""
    return await test_input_required_result_request_state(ctx)


@tool(structured=False)
async def test_input_required_result_multiple_inputs(ctx: Context) -> Answer:
    """Asks for three things at once."""
    name, said, roots = _given(ctx, "user_name", "name"), _said(ctx, "greeting"), _roots(ctx, "client_roots")
    if ctx.request_state == "asked" and None not in (name, said, roots):
        return f"{said} {name}, of {roots}"
    return InputRequiredResult(
        input_requests={
            "user_name": _form("What is your name?", "name"),
            "greeting": _question("Generate a greeting", 50),
            "client_roots": ListRootsRequest(),
        },
        request_state="asked",
    )


@tool(structured=False)
async def test_input_required_result_multi_round(ctx: Context) -> Answer:
    """Asks twice."""
    state = ctx.request_state or ""
    name, color = _given(ctx, "step1", "name"), _given(ctx, "step2", "color")
    if state.startswith("name:") and color is not None:
        return f"{state.removeprefix('name:')} likes {color}."
    if state == "asked for the name" and name is not None:
        asked = _form("Step 2: What is your favorite color?", "color")
        return InputRequiredResult(input_requests={"step2": asked}, request_state=f"name:{name}")
    asked = _form("Step 1: What is your name?", "name")
    return InputRequiredResult(input_requests={"step1": asked}, request_state="asked for the name")


@tool(structured=False)
async def test_input_required_result_capabilities(ctx: Context) -> Answer:
    """Asks for what the client is able to answer."""
    able = ctx.session.client_capabilities or ClientCapabilities()
    if _said(ctx, "question") is not None or _given(ctx, "name", "name") is not None:
        return "Thank you."
    asked: dict[str, Any] = {}
    if able.sampling is not None:
        asked["question"] = _question("What is the capital of France?")
    if able.elicitation is not None:
        asked["name"] = _form("What is your name?", "name")
    return InputRequiredResult(input_requests=asked) if asked else "There is nobody to ask."


@tool(structured=False)
async def test_missing_capability(ctx: Context) -> str:
    """Serves only clients with a model."""
    able = ctx.session.client_capabilities
    if able is None or able.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs a client that can sample",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return "The client can sample."


@tool(structured=False)
async def test_streaming_elicitation(ctx: Context) -> Answer:
    """Asks after it has begun to stream."""
    await ctx.report_progress(0, 1, "about to ask")
    if _given(ctx, "user_name", "name") is not None:
        return "Thank you."
    return InputRequiredResult(input_requests={"user_name": _form("What is your name?", "name")})


@prompt
async def test_input_required_result_prompt(ctx: Context) -> Answer:
    """A prompt that asks for its context."""
    context = _given(ctx, "user_context", "context")
    if context is not None:
        return f"Use this context: {context}"
    asked = _form("What context should the prompt use?", "context")
    return InputRequiredResult(input_requests={"user_context": asked})
