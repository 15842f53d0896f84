"""Marked functions as prompts."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver.context import Context as SDKContextBase
from mcp.server.mcpserver.prompts.base import Prompt as SDKPrompt
from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp.types import GetPromptResult, InputRequiredResult, Prompt, PromptArgument, PromptMessage

from ..functions.markers import Mark
from ..items import PromptItem
from ..module import ModuleContext
from ..request import Request
from .completions import completer
from .context import Context
from .docstrings import documented
from .signatures import FunctionSignature, argument_names, argument_validator


def prompt_item(signature: FunctionSignature, mark: Mark, name: str, module: ModuleContext) -> PromptItem:
    """Create the prompt for a marked function.

    Raises:
        Exception: its signature can't be converted to a list of arguments; the first line says why.
    """
    skipped = [signature.context] if signature.context else []
    metadata = func_metadata(signature.shape, skipped, structured_output=False)
    validate = argument_validator(metadata, signature)
    arguments = argument_names(metadata, signature)
    said = documented(mark.description or signature.doc, arguments)
    definition = Prompt(
        name=name,
        title=mark.title,
        description=said.text or None,
        arguments=[
            PromptArgument(
                name=argument,
                description=field.description or said.parameters.get(argument),
                required=field.is_required(),
            )
            for argument, field in zip(
                arguments.values(), metadata.arg_model.model_fields.values(), strict=True
            )
        ],
    )

    async def get(request: Request, arguments: dict[str, str]) -> GetPromptResult | InputRequiredResult:
        values = validate(dict(arguments))
        if signature.context is not None:
            values[signature.context] = Context(request, module)
        result = await signature.call(values, module)
        if isinstance(result, GetPromptResult | InputRequiredResult):
            return result
        rendered = await SDKPrompt.from_function(lambda: _for_the_sdk(result), name=name).render(
            {}, SDKContextBase()
        )
        if isinstance(rendered, InputRequiredResult):
            return rendered
        messages = [PromptMessage(role=message.role, content=message.content) for message in rendered]
        return GetPromptResult(description=definition.description, messages=messages)

    complete = completer(metadata.arg_model, arguments, mark.complete)
    return PromptItem(definition, get, complete=complete, source=mark.source, asks=signature.may_ask)


def _for_the_sdk(result: Any) -> Any:
    """Convert a prompt's result for the SDK, which accepts any message except the protocol's own."""
    parts = result if isinstance(result, list | tuple) else [result]
    return [
        {"role": part.role, "content": part.content} if isinstance(part, PromptMessage) else part
        for part in parts
    ]
