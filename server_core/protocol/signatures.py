"""A function's signature as a contract: arguments are validated by it, and mistakes told in plain words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver.exceptions import InvalidSignature
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from pydantic import ValidationError

from ..errors import InvalidArgumentsError

SIGNATURE_ERRORS = (InvalidSignature, TypeError, ValueError, NameError)
"""What a function that can't become an item raises when it is tried."""


def argument_validator(metadata: FuncMetadata) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What `metadata.validate_arguments` does, with all that depends on the signature alone done once.

    The returned callable raises `InvalidArgumentsError`.
    """
    fields = metadata.arg_model.model_fields
    names = [(key, field.alias or key) for key, field in fields.items()]
    validate = metadata.arg_model.__pydantic_validator__.validate_python
    # Clients send lists and objects as JSON in a string; only these may be such, the SDK sees to it.
    maybe_json = {
        name
        for key, field in fields.items()
        if field.annotation is not str
        for name in (key, field.alias or key)
    }

    def validated(arguments: dict[str, Any]) -> dict[str, Any]:
        if any(type(value) is str and key in maybe_json for key, value in arguments.items()):
            arguments = metadata.pre_parse_json(arguments)
        try:
            values = validate(arguments).__dict__
        except ValidationError as error:
            raise InvalidArgumentsError(argument_problems(error)) from error
        return {name: values[key] for key, name in names}

    return validated


def argument_problems(error: ValidationError) -> str:
    """Which arguments don't fit and why, in a line each, without the library's own language."""
    problems = []
    for each in error.errors(include_url=False, include_context=False):
        place = ".".join(str(part) for part in each["loc"]) or "arguments"
        given = "" if each["type"] == "missing" else f" (given {_short(each['input'])})"
        text = "is missing" if each["type"] == "missing" else each["msg"][0].lower() + each["msg"][1:]
        problems.append(f"{place}: {text}{given}")
    return "Wrong arguments. " + "; ".join(problems)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def source_of(function: Callable[..., Any]) -> str:
    """`file:line` of a function."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""
