"""Marked functions as prompts."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver.context import Context as SDKContextBase
from mcp.server.mcpserver.prompts.base import Prompt as SDKPrompt
from mcp.server.mcpserver.utilities.context_injection import find_context_parameter
from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp.types import GetPromptResult, InputRequiredResult, Prompt, PromptArgument, PromptMessage

from ..functions.markers import Mark
from ..items import PromptItem
from ..module import ModuleContext
from ..request import Request
from .context import Context
from .docstrings import documented
from .signatures import argument_validator, source_of


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
    said = documented(
        mark.description or function.__doc__, [field.alias or key for key, field in fields.items()]
    )
    definition = Prompt(
        name=name,
        title=mark.title,
        description=said.text or None,
        arguments=[
            PromptArgument(
                name=field.alias or key,
                description=field.description or said.parameters.get(field.alias or key),
                required=field.is_required(),
            )
            for key, field in fields.items()
        ],
    )

    async def get(request: Request, arguments: dict[str, str]) -> GetPromptResult | InputRequiredResult:
        values = validate(dict(arguments))
        if context_name is not None:
            values[context_name] = Context(request, module)
        if is_async:
            result = await function(**values)
        else:
            result = await module.run_sync(functools.partial(function, **values))

        if isinstance(result, GetPromptResult | InputRequiredResult):
            return result
        rendered = await SDKPrompt.from_function(lambda: _for_the_sdk(result), name=name).render(
            {}, SDKContextBase()
        )
        if isinstance(rendered, InputRequiredResult):
            return rendered
        messages = [PromptMessage(role=message.role, content=message.content) for message in rendered]
        return GetPromptResult(description=definition.description, messages=messages)

    return PromptItem(definition, get, source=source_of(function))


def _for_the_sdk(result: Any) -> Any:
    """What a prompt has returned, as the SDK turns it into messages: it knows any message but the protocol's own."""
    parts = result if isinstance(result, list | tuple) else [result]
    return [
        {"role": part.role, "content": part.content} if isinstance(part, PromptMessage) else part
        for part in parts
    ]
