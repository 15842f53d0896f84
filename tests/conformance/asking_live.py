"""Tools that ask the client while they run, as 2025-11-25 has it."""

from __future__ import annotations

import json
import warnings
from typing import Any

from mcp.types import ElicitResult, SamplingMessage, TextContent

from server_core import Context, tool


async def _asked(ctx: Context, message: str, properties: dict[str, Any], required: list[str]) -> ElicitResult:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    result: ElicitResult = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return result


def _answer(result: ElicitResult) -> str:
    return f"action={result.action}, content={json.dumps(result.content)}"


@tool(structured=False)
async def test_sampling(prompt: str, ctx: Context) -> str:
    """Asks the client's model."""
    question = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sampling is deprecated in 2026-07-28
        result = await ctx.session.create_message(
            [question], max_tokens=100, related_request_id=ctx.request_id
        )
    return f"LLM response: {getattr(result.content, 'text', result.content)}"


@tool(structured=False)
async def test_elicitation(message: str, ctx: Context) -> str:
    """Asks the client's user."""
    result = await _asked(
        ctx,
        message,
        {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        },
        ["username", "email"],
    )
    return f"User response: {_answer(result)}"


@tool(structured=False)
async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    """Asks with a default for each kind of field."""
    result = await _asked(
        ctx,
        "Please review the defaults",
        {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": True},
        },
        [],
    )
    return f"Elicitation completed: {_answer(result)}"


@tool(structured=False)
async def test_elicitation_sep1330_enums(ctx: Context) -> str:
    """Asks with each kind of choice."""

    def titled(*titles: str) -> list[dict[str, str]]:
        return [{"const": f"value{number}", "title": title} for number, title in enumerate(titles, 1)]

    options = ["option1", "option2", "option3"]
    result = await _asked(
        ctx,
        "Please choose",
        {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {
                "type": "string",
                "oneOf": titled("First Option", "Second Option", "Third Option"),
            },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {
                "type": "array",
                "items": {"anyOf": titled("First Choice", "Second Choice", "Third Choice")},
            },
        },
        [],
    )
    return f"Elicitation completed: {_answer(result)}"
