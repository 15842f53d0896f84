"""Functions as tools, resources and prompts: the SDK's schemas and validation, our way of calling and telling.

The only place that uses the SDK's `Tool`, `Prompt` and `Context`.
"""

from __future__ import annotations

import base64
import functools
import inspect
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver.context import Context as SDKContextBase
from mcp.server.mcpserver.exceptions import InvalidSignature, ToolError
from mcp.server.mcpserver.prompts.base import Prompt as SDKPrompt
from mcp.server.mcpserver.resolve import resolve_arguments
from mcp.server.mcpserver.tools.base import Tool as SDKTool
from mcp.server.mcpserver.utilities.context_injection import find_context_parameter
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata, func_metadata
from mcp.shared.path_security import contains_path_traversal, is_absolute_path
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel, ValidationError

from ..errors import InvalidArgumentsError
from ..functions.markers import Mark
from ..items import Contents, PromptItem, ResourceItem, TemplateItem, ToolItem
from ..module import ModuleContext
from ..request import Request
from ..streaming import collected


class Context(SDKContextBase[Any, Any]):
    """The request that a function serves, for a parameter annotated with it. Works in tasks and workflows too."""

    _core_request: Request
    _core_module: ModuleContext

    def __init__(self, request: Request, module: ModuleContext) -> None:
        """The context of `request`, whose function belongs to `module`."""
        super().__init__(request_context=request.session, input_params=request.params)
        self._core_request = request
        self._core_module = module

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Tell client and workbench how far the call is. `total` may be unknown."""
        await self._core_request.report_progress(progress, total, message or "")

    def progress(self, progress: float, total: float | None = None, message: str = "") -> None:
        """The same for synchronous functions: callable from their worker thread, returns at once."""
        self._core_request.progress_from_thread(progress, total, message)

    async def call_tool(
        self, name: str, arguments: dict[str, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call another tool of this server, through the whole pipeline."""
        request = self._core_request.nested("tools/call", name)
        return await self._core_module.call_tool(request, name, arguments or {})

    async def read(self, uri: str) -> Contents:
        """Read a resource of this server, through the whole pipeline (and its cache)."""
        return await self._core_module.read(self._core_request.nested("resources/read", uri), uri)


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
        description=inspect.cleandoc(mark.description or function.__doc__ or ""),
        structured_output=mark.structured,
    )
    definition = Tool(
        name=made.name,
        title=made.title,
        description=made.description or None,
        input_schema=made.parameters,
        output_schema=made.output_schema,
        annotations=_annotations(mark),
    )
    return ToolItem(
        definition,
        _tool_handler(function, made, module),
        breaker=breaker,
        seconds=mark.seconds,
        cached=mark.cached,
        task=mark.task,
        source=source_of(function),
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


def _tool_handler(
    function: Callable[..., Any], made: SDKTool, module: ModuleContext
) -> Callable[[Request, dict[str, Any]], Awaitable[CallToolResult | InputRequiredResult]]:
    metadata, context_name, is_async = made.fn_metadata, made.context_kwarg, made.is_async
    resolved = made.resolved_params
    validate = argument_validator(metadata)
    plain = _plain_result_type(metadata)

    async def handle(request: Request, arguments: dict[str, Any]) -> CallToolResult | InputRequiredResult:
        values = validate(arguments)
        if context_name is not None or resolved:
            context = Context(request, module)
            if context_name is not None:
                values[context_name] = context
            if resolved:
                found = await resolve_arguments(resolved, made.resolver_plans, values, context)
                if isinstance(found, InputRequiredResult):
                    return found
                values |= found
        if is_async:
            result = await function(**values)
        else:
            result = await module.run_sync(functools.partial(function, **values))
        if type(result) is plain:
            text = result if plain is str else json.dumps(result)
            return CallToolResult(
                content=[TextContent(type="text", text=text)], structured_content={"result": result}
            )
        return _converted(metadata, result)

    return handle


def argument_validator(metadata: FuncMetadata) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What `metadata.validate_arguments` does, with all that depends on the signature alone done once.

    The returned callable raises `InvalidArgumentsError`.
    """
    fields = metadata.arg_model.model_fields
    names = [(key, field.alias or key) for key, field in fields.items()]
    validate = metadata.arg_model.__pydantic_validator__.validate_python
    # Clients send lists and objects as JSON in a string; only these may be such, the SDK sees to it.
    maybe_json = {
        name
        for key, field in fields.items()
        if field.annotation is not str
        for name in (key, field.alias or key)
    }

    def validated(arguments: dict[str, Any]) -> dict[str, Any]:
        if any(type(value) is str and key in maybe_json for key, value in arguments.items()):
            arguments = metadata.pre_parse_json(arguments)
        try:
            values = validate(arguments).__dict__
        except ValidationError as error:
            raise InvalidArgumentsError(argument_problems(error)) from error
        return {name: values[key] for key, name in names}

    return validated


def _plain_result_type(metadata: FuncMetadata) -> type[Any] | None:
    """The type of a result that needs no conversion: what a function annotated with `int`, `str` or `bool` returns."""
    if not metadata.wrap_output or metadata.output_schema is None:
        return None
    field = getattr(metadata.output_model, "model_fields", {}).get("result")
    if field is None or field.metadata or field.annotation not in (int, str, bool):
        return None
    plain: type[Any] = field.annotation
    return plain


def argument_problems(error: ValidationError) -> str:
    """Which arguments don't fit and why, in a line each, without the library's own language."""
    problems = []
    for each in error.errors(include_url=False, include_context=False):
        place = ".".join(str(part) for part in each["loc"]) or "arguments"
        given = "" if each["type"] == "missing" else f" (given {_short(each['input'])})"
        text = "is missing" if each["type"] == "missing" else each["msg"][0].lower() + each["msg"][1:]
        problems.append(f"{place}: {text}{given}")
    return "Wrong arguments. " + "; ".join(problems)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _converted(metadata: FuncMetadata, result: Any) -> CallToolResult | InputRequiredResult:
    if isinstance(result, CallToolResult | InputRequiredResult):
        return metadata.convert_result(result)
    if isinstance(result, float | list | tuple | dict | BaseModel):
        _refuse_nan(result)
    try:
        return metadata.convert_result(result)
    except ValidationError as error:
        raise ToolError(
            "The tool returned something that does not fit its return annotation. "
            + argument_problems(error).removeprefix("Wrong arguments. ")
        ) from error
    except ValueError as error:  # pydantic_core's serialization error among them
        raise ToolError(f"The tool returned something that JSON can't carry: {error}") from error


def _refuse_nan(result: Any) -> None:
    """Raise for NaN and infinities while they can still be seen: pydantic would make them null."""
    try:
        json.dumps(result, allow_nan=False, default=_plain, skipkeys=True)
    except ValueError as error:
        if "JSON compliant" in str(error):
            raise ToolError(
                "The tool returned NaN or an infinity, which JSON can't carry; return null or a string instead."
            ) from error
        raise ToolError("The tool returned something that holds itself, which JSON can't carry.") from error


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)


def resource_item(
    function: Callable[..., Any], mark: Mark, uri: str, breaker: str, module: ModuleContext
) -> ResourceItem | TemplateItem:
    """The resource of a marked function, or the template if `uri` has variables.

    Raises:
        ValueError: the template's variables are not the function's parameters.
    """
    context_name = find_context_parameter(function)
    metadata = func_metadata(function, [context_name] if context_name else [], structured_output=False)
    is_async = inspect.iscoroutinefunction(function)
    validate = argument_validator(metadata)
    description = inspect.cleandoc(mark.description or function.__doc__ or "") or None
    name = mark.name or function.__name__

    async def read(request: Request, requested: str, variables: Mapping[str, Any]) -> Contents:
        _refuse_escapes(variables)
        values = validate(dict(variables))
        if context_name is not None:
            values[context_name] = Context(request, module)
        if is_async:
            result = await function(**values)
        else:
            result = await module.run_sync(functools.partial(function, **values))
        return _contents(result, requested, mark.mime_type)

    shared: dict[str, Any] = {
        "breaker": breaker,
        "seconds": mark.seconds,
        "cached": mark.cached,
        "source": source_of(function),
    }
    if "{" not in uri:
        if metadata.arg_model.model_fields:
            raise ValueError(
                f"the resource {uri} has no variables, but {function.__name__} takes "
                f"{', '.join(metadata.arg_model.model_fields)}"
            )
        definition = Resource(
            uri=uri, name=name, title=mark.title, description=description, mime_type=mark.mime_type
        )
        return ResourceItem(definition, read, **shared)
    item = TemplateItem(
        ResourceTemplate(
            uri_template=uri, name=name, title=mark.title, description=description, mime_type=mark.mime_type
        ),
        read,
        **shared,
    )
    variables = set(item.matcher.variable_names)
    parameters = {field.alias or key: field for key, field in metadata.arg_model.model_fields.items()}
    unknown = variables - set(parameters)
    missing = {key for key, field in parameters.items() if field.is_required()} - variables
    if unknown or missing:
        raise ValueError(
            f"the variables of {uri} and the parameters of {function.__name__} differ: "
            f"{', '.join(sorted(unknown | missing))}"
        )
    return item


def _refuse_escapes(variables: Mapping[str, Any]) -> None:
    for name, value in variables.items():
        for text in value if isinstance(value, list) else [value]:
            if "\0" in text or contains_path_traversal(text) or is_absolute_path(text):
                raise InvalidArgumentsError(f"{name} must not be a path that leads elsewhere: {text!r}")


def _contents(result: Any, uri: str, mime_type: str | None) -> Contents:
    if isinstance(result, TextResourceContents | BlobResourceContents):
        return [result]
    if isinstance(result, str):
        return [TextResourceContents(uri=uri, text=result, mime_type=mime_type or "text/plain")]
    if isinstance(result, bytes):
        blob = base64.b64encode(result).decode("ascii")
        return [BlobResourceContents(uri=uri, blob=blob, mime_type=mime_type or "application/octet-stream")]
    if (
        isinstance(result, list)
        and result
        and isinstance(result[0], TextResourceContents | BlobResourceContents)
    ):
        return result
    _refuse_nan(result)
    text = json.dumps(result, ensure_ascii=False, indent=2, default=_plain)
    return [TextResourceContents(uri=uri, text=text, mime_type=mime_type or "application/json")]


def stream_item(
    function: Callable[..., Any], mark: Mark, uri: str, breaker: str, module: ModuleContext
) -> ResourceItem:
    """The streamed resource of a marked async generator function.

    Raises:
        TypeError: it is no async generator function, or takes arguments.
    """
    if not inspect.isasyncgenfunction(function):
        raise TypeError("it must be an async generator function: `async def` with `yield`")
    context_name = find_context_parameter(function)
    parameters = [name for name in inspect.signature(function).parameters if name != context_name]
    if parameters:
        raise TypeError(f"a stream takes no arguments, but it has {', '.join(parameters)}")

    async def read(request: Request, requested: str, _variables: Mapping[str, Any]) -> Contents:
        values = {} if context_name is None else {context_name: Context(request, module)}

        async def pieces() -> AsyncGenerator[str, None]:
            async with aclosing(function(**values)) as produced:
                async for piece in produced:
                    yield piece if isinstance(piece, str) else json.dumps(piece, default=_plain)

        return await collected(
            pieces(),
            requested,
            request,
            module.bus,
            limit=module.limits.result_bytes,
            mime_type=mark.mime_type or "text/plain",
        )

    definition = Resource(
        uri=uri,
        name=mark.name or function.__name__,
        description=inspect.cleandoc(mark.description or function.__doc__ or "") or None,
        mime_type=mark.mime_type or "text/plain",
    )
    return ResourceItem(definition, read, breaker=breaker, seconds=mark.seconds, source=source_of(function))


def prompt_item(function: Callable[..., Any], mark: Mark, name: str, module: ModuleContext) -> PromptItem:
    """The prompt of a marked function.

    Raises:
        InvalidSignature, TypeError, ValueError: its signature can't become a list of arguments.
    """
    context_name = find_context_parameter(function)
    metadata = func_metadata(function, [context_name] if context_name else [], structured_output=False)
    is_async = inspect.iscoroutinefunction(function)
    fields = metadata.arg_model.model_fields
    validate = argument_validator(metadata)
    definition = Prompt(
        name=name,
        title=mark.title,
        description=inspect.cleandoc(mark.description or function.__doc__ or "") or None,
        arguments=[
            PromptArgument(
                name=field.alias or key, description=field.description, required=field.is_required()
            )
            for key, field in fields.items()
        ],
    )

    async def get(request: Request, arguments: dict[str, str]) -> GetPromptResult:
        values = validate(dict(arguments))
        if context_name is not None:
            values[context_name] = Context(request, module)
        if is_async:
            result = await function(**values)
        else:
            result = await module.run_sync(functools.partial(function, **values))

        # The SDK turns whatever a prompt may return into messages: it is asked to render a function that returns it.
        def returned() -> Any:
            return result

        rendered = await SDKPrompt.from_function(returned, name=name).render({}, SDKContextBase())
        if isinstance(rendered, InputRequiredResult):
            raise MCPError(-32603, f"The prompt {name} asks for input, which this server's prompts can't")
        messages = [PromptMessage(role=message.role, content=message.content) for message in rendered]
        return GetPromptResult(description=definition.description, messages=messages)

    return PromptItem(definition, get, source=source_of(function))


def source_of(function: Callable[..., Any]) -> str:
    """`file:line` of a function."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""


SIGNATURE_ERRORS = (InvalidSignature, TypeError, ValueError, NameError)
"""What a function that can't become an item raises here."""
