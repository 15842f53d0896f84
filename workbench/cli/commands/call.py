"""`workbench call`: a tool by hand."""

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
    """Call the tool and print its result: the texts as they are, or with --json the protocol's result."""
    if options.args is not None and options.arguments:
        raise CommandError(USAGE, "Give the arguments as key=value or by --args, not both")
    given = json_arguments(options.args) if options.args is not None else None

    async def work(engine: Engine) -> int:
        tools = {tool.name: tool for tool in await engine.list_tools(options.protocol)}
        tool = tools.get(options.tool)
        if tool is None:
            raise not_found("tool", options.tool, tools)
        arguments = typed(options.arguments, tool.input_schema) if given is None else given
        record = await engine.call_tool(
            tool.name,
            arguments,
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


def _progress(progress: float, total: float | None, message: str) -> None:
    share = f"{progress:g}/{total:g}" if total else f"{progress:g}"
    say(f"  {share} {message}".rstrip())


def block_text(block: dict[str, Any]) -> str:
    """A content block as text; what is no text is told by its type and size."""
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
