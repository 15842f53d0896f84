"""Answers damaged on purpose: still frames that the protocol knows, with contents that a client must survive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    GetPromptResult,
    TextResourceContents,
)

GarbledT = TypeVar("GarbledT")

NOISE = "\x00\x1b[2J\x1b]0;garbled\x07\u202e\ufffd\ud7ff"
"""What no terminal, page or parser should take at its word: NUL, escapes, a reversed direction, broken characters."""

GARBLINGS = ("cut off half way", "noise in its texts", "values of other types", "empty")
"""The ways in which an answer is damaged, one after the other."""


def garbled(answer: GarbledT, way: int) -> GarbledT:
    """A damaged copy of what a handler answers; `way` counts through `GARBLINGS`. What it doesn't know stays whole."""
    way %= len(GARBLINGS)
    damage = _TEXT_DAMAGES[way]
    if isinstance(answer, CallToolResult):
        changes: dict[str, Any] = {
            "content": [] if way == 3 else [_damaged(each, damage) for each in answer.content]
        }
        if answer.structured_content is not None:
            changes["structured_content"] = {} if way == 3 else _damaged_json(answer.structured_content, way)
        return answer.model_copy(update=changes)
    if isinstance(answer, GetPromptResult):
        messages = [
            each.model_copy(update={"content": _damaged(each.content, damage)}) for each in answer.messages
        ]
        return answer.model_copy(update={"messages": messages})
    if isinstance(answer, Sequence):
        contents: Any = [_damaged(each, damage) for each in answer]
        return contents  # type: ignore[no-any-return]
    return answer


def _damaged(part: Any, damage: Callable[[str], str]) -> Any:
    """A content block, or the contents of a resource, with its text or data damaged."""
    resource = getattr(part, "resource", None)
    if isinstance(resource, TextResourceContents | BlobResourceContents):
        return part.model_copy(update={"resource": _damaged(resource, damage)})
    for field in ("text", "blob", "data"):
        value = getattr(part, field, None)
        if isinstance(value, str):
            return part.model_copy(update={field: damage(value)})
    return part


def _damaged_json(value: Any, way: int) -> Any:
    """`value`, which is JSON, damaged; an object stays an object, as the protocol wants it."""
    if isinstance(value, dict):
        kept = list(value.items())[: len(value) // 2] if way == 0 else value.items()
        return {key: _damaged_json(each, way) for key, each in kept}
    if isinstance(value, list):
        return [_damaged_json(each, way) for each in (value[: len(value) // 2] if way == 0 else value)]
    if way == 2:
        return [value] if isinstance(value, str) else str(value)
    return _TEXT_DAMAGES[way](value) if isinstance(value, str) else value


_TEXT_DAMAGES: tuple[Callable[[str], str], ...] = (
    lambda text: text[: len(text) // 2],
    lambda text: f"{text[: len(text) // 2]}{NOISE}{text[len(text) // 2 :]}",
    lambda _text: "null",
    lambda _text: "",
)
