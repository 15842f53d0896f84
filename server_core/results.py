"""Checks that everything sent is JSON that any client can read: size limits, no NaN, no lone surrogates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mcp import MCPError
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    GetPromptResult,
    TextContent,
    TextResourceContents,
)

from .errors import CoreError, TooLargeError, clean_surrogates
from .items import Contents

NUMBER_BITS = 14_000
"""Longer numbers have more digits (4,300) than Python's own JSON module reads."""


class UnsendableError(CoreError):
    """A result that JSON can't represent; the text says why and what to do."""


def text_result(text: str, *, is_error: bool = False) -> CallToolResult:
    """A tool result with a single text block."""
    return CallToolResult(content=[TextContent(type="text", text=clean_surrogates(text))], is_error=is_error)


def checked_result(result: CallToolResult, limit: int) -> tuple[CallToolResult, int]:
    """Return `result` in sendable form, with its approximate size in bytes.

    Raises:
        TooLargeError: it takes more than `limit` bytes.
        UnsendableError: it contains NaN, an infinity, or something that is not JSON.
    """
    size = sum(_checked_block(block) for block in result.content)
    if result.structured_content is not None:
        structured, measured = _clean_json(result.structured_content, limit)
        if structured is not result.structured_content:
            result.structured_content = structured
        size += measured
    if size > limit:
        raise too_large("The result", size, limit, "Ask for less, or for part of it.")
    return result, size


def checked_contents(contents: Contents, limit: int) -> tuple[Contents, int]:
    """Return a read's contents in sendable form, with their approximate size. Raises like `checked_result`."""
    for content in contents:
        if isinstance(content, TextResourceContents):
            content.text = clean_surrogates(content.text)
    size = _contents_size(contents)
    if size > limit:
        raise too_large(
            "The resource", size, limit, "Read it in parts (with ?limit=…&offset=… if it supports them)."
        )
    return contents, size


def checked_prompt(result: GetPromptResult, limit: int) -> GetPromptResult:
    """Return a rendered prompt in sendable form. Raises `TooLargeError` like `checked_result`."""
    size = sum(_checked_block(message.content) for message in result.messages)
    if size > limit:
        raise too_large("The prompt", size, limit, "Pass arguments that make it shorter.")
    return result


def sendable_error(error: MCPError) -> MCPError:
    """Return a handler's own protocol error in sendable form: the same object if nothing needs changing."""
    message, data = clean_surrogates(error.message), json_value(error.data)
    return error if message is error.message and data == error.data else MCPError(error.code, message, data)


def json_value(value: Any) -> Any:
    """Convert `value` to JSON: anything that is not JSON becomes text, including NaN and infinities."""
    try:
        plain = json.loads(
            json.dumps(value, default=str, skipkeys=True), parse_constant=lambda constant: constant
        )
    except (ValueError, RecursionError):  # it contains itself, or is nested too deeply
        plain = str(value)
    return _without_surrogates(plain)


def too_large(what: str, size: int, limit: int, advice: str) -> TooLargeError:
    """The error for a result over the limit."""
    return TooLargeError(
        f"{what} is {size / 1e6:.1f} MB or more, over the limit of {limit / 1e6:.1f} MB "
        f"([limits] result_bytes). {advice}"
    )


def _checked_block(block: ContentBlock) -> int:
    """Clean a content block in place; returns its approximate size in bytes."""
    if isinstance(block, TextContent):
        text = clean_surrogates(block.text)
        if text is not block.text:
            block.text = text
        return len(text)
    if isinstance(block, EmbeddedResource):
        if isinstance(block.resource, TextResourceContents):
            block.resource.text = clean_surrogates(block.resource.text)
        return _contents_size((block.resource,))
    return len(getattr(block, "data", ""))


def _contents_size(contents: Sequence[TextResourceContents | BlobResourceContents]) -> int:
    return sum(
        len(content.text) if isinstance(content, TextResourceContents) else len(content.blob)
        for content in contents
    )


def _clean_json(value: Any, limit: int) -> tuple[Any, int]:
    """Return `value` without lone surrogates (the same object if there are none) and its approximate size.

    Uses an explicit stack and stops at `limit`, so that neither depth nor size can do harm.
    """
    size = 0
    dirty = False
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            size += len(part) + 2
            if not part.isascii() and clean_surrogates(part) is not part:
                dirty = True
        elif part is None or isinstance(part, int):
            size += 6
            if part is not None and part.bit_length() > NUMBER_BITS:
                raise UnsendableError(
                    "The result contains a number with thousands of digits, which JSON clients can't read; "
                    "return it as a string."
                )
        elif isinstance(part, float):
            size += 8
            if part != part or part in (float("inf"), float("-inf")):
                raise UnsendableError(
                    f"The result contains {part}, which JSON can't represent; return null or a string instead."
                )
        elif isinstance(part, dict):
            size += 2 + 2 * len(part)
            stack.extend(part)
            stack.extend(part.values())
        elif isinstance(part, list | tuple):
            size += 2 + len(part)
            stack.extend(part)
        else:
            raise UnsendableError(
                f"The result contains a {type(part).__name__}, which is not JSON; convert it to text, numbers, "
                "lists or objects first."
            )
        if size > limit:
            raise too_large("The result", size, limit, "Ask for less, or for part of it.")
    return (_without_surrogates(value) if dirty else value), size


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return clean_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(part) for part in value]
    return value
