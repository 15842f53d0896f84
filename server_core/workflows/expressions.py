"""JMESPath expressions and `${…}` templates in workflows, compiled once, with the variables they need."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CoreError, nearest

ENVIRONMENT_NAME = re.compile(r"env\.([A-Za-z_][A-Za-z0-9_]*)")
"""`${env.NAME}` is an environment variable of the process, for example a secret for a header."""

_EXPRESSION_LENGTH = 10_000
_TEMPLATE_DEPTH = 50

Evaluation = Callable[[Mapping[str, Any]], Any]


class ExpressionError(CoreError, ValueError):
    """An expression that can't be compiled or evaluated; one line says which and why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `names` are the variables that it requires."""

    text: str
    names: frozenset[str]
    evaluate: Evaluation = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Template:
    """A value of strings, lists and tables with `${…}` in its strings.

    A string that is exactly one `${…}` becomes the value itself, of any type; elsewhere its text is inserted, and null
    is an error. `$${` stands for `${`. Inserted values are never treated as templates again.
    """

    source: Any
    names: frozenset[str]
    environment: frozenset[str]
    evaluate: Evaluation = field(repr=False, compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to fill in."""
        return not self.names and not self.environment and self.evaluate({}) == self.source


def compile_expression(text: str) -> Expression:
    """Compile a JMESPath expression.

    Raises:
        ExpressionError: it is invalid, or calls an unknown function.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError
    from jmespath.functions import Functions

    if len(text) > _EXPRESSION_LENGTH:
        raise ExpressionError(f"an expression has more than {_EXPRESSION_LENGTH} characters")
    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        position = getattr(error, "lex_position", None)
        where = f" at character {position + 1}" if isinstance(position, int) and position < len(text) else ""
        raise ExpressionError(
            f"{text!r} is not a JMESPath expression: {_jmespath_words(error)}{where}"
        ) from error
    except RecursionError as error:
        raise ExpressionError("an expression is nested too deeply") from error
    for name in _called_functions(compiled.parsed):
        if name not in Functions.FUNCTION_TABLE:
            near = nearest(name, Functions.FUNCTION_TABLE)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ExpressionError(f"{text!r} calls the unknown function {name!r}{hint}")

    def evaluate(variables: Mapping[str, Any]) -> Any:
        try:
            return compiled.search(variables)
        except (JMESPathError, RecursionError, TypeError, ValueError) as error:
            raise ExpressionError(f"{text!r} can't be evaluated: {_jmespath_words(error)}") from error

    return Expression(text, frozenset(_root_names(compiled.parsed)), evaluate)


def compile_template(value: Any) -> Template:
    """Compile a value whose strings may contain `${…}`.

    Raises:
        ExpressionError: an expression in it is invalid.
    """
    names: set[str] = set()
    environment: set[str] = set()
    evaluate = _compiled_value(value, names, environment, 0)
    return Template(value, frozenset(names), frozenset(environment), evaluate)


def _compiled_value(value: Any, names: set[str], environment: set[str], depth: int) -> Evaluation:
    if depth > _TEMPLATE_DEPTH:
        raise ExpressionError("a value is nested too deeply")
    if isinstance(value, str):
        return _compiled_text(value, names, environment)
    if isinstance(value, Mapping):
        fields = {key: _compiled_value(each, names, environment, depth + 1) for key, each in value.items()}
        return lambda variables: {key: each(variables) for key, each in fields.items()}
    if isinstance(value, list | tuple):
        items = [_compiled_value(each, names, environment, depth + 1) for each in value]
        return lambda variables: [each(variables) for each in items]
    return lambda _variables: value


def _compiled_text(text: str, names: set[str], environment: set[str]) -> Evaluation:
    parts: list[str | tuple[str, Evaluation]] = []
    for part, is_expression in _template_parts(text):
        if not is_expression:
            parts.append(part)
        elif match := ENVIRONMENT_NAME.fullmatch(part):
            environment.add(match[1])
            parts.append((part, _environment_value(match[1])))
        else:
            expression = compile_expression(part)
            names |= expression.names
            parts.append((part, expression.evaluate))
    if len(parts) == 1 and isinstance(parts[0], tuple):
        return parts[0][1]
    if all(isinstance(part, str) for part in parts):
        plain = "".join(part for part in parts if isinstance(part, str))
        return lambda _variables: plain

    def filled(variables: Mapping[str, Any]) -> str:
        return "".join(
            part if isinstance(part, str) else _as_text(part[1](variables), part[0], text) for part in parts
        )

    return filled


def _environment_value(name: str) -> Evaluation:
    def value(_variables: Mapping[str, Any]) -> str:
        try:
            return os.environ[name]
        except KeyError:
            raise ExpressionError(f"the environment variable {name} is not set") from None

    return value


def _as_text(value: Any, expression: str, text: str) -> str:
    if value is None:
        raise ExpressionError(f"${{{expression}}} is null in {text!r}")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _template_parts(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text, each with whether it is an expression (without its `${` and `}`)."""
    plain = ""
    at = 0
    while at < len(text):
        if text.startswith("$${", at):
            plain += "${"
            at += 3
        elif text.startswith("${", at):
            end = _closing_brace(text, at + 2)
            if plain:
                yield plain, False
            plain = ""
            yield text[at + 2 : end].strip(), True
            at = end + 1
        else:
            plain += text[at]
            at += 1
    if plain or not text:
        yield plain, False


def _closing_brace(text: str, at: int) -> int:
    """Find the `}` that ends the expression starting at `at`; JMESPath itself has braces and three kinds of quotes."""
    start, depth, quote = at, 0, ""
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "'\"`":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0:
                return at
            depth -= 1
        at += 1
    raise ExpressionError(f"{text[start - 2 :]!r} has no closing brace; $${{ stands for a plain ${{")


def _root_names(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the variables that an expression reads and requires: `b || 'none'` does not require `b`."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        yield node["value"]
    elif kind in (
        "subexpression", "index_expression", "projection", "value_projection", "filter_projection", "pipe",
    ):  # fmt: skip
        yield from _root_names(children[0])  # the rest applies to its result
    elif kind == "or_expression":
        yield from _root_names(children[-1])
    elif kind not in ("expref", "slice") and node.get("value") != "not_null":
        for child in children:
            yield from _root_names(child)


def _called_functions(node: Any) -> Iterator[str]:
    if not isinstance(node, Mapping):
        return  # a slice's children are numbers
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        yield from _called_functions(child)


def _jmespath_words(error: Exception) -> str:
    """The first line of JMESPath's message, without its introduction."""
    from jmespath.exceptions import IncompleteExpressionError, LexerError, ParseError

    if isinstance(error, IncompleteExpressionError):
        return "it is incomplete"
    if isinstance(error, LexerError):
        return str(error.message)
    if type(error) is ParseError:
        return f"unexpected {error.token_value!r}" if error.token_value else str(error.msg)
    return str(error).partition("\n")[0] or type(error).__name__
