"""Tools of the tasks extension's scenarios."""

from __future__ import annotations

import asyncio
from typing import Annotated

from mcp import MCPError
from mcp.server.mcpserver import Elicit, Resolve
from mcp.types import INTERNAL_ERROR
from pydantic import BaseModel

from server_core import Context, ToolError, task, tool


class Confirmation(BaseModel):
    """Yes or no."""

    confirm: bool


class Name(BaseModel):
    """A name."""

    name: str


@tool(structured=False)
def greet(name: str) -> str:
    """Greets, at once."""
    return f"Hello, {name}!"


@task(structured=False)
async def slow_compute(seconds: float, label: str = "") -> str:
    """Takes its time."""
    await asyncio.sleep(seconds)
    return f"{label or 'It'} took {seconds:g} s"


@task(only=True)
async def failing_job() -> str:
    """Fails as tools do."""
    await asyncio.sleep(1)
    raise ToolError("The job has failed")


@task
async def protocol_error_job() -> str:
    """Fails as the protocol does."""
    raise MCPError(INTERNAL_ERROR, "The job broke down")


@task(structured=False)
async def confirm_delete(filename: str, ctx: Context) -> str:
    """Asks while it works."""
    answer = await ctx.elicit(f"Delete {filename}?", Confirmation)
    return f"Deleted {filename}" if answer.action == "accept" and answer.data.confirm else "Kept it"


@task(structured=False)
async def multi_input(ctx: Context) -> str:
    """Asks two things at once."""
    first, second = await asyncio.gather(
        ctx.elicit("What is your name?", Name), ctx.elicit("And the other one's?", Name)
    )
    return f"{first.action}, {second.action}"


def ask_name() -> Elicit[Name]:
    """What `test_tool_with_task` wants to know before it is made a task."""
    return Elicit("What is your name?", Name)


@task(only=True, structured=False)
async def test_tool_with_task(user_name: Annotated[Name, Resolve(ask_name)]) -> str:
    """Knows whom it works for before it begins."""
    return f"Done for {user_name.name}"
