"""Marked functions as resources and templates; an async generator function makes a stream of either."""

from __future__ import annotations

import base64
import functools
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from mcp.server.mcpserver.utilities.context_injection import find_context_parameter
from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp.shared.path_security import contains_path_traversal, is_absolute_path
from mcp.types import BlobResourceContents, Resource, ResourceTemplate, TextResourceContents

from ..errors import InvalidArgumentsError
from ..functions.markers import Mark
from ..items import Contents, FollowHandler, ReadHandler, ResourceItem, TemplateItem
from ..module import ModuleContext
from ..request import Request
from .context import Context
from .docstrings import documented
from .returned import plain_value, refuse_nan
from .signatures import argument_validator, source_of
from .stream_functions import stream_handlers


def resource_item(
    function: Callable[..., Any], mark: Mark, uri: str, breaker: str, module: ModuleContext
) -> ResourceItem | TemplateItem:
    """The resource of a marked function, or the template if `uri` has variables.

    Raises:
        ValueError: the template's variables are not the function's parameters.
        TypeError: it is marked `@stream` and is no async generator function.
    """
    context_name = find_context_parameter(function)
    metadata = func_metadata(function, [context_name] if context_name else [], structured_output=False)
    is_async = inspect.iscoroutinefunction(function)
    validate = argument_validator(metadata)
    arguments = [field.alias or key for key, field in metadata.arg_model.model_fields.items()]
    description = documented(mark.description or function.__doc__, arguments).text or None
    name = mark.name or function.__name__

    def values_of(request: Request, variables: Mapping[str, Any]) -> dict[str, Any]:
        _refuse_escapes(variables)
        values = validate(dict(variables))
        if context_name is not None:
            values[context_name] = Context(request, module)
        return values

    async def read_whole(request: Request, requested: str, variables: Mapping[str, Any]) -> Contents:
        values = values_of(request, variables)
        if is_async:
            result = await function(**values)
        else:
            result = await module.run_sync(functools.partial(function, **values))
        return _contents(result, requested, mark.mime_type)

    read: ReadHandler = read_whole
    follow: FollowHandler | None = None
    mime_type = mark.mime_type
    if inspect.isasyncgenfunction(function):
        mime_type = mime_type or "text/plain"
        read, follow = stream_handlers(function, values_of, mime_type, module)
    elif mark.kind == "stream":
        raise TypeError("it must be an async generator function: `async def` with `yield`")
    shared: dict[str, Any] = {
        "breaker": breaker,
        "seconds": mark.seconds,
        "cached": mark.cached,
        "source": source_of(function),
        "follow": follow,
    }
    if "{" not in uri:
        if metadata.arg_model.model_fields:
            raise ValueError(
                f"the resource {uri} has no variables, but {function.__name__} takes "
                f"{', '.join(metadata.arg_model.model_fields)}"
            )
        definition = Resource(
            uri=uri, name=name, title=mark.title, description=description, mime_type=mime_type
        )
        return ResourceItem(definition, read, **shared)
    item = TemplateItem(
        ResourceTemplate(
            uri_template=uri, name=name, title=mark.title, description=description, mime_type=mime_type
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
