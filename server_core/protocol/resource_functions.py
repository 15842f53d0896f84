"""Marked functions as resources and templates; an async generator function becomes a stream of either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp.shared.path_security import contains_path_traversal, is_absolute_path
from mcp.types import Resource, ResourceTemplate

from ..errors import InvalidArgumentsError
from ..functions.markers import Mark
from ..items import Contents, FollowHandler, ReadHandler, ResourceItem, TemplateItem
from ..module import ModuleContext
from ..request import Request
from .completions import completer
from .context import Context
from .docstrings import documented
from .returned import resource_contents
from .signatures import FunctionSignature, argument_names, argument_validator
from .stream_functions import stream_handlers


def resource_item(
    signature: FunctionSignature, mark: Mark, name: str, uri: str, breaker: str, module: ModuleContext
) -> ResourceItem | TemplateItem:
    """Create the resource for a marked function, or the template if `uri` has variables.

    Raises:
        ValueError: the template's variables are not the function's arguments.
        TypeError: it is marked `@stream` but is not an async generator function.
    """
    skipped = [signature.context] if signature.context else []
    metadata = func_metadata(signature.shape, skipped, structured_output=False)
    validate = argument_validator(metadata, signature)
    arguments = argument_names(metadata, signature)
    description = documented(mark.description or signature.doc, arguments).text or None

    def values_of(request: Request, variables: Mapping[str, Any]) -> dict[str, Any]:
        _refuse_escapes(variables)
        values = validate(dict(variables))
        if signature.context is not None:
            values[signature.context] = Context(request, module)
        return values

    async def read_whole(request: Request, requested: str, variables: Mapping[str, Any]) -> Contents:
        result = await signature.call(values_of(request, variables), module)
        return resource_contents(result, requested, mark.mime_type)

    read: ReadHandler = read_whole
    follow: FollowHandler | None = None
    mime_type = mark.mime_type
    if signature.is_async_generator:
        mime_type = mime_type or "text/plain"
        read, follow = stream_handlers(signature.generator, values_of, mime_type, module)
    elif mark.kind == "stream":
        raise TypeError("it must be an async generator function: `async def` with `yield`")
    elif signature.is_generator:
        raise TypeError("it yields but is not async: make it `async def`, or return a list")
    shared: dict[str, Any] = {
        "breaker": breaker,
        "seconds": mark.seconds,
        "cached": mark.cached,
        "source": mark.source,
        "follow": follow,
    }
    if "{" not in uri:
        if arguments:
            raise ValueError(f"its URI {uri} has no variables, but it takes {', '.join(arguments.values())}")
        definition = Resource(
            uri=uri, name=name, title=mark.title, description=description, mime_type=mime_type
        )
        return ResourceItem(definition, read, **shared)
    item = TemplateItem(
        ResourceTemplate(
            uri_template=uri, name=name, title=mark.title, description=description, mime_type=mime_type
        ),
        read,
        complete=completer(metadata.arg_model, arguments, mark.complete),
        **shared,
    )
    variables = set(item.matcher.variable_names)
    fields = metadata.arg_model.model_fields.values()
    required = {name for name, field in zip(arguments.values(), fields, strict=True) if field.is_required()}
    differing = (variables - set(arguments.values())) | (required - variables)
    if differing:
        raise ValueError(f"the variables of {uri} and its arguments differ: {', '.join(sorted(differing))}")
    return item


def _refuse_escapes(variables: Mapping[str, Any]) -> None:
    for name, value in variables.items():
        for text in value if isinstance(value, list) else [value]:
            if "\0" in text or contains_path_traversal(text) or is_absolute_path(text):
                raise InvalidArgumentsError(f"{name} must not be a path that leads outside: {text!r}")
