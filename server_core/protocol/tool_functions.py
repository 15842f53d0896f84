"""Marked functions as tools: the SDK's schemas and validation, our calls and errors."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.server.mcpserver.exceptions import InvalidSignature, ToolError
from mcp.server.mcpserver.resolve import resolve_arguments
from mcp.server.mcpserver.tools.base import Tool as SDKTool
from mcp.types import CallToolResult, InputRequiredResult, TextContent, Tool, ToolAnnotations

from ..functions.markers import Mark
from ..items import ToolItem
from ..module import ModuleContext
from ..request import Request
from .context import Context
from .docstrings import describe_properties, documented
from .returned import converted_result, plain_result_type, plain_text
from .signatures import FunctionSignature, argument_names, argument_validator

UNRESOLVED = re.compile(r"Resolver for parameter '(.+)' could not resolve: elicitation was (\w+)")
"""The SDK's message when an answer was no."""


def tool_item(
    signature: FunctionSignature, mark: Mark, name: str, breaker: str, module: ModuleContext
) -> ToolItem:
    """Create the tool for a marked function.

    Raises:
        Exception: its signature can't be converted to a schema; the first line says why.
    """
    if signature.is_generator:
        raise InvalidSignature("it yields, but a tool returns once: return a list, or mark it @stream")
    made = SDKTool.from_function(
        signature.shape,
        name=re.sub(r"[^A-Za-z0-9_]", "_", name)[
            :64
        ],  # the SDK logs pages about other names; `check` reports them
        title=mark.title,
        description=" ",  # the SDK would use the docstring as it is
        structured_output=False if signature.returns in (bytes, bytearray) else mark.structured,
    )
    validate = argument_validator(made.fn_metadata, signature, made.parameters)
    said = documented(mark.description or signature.doc, argument_names(made.fn_metadata, signature))
    definition = Tool(
        name=name,
        title=made.title,
        description=said.text or None,
        input_schema=_input_schema(describe_properties(made.parameters, said.parameters), mark),
        output_schema=made.output_schema,
        annotations=_annotations(mark),
    )
    return ToolItem(
        definition,
        _tool_handler(signature, made, name, validate, module),
        breaker=breaker,
        seconds=mark.seconds,
        cached=mark.cached,
        task=mark.task,
        source=mark.source,
        check=validate,
        task_only=mark.task_only,
        prepare=_preparer(made, name, validate, module) if made.resolved_params else None,
        asks=signature.may_ask,
    )


def _input_schema(schema: dict[str, Any], mark: Mark) -> dict[str, Any]:
    return {**schema, "examples": [dict(each) for each in mark.examples]} if mark.examples else schema


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
    made: SDKTool, name: str, validate: Callable[[dict[str, Any]], dict[str, Any]], module: ModuleContext
) -> Callable[[Request, dict[str, Any]], Awaitable[Mapping[str, Any] | InputRequiredResult]]:
    async def prepare(request: Request, arguments: dict[str, Any]) -> Mapping[str, Any] | InputRequiredResult:
        return await _resolved(made, name, request, validate(arguments), Context(request, module))

    return prepare


async def _resolved(
    made: SDKTool, name: str, request: Request, values: dict[str, Any], context: Context
) -> Mapping[str, Any] | InputRequiredResult:
    """Resolve the parameters that ask the client (`Resolve`): returns their values, or the questions. The time limit is
    paused meanwhile.

    Raises:
        ToolError: the client's user declined or did not answer.
    """
    try:
        with request.held():
            return await resolve_arguments(made.resolved_params, made.resolver_plans, values, context)
    except ToolError as error:
        refused = UNRESOLVED.fullmatch(str(error))
        if refused is None:
            raise
        said = "was declined" if refused[2] == "decline" else "was not answered"
        raise ToolError(f"{name} asked for {refused[1]}, which {said}") from error


def _tool_handler(
    signature: FunctionSignature,
    made: SDKTool,
    name: str,
    validate: Callable[[dict[str, Any]], dict[str, Any]],
    module: ModuleContext,
) -> Callable[[Request, dict[str, Any]], Awaitable[CallToolResult | InputRequiredResult]]:
    metadata, context_name = made.fn_metadata, signature.context
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
                found = await _resolved(made, name, request, values, context)
                if isinstance(found, InputRequiredResult):
                    return found
                values |= found
        result = await signature.call(values, module)
        if type(result) is plain:
            text = result if plain is str else plain_text(result)
            return CallToolResult(
                content=[TextContent(type="text", text=text)], structured_content={"result": result}
            )
        return converted_result(metadata, result, name)

    return handle
