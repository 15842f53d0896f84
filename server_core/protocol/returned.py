"""Converts what a user's function returns to JSON that any client can read."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from mcp.server.mcpserver import Audio, Image
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    TextContent,
    TextResourceContents,
)
from pydantic import BaseModel, ValidationError

from ..items import Contents
from .signatures import argument_problems

ADDRESS = re.compile(r"<.+ at 0x[0-9a-fA-F]+>", re.DOTALL)
"""What Python prints for an object without a text of its own."""

HUGE_NUMBER = (
    "The function returned a number with thousands of digits, which JSON clients can't read; "
    "return it as a string."
)


def plain_result_type(metadata: FuncMetadata) -> type[Any] | None:
    """The type of a result that needs no conversion: a function annotated with `int`, `str` or `bool` returns it."""
    if not metadata.wrap_output or metadata.output_schema is None:
        return None
    field = getattr(metadata.output_model, "model_fields", {}).get("result")
    if field is None or field.metadata or field.annotation not in (int, str, bool):
        return None
    plain: type[Any] = field.annotation
    return plain


def converted_result(metadata: FuncMetadata, result: Any, tool: str) -> CallToolResult | InputRequiredResult:
    """The tool's result for a function that returned `result`. Bytes become an embedded resource.

    Raises:
        ToolError: it does not match the return annotation, or JSON can't represent it; the text says what to do.
    """
    if isinstance(result, CallToolResult | InputRequiredResult):
        return metadata.convert_result(result)
    if isinstance(result, bytes | bytearray):
        blob = base64.b64encode(result).decode("ascii")
        contents = BlobResourceContents(
            uri=f"result://{tool}", mime_type="application/octet-stream", blob=blob
        )
        return CallToolResult(content=[EmbeddedResource(type="resource", resource=contents)])
    if not isinstance(result, str | int | None):
        refuse_nan(result)
    try:
        return metadata.convert_result(result)
    except ValidationError as error:
        raise ToolError(
            "The function's result does not match its return annotation. "
            + argument_problems(error).removeprefix("Wrong arguments. ")
        ) from error
    except ValueError as error:  # including pydantic_core's serialization error
        raise ToolError(f"JSON can't represent the function's result: {error}") from error


def resource_contents(result: Any, uri: str, mime_type: str | None) -> Contents:
    """A resource's contents for a function that returned `result`: text, bytes or a picture as they are, anything
    else as JSON.

    Raises:
        ToolError: JSON can't represent it; the text says what to do.
    """
    parts = result if isinstance(result, list) and result else [result]
    if all(isinstance(part, TextResourceContents | BlobResourceContents) for part in parts):
        return parts
    if isinstance(result, EmbeddedResource):
        return [result.resource]
    if isinstance(result, Image):
        result = result.to_image_content()
    elif isinstance(result, Audio):
        result = result.to_audio_content()
    if isinstance(result, ImageContent | AudioContent):
        return [BlobResourceContents(uri=uri, blob=result.data, mime_type=mime_type or result.mime_type)]
    if isinstance(result, bytes | bytearray):
        blob = base64.b64encode(result).decode("ascii")
        return [BlobResourceContents(uri=uri, blob=blob, mime_type=mime_type or "application/octet-stream")]
    if isinstance(result, str | TextContent):
        text = result if isinstance(result, str) else result.text
        return [TextResourceContents(uri=uri, text=text, mime_type=mime_type or "text/plain")]
    refuse_nan(result)
    try:
        text = json.dumps(result, ensure_ascii=False, indent=2, default=_plain_resource_value)
    except (TypeError, ValueError) as error:
        raise ToolError(f"JSON can't represent the function's result: {error}") from error
    return [TextResourceContents(uri=uri, text=text, mime_type=mime_type or "application/json")]


def _plain_resource_value(value: Any) -> Any:
    if isinstance(value, Image | Audio | bytes | bytearray):
        raise ToolError(
            f"The function returned {type(value).__name__} inside another value, which JSON can't represent; return it "
            "alone, or as a list of the protocol's resource contents."
        )
    return plain_value(value)


def plain_text(result: int) -> str:
    """A number or a boolean as JSON. Raises `ToolError` for a number that is too long."""
    try:
        return json.dumps(result)
    except ValueError as error:
        raise ToolError(HUGE_NUMBER) from error


def refuse_nan(result: Any) -> None:
    """Raise for NaN and infinities before pydantic turns them into null."""
    try:
        json.dumps(result, allow_nan=False, default=plain_value, skipkeys=True)
    except RecursionError as error:
        raise ToolError("The function's result is nested too deeply for JSON.") from error
    except ValueError as error:
        if "JSON compliant" in str(error):
            raise ToolError(
                "The function returned NaN or an infinity, which JSON can't represent; return null or a string instead."
            ) from error
        if "digits" in str(error):
            raise ToolError(HUGE_NUMBER) from error
        raise ToolError(
            "The function returned something that contains itself, which JSON can't represent."
        ) from error


def plain_value(value: Any) -> Any:
    """The replacement for a value that `json.dumps` does not know.

    Raises:
        ToolError: it has no text either: clients could do nothing with its address.
    """
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Image | Audio):
        return ""  # the SDK converts it to a content block
    text = str(value)
    if ADDRESS.fullmatch(text) and not hasattr(value, "__get_pydantic_core_schema__"):
        raise ToolError(
            f"The function returned a value of type {type(value).__name__}, which JSON can't represent; return a "
            "string, a number, a list, a dictionary or a pydantic model."
        )
    return text
