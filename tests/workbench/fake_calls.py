"""An engine without a server that has tools, prompts and resources, and answers calls as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mcp.types import Prompt, PromptArgument, Resource, ResourceTemplate, Tool, ToolAnnotations

from server_core.inspection import CacheEntryState
from tests.workbench.fakes import NOON, FakeEngine
from workbench.engine import EngineError
from workbench.engine.following import Gathered
from workbench.forms import dump_json
from workbench.records import CallError, CallMethod, CallRecord, Frame, Owner, Owners

NEWEST = "2026-07-28"

TOOLS = (
    Tool(
        name="query",
        title="Query shop",
        description="Run one SQL statement that reads. Tables: authors, books, orders.",
        input_schema={
            "type": "object",
            "properties": {
                "sql": {"type": "string", "description": "One statement that reads"},
                "parameters": {
                    "anyOf": [{"type": "array", "items": {}}, {"type": "object"}, {"type": "null"}]
                },
                "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
            },
            "required": ["sql"],
        },
        annotations=ToolAnnotations(read_only_hint=True),
    ),
    Tool(
        name="add",
        description="Adds two numbers.",
        input_schema={
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    ),
    Tool(
        name="reindex",
        description="Goes through the catalogue.",
        input_schema={"type": "object", "properties": {}},
    ),
    Tool(
        name="order",
        description="Orders books for a customer.",
        input_schema={
            "type": "object",
            "properties": {
                "customer": {"type": "string"},
                "lines": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "isbn": {"type": "string"},
                            "copies": {"type": "integer", "default": 1},
                        },
                        "required": ["isbn"],
                    },
                },
            },
            "required": ["customer", "lines"],
        },
    ),
)

PROMPTS = (
    Prompt(
        name="review",
        description="Asks for a short review of a book.",
        arguments=[
            PromptArgument(name="title", description="Of the book", required=True),
            PromptArgument(name="tone", required=False),
        ],
    ),
)

RESOURCES = (
    Resource(uri="db://schema", name="schema", mime_type="application/json", description="Tables of shop"),
    Resource(uri="db://table/books", name="books", mime_type="application/json"),
    Resource(uri="db://table/orders", name="orders", mime_type="application/json"),
    Resource(
        uri="file:///docs/guide/closing.md", name="guide/closing.md", mime_type="text/markdown", size=312
    ),
    Resource(
        uri="file:///docs/guide/opening.md", name="guide/opening.md", mime_type="text/markdown", size=120
    ),
    Resource(uri="file:///docs/cover.png", name="cover.png", mime_type="image/png", size=15_000),
)

TEMPLATES = (
    ResourceTemplate(
        uri_template="db://table/{name}{?limit,offset}", name="rows", description="Rows of a table"
    ),
)

OWNERS = Owners(
    tools={
        "query": Owner("shop", breaker="shop"),
        "add": Owner("tools", "tools.py:19"),
        "reindex": Owner("tools", task=True),
        "order": Owner("tools"),
    },
    prompts={"review": Owner("tools")},
    resources={
        str(item.uri): Owner("shop" if str(item.uri).startswith("db") else "docs", cached=True)
        for item in RESOURCES
    },
    templates={"db://table/{name}{?limit,offset}": Owner("shop", cached=True)},
)

Answer = Callable[[Mapping[str, Any]], Any]
"""What a call answers: a result, a `CallError`, or something to wait for first."""


def text_result(text: str) -> dict[str, Any]:
    """A tool's result of one text."""
    return {"content": [{"type": "text", "text": text}]}


def record_of(
    method: CallMethod = "tools/call",
    target: str = "add",
    arguments: Mapping[str, Any] | None = None,
    answer: Any = None,
    *,
    key: str = "k1",
    seconds: float = 0.0019,
    started: float = NOON,
    protocol: str = NEWEST,
    stages: Sequence[tuple[str, float]] = (("pool", 0.0001), ("query", 0.0011), ("handler", 0.0015)),
) -> CallRecord:
    """A call that has ended."""
    error = answer if isinstance(answer, CallError) else None
    result = None if error else answer
    bad = isinstance(result, dict) and result.get("isError")
    outcome = "error" if error else "tool_error" if bad else "ok"
    size = len(dump_json(result)) if result is not None else 0
    return CallRecord(
        key,
        method,
        target,
        protocol,
        dict(arguments or {}),
        outcome,  # type: ignore[arg-type]
        result,
        error,
        started,
        seconds,
        tuple(stages),
        size,
    )


