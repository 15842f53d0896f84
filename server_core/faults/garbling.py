"""Deliberately damaged results: still valid protocol frames, with contents that a client must survive."""

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
"""Text that no terminal, page or parser should trust: NUL, escapes, reversed direction, broken characters."""

GARBLINGS = ("cut off halfway", "noise in its text", "values of other types", "empty")
"""The ways a result is damaged, in turn."""


def garbled(answer: GarbledT, way: int) -> GarbledT:
    """Return a damaged copy of a handler's result; `way` cycles through `GARBLINGS`. Other types are left alone."""
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
    """Damage the text or data of a content block or a resource's contents."""
    resource = getattr(part, "resource", None)
    if isinstance(resource, TextResourceContents | BlobResourceContents):
        return part.model_copy(update={"resource": _damaged(resource, damage)})
    for field in ("text", "blob", "data"):
        value = getattr(part, field, None)
        if isinstance(value, str):
            return part.model_copy(update={field: damage(value)})
    return part


def _damaged_json(value: Any, way: int) -> Any:
    """Damage a JSON `value`; an object stays an object, as the protocol requires."""
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
