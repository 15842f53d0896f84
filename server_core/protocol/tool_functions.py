"""Marked functions as tools: the SDK's schemas and validation, our way of calling and telling."""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import resolve_arguments
from mcp.server.mcpserver.tools.base import Tool as SDKTool
from mcp.types import CallToolResult, InputRequiredResult, TextContent, Tool, ToolAnnotations

from ..functions.markers import Mark
from ..items import ToolItem
from ..module import ModuleContext
from ..request import Request
from .context import Context
from .docstrings import describe_properties, documented
from .returned import converted_result, plain_result_type, plain_text, returns_bytes
from .signatures import argument_validator, source_of

UNRESOLVED = re.compile(r"Resolver for parameter '(.+)' could not resolve: elicitation was (\w+)")
"""How the SDK says that an answer was no."""


def tool_item(
    function: Callable[..., Any], mark: Mark, name: str, breaker: str, module: ModuleContext
) -> ToolItem:
    """The tool of a marked function.

    Raises:
        InvalidSignature, TypeError, ValueError: its signature can't become a schema.
    """
    made = SDKTool.from_function(
        function,
        name=name,
        title=mark.title,
        description=" ",  # it would take the docstring as it is
        structured_output=False if returns_bytes(function) else mark.structured,
    )
    said = documented(mark.description or function.__doc__, made.parameters.get("properties", {}))
    definition = Tool(
        name=made.name,
        title=made.title,
        description=said.text or None,
        input_schema=describe_properties(made.parameters, said.parameters),
        output_schema=made.output_schema,
        annotations=_annotations(mark),
    )
    validate = argument_validator(made.fn_metadata)
    return ToolItem(
        definition,
        _tool_handler(function, made, validate, module),
        breaker=breaker,
        seconds=mark.seconds,
        cached=mark.cached,
        task=mark.task,
        source=source_of(function),
        check=validate,
        task_only=mark.task_only,
        prepare=_preparer(made, validate, module) if made.resolved_params else None,
    )


def _annotations(mark: Mark) -> ToolAnnotations | None:
    if not mark.read_only and mark.destructive is mark.idempotent is mark.open_world is None:
        return None
    return ToolAnnotations(
        read_only_hint=mark.read_only or None,
        destructive_hint=mark.destructive,
        idempotent_hint=mark.idempotent,
        open_world_hint=mark.open_world,
    )


def _preparer(
    made: SDKTool, validate: Callable[[dict[str, Any]], dict[str, Any]], module: ModuleContext
) -> Callable[[Request, dict[str, Any]], Awaitable[Mapping[str, Any] | InputRequiredResult]]:
    async def prepare(request: Request, arguments: dict[str, Any]) -> Mapping[str, Any] | InputRequiredResult:
        return await _resolved(made, request, validate(arguments), Context(request, module))

    return prepare


async def _resolved(
    made: SDKTool, request: Request, values: dict[str, Any], context: Context
) -> Mapping[str, Any] | InputRequiredResult:
    """What the parameters that ask (`Resolve`) are told; the time limit stands still meanwhile.

    Raises:
        ToolError: the client's user said no, or nothing.
    """
    try:
        with request.held():
            return await resolve_arguments(made.resolved_params, made.resolver_plans, values, context)
    except ToolError as error:
        refused = UNRESOLVED.fullmatch(str(error))
        if refused is None:
            raise
        said = "was declined" if refused[2] == "decline" else "was not answered"
        raise ToolError(f"{made.name} asked for {refused[1]}, which {said}") from error


def _tool_handler(
    function: Callable[..., Any],
    made: SDKTool,
    validate: Callable[[dict[str, Any]], dict[str, Any]],
    module: ModuleContext,
) -> Callable[[Request, dict[str, Any]], Awaitable[CallToolResult | InputRequiredResult]]:
    metadata, context_name, is_async = made.fn_metadata, made.context_kwarg, made.is_async
    resolved = made.resolved_params
    plain = plain_result_type(metadata)

    async def handle(request: Request, arguments: dict[str, Any]) -> CallToolResult | InputRequiredResult:
        values = validate(arguments)
        if context_name is not None or resolved:
            context = Context(request, module)
            if context_name is not None:
                values[context_name] = context
            if request.prepared is not None:
                values |= request.prepared
            elif resolved:
                found = await _resolved(made, request, values, context)
                if isinstance(found, InputRequiredResult):
                    return found
                values |= found
        if is_async:
            result = await function(**values)
        else:
            result = await module.run_sync(functools.partial(function, **values))
        if type(result) is plain:
            text = result if plain is str else plain_text(result)
            return CallToolResult(
                content=[TextContent(type="text", text=text)], structured_content={"result": result}
            )
        return converted_result(metadata, result, made.name)

    return handle
