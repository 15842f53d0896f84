"""What a form needs to know about one part of a schema: its kind, its choices and its parts.

Parts are created on demand, so recursive schemas work like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

from server_core.schemas.patterns import TooMuchWorkError, pattern
from server_core.schemas.references import mapping

from .jsontext import dump_json, is_visible, same_json
from .resolve import is_structural, merge, resolve

Kind = Literal["text", "integer", "number", "boolean", "choice", "null", "object", "array", "union", "any"]

MISSING: Any = type("Missing", (), {"__repr__": lambda _self: "MISSING", "__bool__": lambda _self: False})()
"""Marks a missing default."""

NOTHING = "nothing is valid here"

_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "object": "object",
    "array": "array",
}
_TELLING: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("object", ("properties", "additionalProperties", "patternProperties", "propertyNames", "minProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")),
    ("text", ("pattern", "minLength", "maxLength", "format", "contentEncoding", "contentMediaType")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
"""Keywords that imply the type of a schema without `type`."""

_DEEPEST = 10
"""How deep single-alternative choices (`anyOf` of something and null) may be nested."""


class Choice(NamedTuple):
    """One value of an enumeration."""

    value: Any
    label: str
    description: str = ""


class Shape:
    """One part of a schema.

    Attributes:
        kind: How it is filled in; `union` is a choice between other shapes, `any` is free-form JSON.
        schema: The part's own keywords, with references resolved.
        name: The definition it came from; otherwise empty.
        refs: The references that led here.
        nullable: Whether null is allowed in addition to `kind`.
        choices: The values, for the kind `choice`.
        options: The schemas that a `union` chooses between.
        trouble: What could not be read in the schema; otherwise empty.
    """

    def __init__(self, schema: Any, root: Any, *, depth: int = 0) -> None:
        """Args:
        depth: How many single-alternative choices enclose it.
        """
        place = resolve(schema, root)
        self.root = root
        self.name = place.name
        self.refs = place.refs
        self.trouble = place.trouble
        self.schema: Mapping[str, Any] = place.schema
        self.kind: Kind = "any"
        self.nullable = False
        self.choices: tuple[Choice, ...] = ()
        self.options: tuple[Any, ...] = ()
        self._classify(depth)

    def __repr__(self) -> str:
        return f"Shape({self.kind}{' | null' if self.nullable else ''}, {self.name or dict(self.schema)!r})"

    # -- words

    @property
    def title(self) -> str:
        return _text(self.schema.get("title"))

    @property
    def description(self) -> str:
        return _text(self.schema.get("description"))

    @property
    def default(self) -> Any:
        """The schema's default, or `MISSING`."""
        return self.schema.get("default", MISSING)

    @property
    def fixed(self) -> Any:
        """The only valid value (`const`, or an enumeration with one value), or `MISSING`."""
        return self.choices[0].value if len(self.choices) == 1 and not self.nullable else MISSING

    @property
    def secret(self) -> bool:
        """Whether the schema marks it as a secret, as for pydantic's `SecretStr`."""
        return self.schema.get("writeOnly") is True or self.schema.get("format") == "password"

    # -- parts

    @cached_property
    def properties(self) -> dict[str, Shape]:
        """The properties of an object, in the schema's order."""
        named = mapping(self.schema.get("properties"))
        return {str(name): Shape(part, self.root) for name, part in named.items()}

    @cached_property
    def required(self) -> frozenset[str]:
        names = self.schema.get("required")
        return (
            frozenset(name for name in names if isinstance(name, str))
            if isinstance(names, list)
            else frozenset()
        )

    @property
    def open(self) -> bool:
        """Whether this object accepts additional entries."""
        more = self.schema.get("additionalProperties")
        if self.patterns:
            return True
        return not self.properties if more is None else more is not False

    @cached_property
    def patterns(self) -> dict[str, Any]:
        """The schemas of entries by the pattern their names match."""
        return {str(each): part for each, part in mapping(self.schema.get("patternProperties")).items()}

    def entry(self, name: str) -> Shape:
        """Return the shape of an additional entry of an object."""
        for expression, part in self.patterns.items():
            if _found(expression, name):
                return Shape(part, self.root)
        more = self.schema.get("additionalProperties")
        if isinstance(more, Mapping):
            return Shape(more, self.root)
        if len(self.patterns) == 1 and (more is False or not name):
            return Shape(next(iter(self.patterns.values())), self.root)  # the name is still being typed
        return Shape({}, self.root)

    @cached_property
    def places(self) -> tuple[Shape, ...]:
        """The first items of a tuple, each with its own shape."""
        first = self.schema.get("prefixItems")
        if not isinstance(first, list):
            first = self.schema.get("items")  # the form before draft 2020-12
        return tuple(Shape(part, self.root) for part in first) if isinstance(first, list) else ()

    @cached_property
    def rest(self) -> Shape | None:
        """The shape of a list's items after `places`; `None` if no more are allowed."""
        items = self.schema.get("items", {})
        if isinstance(items, list):
            items = self.schema.get("additionalItems", {})
        return None if items is False else Shape(items, self.root)

    @cached_property
    def alternatives(self) -> tuple[Shape, ...]:
        """What a `union` chooses between."""
        return tuple(Shape(option, self.root) for option in self.options)

    # -- reading a schema

    def _classify(self, depth: int) -> None:
        schema = self.schema
        if schema.get("not") in ({}, True):
            self.trouble = NOTHING
        if "const" in schema:
            schema = {**schema, "enum": [schema["const"]]}
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            self._choose([Choice(value, label_of(value)) for value in schema["enum"]])
            return
        for word in ("anyOf", "oneOf"):
            options = schema.get(word)
            if isinstance(options, list) and options:
                base = {key: value for key, value in schema.items() if key != word}
                possible = [option for option in options if option is not False]
                if not possible:
                    self.trouble = NOTHING
                if self._alternatives(possible, base, depth):
                    return
        kinds = self._kinds(schema)
        self.nullable = "null" in kinds and len(kinds) > 1
        kinds = [kind for kind in kinds if kind != "null" or len(kinds) == 1]
        if len(kinds) > 1:
            self.kind = "union"
            self.options = tuple({**_undescribed(schema), "type": kind} for kind in kinds)
        elif kinds:
            self.kind = _KINDS.get(kinds[0], "any")
        else:
            self.kind = next(
                (kind for kind, words in _TELLING if any(word in schema for word in words)), "any"
            )

    def _kinds(self, schema: Mapping[str, Any]) -> list[str]:
        kind = schema.get("type")
        kinds = [name for name in (kind if isinstance(kind, list) else [kind]) if isinstance(name, str)]
        if "number" in kinds:
            kinds = [name for name in kinds if name != "integer"]
        return list(dict.fromkeys(kinds))

    def _choose(self, choices: list[Choice]) -> None:
        self.nullable = any(choice.value is None for choice in choices) and len(choices) > 1
        self.choices = tuple(choice for choice in choices if choice.value is not None or len(choices) == 1)
        values = [choice.value for choice in self.choices]
        self.kind = "boolean" if _are_both_booleans(values) else "null" if values == [None] else "choice"
        if self.kind != "choice":
            self.choices = ()

    def _alternatives(self, options: list[Any], base: dict[str, Any], depth: int) -> bool:
        """Use the alternatives of `anyOf` or `oneOf`; return false if they only add conditions."""
        if not is_structural(options):
            return False
        peeks = [resolve(option, self.root).schema for option in options]
        left = [(peek, option) for peek, option in zip(peeks, options, strict=True) if not _is_null(peek)]
        nullable = len(left) < len(options)
        if not left:
            self.kind = "null"
        elif all(_values(peek) for peek, _option in left):
            choices = [choice for peek, _option in left for choice in _choices(peek)]
            self._choose(_distinct([*choices, *([Choice(None, "null")] if nullable else [])]))
        elif len(left) == 1 and depth >= _DEEPEST:
            self.trouble = self.trouble or "the schema refers only to itself"
        elif len(left) == 1:
            inner = Shape(left[0][1], self.root, depth=depth + 1)
            self.schema = merge(inner.schema, base)
            self.kind, self.choices, self.options = inner.kind, inner.choices, inner.options
            self.name, self.refs = self.name or inner.name, self.refs | inner.refs
            self.trouble = self.trouble or inner.trouble
            self.nullable = nullable or inner.nullable
        else:
            self.kind, self.nullable = "union", nullable
            common = _undescribed(base)
            self.options = tuple({"allOf": [common, option]} if common else option for _peek, option in left)
        return True


