"""What a module offers to clients: tools, resources, templates and prompts, each with its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp.shared.uri_template import UriTemplate
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    Resource,
    ResourceTemplate,
    TextResourceContents,
    Tool,
)

from .error_texts import shortened
from .errors import InvalidArgumentsError, nearest
from .request import Request
from .settings import LimitSettings

Contents = Sequence[TextResourceContents | BlobResourceContents]
"""The result of a read: usually one content, several for a stream's chunks."""

ToolHandler = Callable[[Request, dict[str, Any]], Awaitable[CallToolResult | InputRequiredResult]]
ArgumentCheck = Callable[[dict[str, Any]], object]
Preparer = Callable[[Request, dict[str, Any]], Awaitable[Mapping[str, Any] | InputRequiredResult]]
ReadHandler = Callable[[Request, str, Mapping[str, Any]], Awaitable[Contents]]
PromptHandler = Callable[[Request, dict[str, str]], Awaitable[GetPromptResult | InputRequiredResult]]
TakePiece = Callable[[str], None]
FollowHandler = Callable[[Request, str, Mapping[str, Any], TakePiece], Awaitable[None]]
"""Delivers the pieces of a stream as they arrive, until it ends or the request is cancelled."""
Completer = Callable[[Request, str, str, Mapping[str, str]], Awaitable[Sequence[str]]]
"""`(request, argument, typed so far, other arguments) -> suggestions`; at most 100 are sent."""


@dataclass(frozen=True, slots=True)
class ToolItem:
    """A tool.

    `breaker` names the breaker that guards its handler; empty for none. `seconds` overrides the server's time limit for
    a call. A slow read-only tool may be `cached`. `task` allows it to run as a long task, `task_only` nothing else;
     `source` is the `file:line` of its code, if any. `check`, if given, only raises `InvalidArgumentsError` for
    arguments that the handler would refuse. `prepare`, if given, resolves what the tool's parameters ask
    the client before it runs: it returns the values, or the questions. `asks` means that the handler may ask its client
    while it runs (`Request.ask_client`), or calls tools that may.
    """

    definition: Tool
    handler: ToolHandler
    breaker: str = ""
    seconds: float | None = None
    cached: bool = False
    task: bool = False
    source: str = ""
    check: ArgumentCheck | None = None
    task_only: bool = False
    prepare: Preparer | None = None
    asks: bool = False
    _named: frozenset[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        schema = self.definition.input_schema
        is_open = schema.get("additionalProperties") or "patternProperties" in schema
        # A schema without properties may be complete in another way, such as by a reference.
        named = None if is_open or "properties" not in schema else frozenset(schema["properties"])
        object.__setattr__(self, "_named", named)

    def refuse_unknown(self, arguments: Mapping[str, Any], limits: LimitSettings) -> None:
        """Refuse arguments missing from the schema: the tool would silently ignore them, including misspelled ones.

        Raises:
            InvalidArgumentsError: there is one; the text suggests the nearest known names.
        """
        if self._named is None or arguments.keys() <= self._named:
            return
        schema = self.definition.input_schema
        if limits.unknown_arguments == "ignore" and "additionalProperties" not in schema:
            return
        unknown = next(name for name in arguments if name not in self._named)
        near = nearest(unknown, self._named)
        known = ", ".join(schema["properties"]) or "no arguments"
        hint = f"did you mean {' or '.join(near)}?" if near else f"it takes {known}"
        raise InvalidArgumentsError(f"Wrong arguments. {shortened(unknown)} is unknown; {hint}")


@dataclass(frozen=True, slots=True)
class ResourceItem:
    """A listed resource. `read` gets the URI as the client sent it and an empty mapping.

    `follow`, for a stream, keeps delivering as long as there is more to come.
    """

    definition: Resource
    read: ReadHandler
    breaker: str = ""
    seconds: float | None = None
    cached: bool = False
    source: str = ""
    follow: FollowHandler | None = None


@dataclass(frozen=True, slots=True)
class TemplateItem:
    """A family of resources. `read` and `follow` get the URI and the template's variables; see `ResourceItem`."""

    definition: ResourceTemplate
    read: ReadHandler
    breaker: str = ""
    seconds: float | None = None
    cached: bool = False
    complete: Completer | None = None
    source: str = ""
    follow: FollowHandler | None = None
    matcher: UriTemplate = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "matcher", UriTemplate.parse(self.definition.uri_template))


@dataclass(frozen=True, slots=True)
class PromptItem:
    """A prompt; `asks` has the same meaning as for a tool."""

    definition: Prompt
    get: PromptHandler
    complete: Completer | None = None
    seconds: float | None = None
    source: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Everything that a module offers, in the order clients should see it."""

    tools: Sequence[ToolItem] = ()
    resources: Sequence[ResourceItem] = ()
    templates: Sequence[TemplateItem] = ()
    prompts: Sequence[PromptItem] = ()
