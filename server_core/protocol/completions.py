"""Suggests values for arguments of prompts and templates, from the decorator's options or an argument's type."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from ..errors import nearest
from ..functions.markers import Suggestions
from ..items import Completer
from ..request import Request


def completer(
    model: type[BaseModel], arguments: Mapping[str, str], suggestions: Suggestions | None
) -> Completer | None:
    """Create the completion function for the arguments; `None` if nothing is suggested.

    Args:
        model: has a field for each argument, in the same order.
        arguments: the argument's name for each parameter.

    Raises:
        ValueError: `suggestions` are for something that is not an argument.
    """
    offered: dict[str, Any] = {
        argument: choices
        for argument, field in zip(arguments.values(), model.model_fields.values(), strict=True)
        if (choices := _choices(field.annotation))
    }
    for name, source in (suggestions or {}).items():
        argument = arguments.get(name, name)
        if argument not in arguments.values():
            near = nearest(name, arguments.values())
            hint = (
                f"did you mean {near[0]}?"
                if near
                else f"the arguments are {', '.join(arguments.values()) or 'none'}"
            )
            raise ValueError(f"complete names {name}, which is not an argument; {hint}")
        offered[argument] = source
    if not offered:
        return None

    async def complete(
        _request: Request, argument: str, typed: str, others: Mapping[str, str]
    ) -> Sequence[str]:
        source = offered.get(argument, ())
        if not callable(source):
            return [str(each) for each in source if str(each).casefold().startswith(typed.casefold())]
        found = source(typed, others)
        return [str(each) for each in (await found if inspect.isawaitable(found) else found)]

    return complete


def _choices(annotation: Any) -> list[str]:
    """The values that an annotation allows, as a client sends them; none if it isn't a choice."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if annotation is bool:
        return ["true", "false"]
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return _choices(parts[0]) if len(parts) == 1 and NoneType in get_args(annotation) else []