def label_of(value: Any) -> str:
    """Format a choice for display: strings unquoted, unless they could be mistaken for another type."""
    if not isinstance(value, str):
        return dump_json(value)
    plain = bool(value) and value == value.strip() and not {"\n", "\t"} & set(value) and is_visible(value)
    if (
        plain
        and value not in ("true", "false", "null")
        and not re.fullmatch(r"-?\d[\d.eE+-]*|[\"\[{].*", value)
    ):
        return value
    return dump_json(value)


def walk_choices(shape: Shape, value: Any) -> Iterator[int]:
    """Yield the indexes of `value` among the choices of `shape`: at most one in a sane schema."""
    return (place for place, choice in enumerate(shape.choices) if same_json(choice.value, value))


def _values(schema: Mapping[str, Any]) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) else []


def _is_null(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") in ("null", ["null"]) or _values(schema) == [None]


def _choices(schema: Mapping[str, Any]) -> list[Choice]:
    """Return the values of one alternative; a constant may have its own title and description."""
    values = _values(schema)
    labels = [label_of(value) for value in values]
    title = _text(schema.get("title"))
    if len(values) == 1 and title and title != labels[0]:
        labels = [f"{labels[0]}  {title}"]
    description = _text(schema.get("description"))
    return [Choice(value, label, description) for value, label in zip(values, labels, strict=True)]


def _distinct(choices: list[Choice]) -> list[Choice]:
    found: list[Choice] = []
    for choice in choices:
        if not any(same_json(choice.value, other.value) for other in found):
            found.append(choice)
    return found


def _are_both_booleans(values: list[Any]) -> bool:
    return (
        len(values) == 2 and all(isinstance(value, bool) for value in values) and values[0] is not values[1]
    )


def _undescribed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the keywords that describe the union itself, not its alternatives."""
    words = ("title", "description", "default", "examples", "deprecated", "discriminator", "$schema", "$id")
    return {
        key: value for key, value in schema.items() if key not in (*words, "$defs", "definitions", "$comment")
    }


def _found(expression: str, name: str) -> bool:
    try:
        return pattern(expression).found_in(name)
    except TooMuchWorkError:
        return False


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
