"""`workbench call`: call a tool."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from workbench.cli.arguments import json_arguments, typed
from workbench.cli.failures import USAGE, CommandError, not_found
from workbench.cli.output import say, show
from workbench.cli.records import conclude
from workbench.cli.session import with_engine
from workbench.engine import Engine


def run(options: Namespace) -> int:
    """Call the tool and print its result: its texts, or with --json the protocol's result."""
    given = given_arguments(options)

    async def work(engine: Engine) -> int:
        record = await engine.call_tool(
            options.tool,
            await arguments_of(engine, options, given),
            protocol=options.protocol,
            timeout=options.timeout,
            on_progress=_progress,
        )
        result, code = conclude(record, as_json=options.json)
        if not options.json:
            for block in result.get("content") or ():
                show(block_text(block))
        return code

    return with_engine(options, work)


def given_arguments(options: Namespace) -> dict[str, Any] | None:
    """Return the arguments of `--args`, or `None` if they are given as key=value, which needs the tool's schema."""
    if options.args is not None and options.arguments:
        raise CommandError(USAGE, "Give the arguments as key=value or with --args, not both")
    return json_arguments(options.args) if options.args is not None else None


async def arguments_of(engine: Engine, options: Namespace, given: dict[str, Any] | None) -> dict[str, Any]:
    """Return the arguments for the tool that the command names.

    Raises:
        CommandError: There is no such tool, or they don't match its schema.
    """
    tools = {tool.name: tool for tool in await engine.list_tools(options.protocol)}
    tool = tools.get(options.tool)
    if tool is None:
        raise not_found("tool", options.tool, tools)
    return typed(options.arguments, tool.input_schema) if given is None else given


def _progress(progress: float, total: float | None, message: str) -> None:
    share = f"{progress:g}/{total:g}" if total else f"{progress:g}"
    say(f"  {share} {message}".rstrip())


def block_text(block: dict[str, Any]) -> str:
    """Format a content block as text; for binary content, its type and size."""
    kind = block.get("type")
    if kind == "text":
        return str(block["text"])
    if kind == "resource_link":
        return str(block["uri"])
    if kind == "resource":
        resource = block["resource"]
        return str(resource.get("text") or f"[{resource.get('mimeType', 'binary')} {resource.get('uri')}]")
    size = len(block.get("data", "")) * 3 // 4
    return f"[{kind} {block.get('mimeType', '')}, {size:,} bytes; --json has the data]"