class FakeStore:
    """A history that is a list, newest first."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []

    def calls(self, target: str | None = None, limit: int = 50) -> list[CallRecord]:
        return [record for record in self.records if target in (None, record.target)][:limit]


class CallEngine(FakeEngine):
    """Answers calls.

    Attributes:
        answers: by the tool's, prompt's or resource's name, made of the arguments.
        gates: a call of that name waits for its event.
        progress: what a call of that name reports before it waits.
        suggestions: of completions, by argument.
        streams: what comes of a stream before it waits at its gate; it ends, or fails with its failure.
    """

    def __init__(self, *story: Any, **words: Any) -> None:
        super().__init__(*story, **words)
        self.tools: Sequence[Tool] = TOOLS
        self.resources: Sequence[Resource] = RESOURCES
        self.offers = OWNERS
        self.store = FakeStore()
        self.answers: dict[str, Answer] = {}
        self.references: dict[str, str] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.progress: dict[str, tuple[float, float | None, str]] = {}
        self.suggestions: dict[str, list[str]] = {}
        self.cached: dict[str, CacheEntryState] = {}
        self.cancelled: list[str] = []
        self.streams: dict[str, Sequence[Gathered]] = {}
        self.stream_failures: dict[str, str] = {}
        self.listed = 0

    async def list_tools(self, protocol: str = NEWEST) -> Sequence[Tool]:
        self.commands.append(("list_tools", protocol))
        return self.tools

    async def list_prompts(self, protocol: str = NEWEST) -> Sequence[Prompt]:
        return PROMPTS

    async def list_resources(self, protocol: str = NEWEST) -> Sequence[Resource]:
        self.listed += 1
        return self.resources

    async def list_templates(self, protocol: str = NEWEST) -> Sequence[ResourceTemplate]:
        return TEMPLATES

    async def owners(self) -> Owners:
        return self.offers

    async def call_tool(self, name: str, arguments: Mapping[str, Any], **options: Any) -> CallRecord:
        self.commands.append(("call_tool", name, dict(arguments), options["protocol"], options["timeout"]))
        return await self._answer("tools/call", name, arguments, options)

    async def get_prompt(self, name: str, arguments: Mapping[str, str], **options: Any) -> CallRecord:
        self.commands.append(("get_prompt", name, dict(arguments)))
        return await self._answer("prompts/get", name, arguments, options)

    async def read(self, uri: str, **options: Any) -> CallRecord:
        self.commands.append(("read", uri, options["protocol"]))
        return await self._answer("resources/read", uri, {}, options)

    async def _answer(
        self, method: CallMethod, target: str, arguments: Mapping[str, Any], options: Mapping[str, Any]
    ) -> CallRecord:
        if target in self.progress and options.get("on_progress"):
            options["on_progress"](*self.progress[target])
        if target in self.gates:
            try:
                await self.gates[target].wait()
            except asyncio.CancelledError:
                self.cancelled.append(target)
                raise
        made = self.answers.get(target, lambda _arguments: text_result("done"))(arguments)
        record = record_of(method, target, arguments, made, key=options["key"], protocol=options["protocol"])
        record = replace(record, reference=self.references.get(target, ""))
        self.store.records.insert(0, record)
        return record

    async def follow(self, uri: str, on_gathered: Callable[[Gathered], None], **_options: Any) -> None:
        self.commands.append(("follow", uri))
        for gathered in self.streams.get(uri, ()):
            on_gathered(gathered)
        if uri in self.gates:
            try:
                await self.gates[uri].wait()
            except asyncio.CancelledError:
                self.cancelled.append(uri)
                raise
        if uri in self.stream_failures:
            raise EngineError(self.stream_failures[uri])

    async def complete(
        self, ref: Mapping[str, str], argument: str, value: str, context: Mapping[str, str], **_options: Any
    ) -> list[str]:
        self.commands.append(("complete", dict(ref), argument, value, dict(context)))
        return [word for word in self.suggestions.get(argument, []) if word.startswith(value)]

    async def cache_entry(self, uri: str) -> CacheEntryState | None:
        return self.cached.get(uri)

    async def evict(self, key: str) -> bool:
        self.commands.append(("evict", key))
        return self.cached.pop(key, None) is not None

    def frames(self, key: str | None = None) -> list[Frame]:
        if key is None:
            return []
        asked = {"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "add"}}
        answered = {"jsonrpc": "2.0", "id": 4, "result": {"content": []}}
        return [
            Frame(NOON, "client", NEWEST, "request", "tools/call", 4, lambda: asked),
            Frame(NOON + 0.0021, "server", NEWEST, "response", "tools/call", 4, lambda: answered),
        ]
