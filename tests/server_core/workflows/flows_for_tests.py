"""Servers with workflows, for the tests of their steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp import Client

from server_core.bus import Event
from server_core.manual_clock import ManualClock
from server_core.modules.functions import FunctionsModule
from server_core.modules.workflows import WorkflowsModule
from server_core.server import Server

TOOLS = '''
import asyncio
from server_core import ToolError, tool

calls = []
running = 0
most = 0
gates = {}

@tool
async def echo(value: object = None) -> dict[str, object]:
    calls.append(value)
    return {"value": value}

@tool
async def fail(text: str = "no luck") -> str:
    calls.append("fail")
    raise ToolError(text)

@tool
async def flaky(times: int = 1) -> str:
    """Fails so many times, then works."""
    calls.append("flaky")
    if calls.count("flaky") <= times:
        raise ToolError("the line is busy")
    return "at last"

@tool
async def typed(count: int) -> int:
    calls.append("typed")
    return count

@tool
async def meet(name: str, others: int = 2) -> str:
    """Returns when so many of these run at the same time."""
    global running, most
    running += 1
    most = max(most, running)
    gate = gates.setdefault("meet", asyncio.Event())
    if running >= others:
        gate.set()
    await gate.wait()
    running -= 1
    return name

@tool
async def hang(name: str = "") -> str:
    calls.append(f"{name} began")
    try:
        await asyncio.Event().wait()
    finally:
        calls.append(f"{name} stopped")
    return ""

@tool
async def seen() -> list[object]:
    return [*calls]

@tool
async def most_at_once() -> int:
    return most
'''


def call(name: str, tool: str = "echo", **keys: Any) -> dict[str, Any]:
    """A `tool_call` with this id."""
    return {"id": name, "type": "tool_call", "tool": tool, **keys}


def value(name: str, of: Any, **keys: Any) -> dict[str, Any]:
    """A `data_transform` of a template with this id."""
    return {"id": name, "type": "data_transform", "value": of, **keys}


def flows(
    folder: Path,
    *steps: Any,
    others: dict[str, Any] | None = None,
    clock: ManualClock | None = None,
    table: dict[str, Any] | None = None,
    **options: Any,
) -> Server:
    """A server with the tools above and a workflow `w` of these steps."""
    (folder / "tools.py").write_text(TOOLS)
    server = Server("s", base=folder, **({"clock": clock} if clock else {}))
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    workflows = {"w": {"steps": list(steps), **(table or {})}, **(others or {})}
    server.add(WorkflowsModule("flows", workflows=workflows, **options))
    return server


def flows_module(server: Server) -> WorkflowsModule:
    """The module of `flows`."""
    module = server.modules["flows"].instance
    assert isinstance(module, WorkflowsModule)
    return module


def told_by(server: Server, *kinds: type) -> list[Any]:
    """The facts of these kinds from now on."""
    told: list[Any] = []

    def listen(event: Event) -> None:
        if isinstance(event.fact, kinds):
            told.append(event.fact)

    server.bus.subscribe(listen)
    return told


async def outcome(client: Client, /, tool: str = "w", **arguments: Any) -> dict[str, Any]:
    """What a run answers, by the workflow's own tool; also of one that failed."""
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is not None, result
    data: dict[str, Any] = result.structured_content
    return data


async def calls_of(client: Client) -> list[Any]:
    """What the tools above have been called with."""
    answer = (await client.call_tool("seen", {})).structured_content
    assert answer is not None
    calls: list[Any] = answer["result"]
    return calls
