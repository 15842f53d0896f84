"""Parses docstrings into the function's description and each argument's description."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_PARAMETER_SECTIONS = (
    # Google: a heading, and everything indented below it.
    re.compile(r"^(?:Args|Arguments|Parameters|Params):[ \t]*\n(?:[ \t]+.*\n?|[ \t]*\n)*", re.MULTILINE),
    # NumPy: an underlined heading, up to the next one.
    re.compile(r"^Parameters[ \t]*\n-{3,}[ \t]*\n(?:(?!.*\n-{3,}[ \t]*$).*\n?)*", re.MULTILINE),
    # reStructuredText: fields, each with its indented lines.
    re.compile(r"^:(?:param|type)\b[^\n]*(?:\n[ \t]+[^\n]*)*\n?", re.MULTILINE),
)


class DocumentedFunction(NamedTuple):
    """A docstring without its section on parameters, and its description of each argument."""

    text: str
    parameters: dict[str, str]


def documented(docstring: str | None, arguments: Mapping[str, str]) -> DocumentedFunction:
    """Parse a docstring in Google's, NumPy's or reStructuredText's style.

    Args:
        arguments: the argument's name for each parameter. A docstring that describes none of them stays as it is.
    """
    parameters = {name: name for name in arguments.values()} | dict(arguments)
    text = inspect.cleandoc(docstring or "")
    if not parameters or not any(section.search(text) for section in _PARAMETER_SECTIONS):
        return DocumentedFunction(text, {})
    from docstring_parser import ParseError, parse

    try:
        found = parse(text).params
    except ParseError:
        return DocumentedFunction(text, {})
    described = {
        parameters[each.arg_name]: " ".join(each.description.split())
        for each in found
        if each.arg_name in parameters and each.description
    }
    if described:
        for section in _PARAMETER_SECTIONS:
            text = section.sub("", text)
    return DocumentedFunction(re.sub(r"\n{3,}", "\n\n", text).strip(), described)


def describe_properties(schema: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """Copy an object's schema, adding a description to each property that has none."""
    properties: dict[str, Any] = schema.get("properties", {})
    if not parameters.keys() & properties.keys():
        return schema
    described = {
        name: {**value, "description": parameters[name]}
        if name in parameters and "description" not in value
        else value
        for name, value in properties.items()
    }
    return {**schema, "properties": described}
