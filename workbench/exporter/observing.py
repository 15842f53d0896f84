"""Collects a server's answers to a client as plain JSON that can be compared."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mcp import Client, MCPError
from mcp.shared.uri_template import UriTemplate
from mcp.types import PromptReference, ResourceTemplateReference
from pydantic import BaseModel

from .samples import sample_arguments

CALL_SECONDS = 60.0
PAGES = 10_000
VALUES_OF_TEMPLATE = 3

_REFERENCE = re.compile(r"\(reference [0-9a-f]+\)")

Progress = Callable[[str], None]


@dataclass(slots=True)
class Probes:
    """The requests to make to both servers.

    Attributes:
        calls: Tools marked read-only, with arguments.
        prompts: Prompts with arguments.
    """

    reads: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    prompts: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass(slots=True)
class Observed:
    """A server's answers, by kind and then by what was requested."""

    server: dict[str, Any]
    tools: dict[str, Any]
    resources: dict[str, Any]
    templates: dict[str, Any]
    prompts: dict[str, Any]
    reads: dict[str, Any] = field(default_factory=dict)
    calls: dict[str, Any] = field(default_factory=dict)
    rendered: dict[str, Any] = field(default_factory=dict)


async def lists_of(client: Client) -> Observed:
    """Return the server's description of itself, and all pages of its lists.

    Raises:
        MCPError: It fails to answer a list request.
    """
    capabilities = client.server_capabilities
    about = {
        "info": _json(client.server_info),
        "instructions": client.instructions,
        "capabilities": _json(capabilities),
    }
    return Observed(
        about,
        await _listed(client.list_tools, "tools", "name"),
        await _listed(client.list_resources, "resources", "uri"),
        await _listed(client.list_resource_templates, "resource_templates", "uriTemplate"),
        await _listed(client.list_prompts, "prompts", "name"),
    )


async def answers_of(client: Client, observed: Observed, probes: Probes, on_progress: Progress) -> None:
    """Make all requests and add the answers to `observed`."""
    total = len(probes.reads) + len(probes.calls) + len(probes.prompts)
    done = 0

    async def take(found: dict[str, Any], key: str, work: Awaitable[BaseModel]) -> None:
        nonlocal done
        found[key] = await _outcome(work)
        done += 1
        on_progress(f"{done}/{total} {key}")

    for uri in probes.reads:
        await take(observed.reads, uri, client.read_resource(uri))
    for name, arguments in probes.calls:
        await take(observed.calls, call_text(name, arguments), client.call_tool(name, arguments))
    for name, texts in probes.prompts:
        await take(observed.rendered, call_text(name, texts), client.get_prompt(name, texts))


async def probes_of(
    client: Client, observed: Observed, saved: Callable[[str], Iterable[dict[str, Any]]]
) -> Probes:
    """Collect the requests that change nothing on the server.

    Args:
        saved: Returns the arguments that the user has called a tool with.
    """
    probes = Probes(reads=list(observed.resources))
    for template in observed.templates:
        probes.reads += await _template_uris(client, template)
    for name, tool in observed.tools.items():
        if not (tool.get("annotations") or {}).get("readOnlyHint"):
            continue
        schema = tool.get("inputSchema") or {}
        examples = [each for each in schema.get("examples") or () if isinstance(each, dict)]
        tried = [*(examples or [sample_arguments(schema)]), *saved(name)]
        unique = {call_text(name, arguments): arguments for arguments in tried}
        probes.calls += [(name, arguments) for arguments in unique.values()]
    for name, prompt in observed.prompts.items():
        reference = PromptReference(type="ref/prompt", name=name)
        texts = {}
        for argument in prompt.get("arguments") or ():
            if argument.get("required"):
                values = await _completions(client, reference, argument["name"])
                texts[argument["name"]] = values[0] if values else "a"
        probes.prompts.append((name, texts))
    probes.reads = list(dict.fromkeys(probes.reads))
    return probes


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """Format a call as text: `add(a=1, b=2)`."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def is_error(answer: Any) -> bool:
    """Whether an answer, as JSON, is an error."""
    return "error" in answer or bool(answer.get("isError"))


def shape_of(value: Any) -> Any:
    """Reduce an answer that differs every time to what stays the same: its keys and types."""
    if isinstance(value, dict):
        return {key: shape_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value).__name__


async def _template_uris(client: Client, template: str) -> list[str]:
    """Return some URIs of a template, if the server completes its variables."""
    parsed = UriTemplate.parse(template)
    needed = [name for name in parsed.variable_names if name not in parsed.query_variable_names]
    reference = ResourceTemplateReference(type="ref/resource", uri=template)
    if len(needed) != 1:
        return []
    values = await _completions(client, reference, needed[0])
    return [parsed.expand({needed[0]: value}) for value in values[:VALUES_OF_TEMPLATE]]


async def _completions(client: Client, reference: Any, argument: str) -> list[str]:
    try:
        result = await client.complete(reference, {"name": argument, "value": ""})
    except MCPError:
        return []
    return list(result.completion.values)


async def _listed(ask: Callable[..., Awaitable[Any]], field_name: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor: str | None = None
    for _page in range(PAGES):
        result = await ask(cursor=cursor)
        for item in getattr(result, field_name):
            data = _json(item)
            found[str(data[key])] = data
        cursor = result.next_cursor
        if cursor is None:
            return found
    raise MCPError(-32603, f"the list of {field_name} does not end")


async def _outcome(work: Awaitable[BaseModel]) -> Any:
    """Return an answer as JSON, or an error as a client sees it, without the parts that differ every time."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            result = _json(await work)
    except MCPError as error:
        data = error.error.data
        if isinstance(data, dict):
            data = {key: value for key, value in data.items() if key not in ("timestamp", "reference")}
        return {"error": {"code": error.error.code, "message": _steady(error.error.message), "data": data}}
    except TimeoutError:
        return {"error": f"no answer within {CALL_SECONDS:g} s"}
    # The remaining TTL depends on the time of the request.
    result.pop("ttlMs", None)
    if result.get("isError"):
        for block in result.get("content") or ():
            if "text" in block:
                block["text"] = _steady(block["text"])
    return result


def _steady(text: str) -> str:
    return _REFERENCE.sub("(reference …)", text)


def _json(model: BaseModel | None) -> Any:
    return None if model is None else model.model_dump(mode="json", by_alias=True, exclude_none=True)
