"""Marked functions as resources, templates and streams."""

from __future__ import annotations

import base64
import functools
import inspect
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from mcp.server.mcpserver.utilities.context_injection import find_context_parameter
from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp.shared.path_security import contains_path_traversal, is_absolute_path
from mcp.types import BlobResourceContents, Resource, ResourceTemplate, TextResourceContents

from ..errors import InvalidArgumentsError
from ..functions.markers import Mark
from ..items import Contents, ResourceItem, TemplateItem
from ..module import ModuleContext
from ..request import Request
from ..streaming import collected
from .context import Context
from .returned import plain_value, refuse_nan
from .signatures import argument_validator, source_of


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
    refuse_nan(result)
    text = json.dumps(result, ensure_ascii=False, indent=2, default=plain_value)
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
                    yield piece if isinstance(piece, str) else json.dumps(piece, default=plain_value)

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
