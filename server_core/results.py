"""What leaves the server is JSON that any client can read: measured, bounded, free of NaN and of lone surrogates."""

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
"""A longer number has more digits (4,300) than Python's own JSON reads."""


class UnsendableError(CoreError):
    """A result that JSON can't carry; the text says what and what to do."""


def text_result(text: str, *, is_error: bool = False) -> CallToolResult:
    """A tool result of one text."""
    return CallToolResult(content=[TextContent(type="text", text=clean_surrogates(text))], is_error=is_error)


def checked_result(result: CallToolResult, limit: int) -> tuple[CallToolResult, int]:
    """`result` as it can be sent, and about how many bytes it takes.

    Raises:
        TooLargeError: it takes more than `limit` bytes.
        UnsendableError: it holds NaN or an infinity, or something that is not JSON.
    """
    size = sum(_checked_block(block) for block in result.content)
    if result.structured_content is not None:
        structured, measured = _clean_json(result.structured_content, limit)
        if structured is not result.structured_content:
            result.structured_content = structured
        size += measured
    if size > limit:
        raise too_large("The result", size, limit, "Ask for less, or for a part of it.")
    return result, size


def checked_contents(contents: Contents, limit: int) -> tuple[Contents, int]:
    """The contents of a read as they can be sent, and about how many bytes they take. Raises like `checked_result`."""
    for content in contents:
        if isinstance(content, TextResourceContents):
            content.text = clean_surrogates(content.text)
    size = _contents_size(contents)
    if size > limit:
        raise too_large(
            "The resource", size, limit, "Read it in parts (?limit=…&offset=… where it takes them)."
        )
    return contents, size


def checked_prompt(result: GetPromptResult, limit: int) -> GetPromptResult:
    """A rendered prompt as it can be sent. Raises `TooLargeError` like `checked_result`."""
    size = sum(_checked_block(message.content) for message in result.messages)
    if size > limit:
        raise too_large("The prompt", size, limit, "Give it arguments that make it shorter.")
    return result


def sendable_error(error: MCPError) -> MCPError:
    """A handler's own protocol error as it can be sent: the same one where it can be as it is."""
    message, data = clean_surrogates(error.message), json_value(error.data)
    return error if message is error.message and data == error.data else MCPError(error.code, message, data)


def json_value(value: Any) -> Any:
    """`value` as JSON can carry it: what is not JSON becomes text, NaN and infinities too."""
    try:
        plain = json.loads(
            json.dumps(value, default=str, skipkeys=True), parse_constant=lambda constant: constant
        )
    except (ValueError, RecursionError):  # it holds itself, or is nested without end
        plain = str(value)
    return _without_surrogates(plain)


def too_large(what: str, size: int, limit: int, advice: str) -> TooLargeError:
    """The error for a result over the limit."""
    return TooLargeError(
        f"{what} has {size / 1e6:.1f} MB or more, over the limit of {limit / 1e6:.1f} MB "
        f"([limits] result_bytes). {advice}"
    )


def _checked_block(block: ContentBlock) -> int:
    """Clean a content block in place; returns about how many bytes it takes."""
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
    """`value` without lone surrogates (the same object where there are none) and its rough size.

    An explicit stack, and no further than `limit`, so that neither depth nor size can hurt.
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
                    "The result holds a number of thousands of digits, which JSON clients can't read; return it as a "
                    "string."
                )
        elif isinstance(part, float):
            size += 8
            if part != part or part in (float("inf"), float("-inf")):
                raise UnsendableError(
                    f"The result holds {part}, which JSON can't carry; return null or a string instead."
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
                f"The result holds a {type(part).__name__}, which is not JSON; convert it to text, numbers, "
                "lists or objects first."
            )
        if size > limit:
            raise too_large("The result", size, limit, "Ask for less, or for a part of it.")
    return (_without_surrogates(value) if dirty else value), size


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return clean_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(part) for part in value]
    return value
