"""What a JSON Schema says at one place: references followed, `allOf` and siblings merged into one mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from server_core.schemas.references import look_up, mapping

from .jsontext import same_json

MOST_PARTS = 200
"""How many references and parts are followed at one place; schemas of people need a handful."""


_STRUCTURAL = frozenset(
    (
        "type",
        "properties",
        "items",
        "prefixItems",
        "enum",
        "const",
        "$ref",
        "$dynamicRef",
        "anyOf",
        "oneOf",
        "allOf",
    )
) | {"additionalProperties", "patternProperties"}
"""The words that make an alternative of `anyOf` one of its own, and not only a condition beside others."""


class Place(NamedTuple):
    """One place of a schema.

    Attributes:
        schema: without `$ref` and `allOf` at its top; what lies deeper is as it was written.
        name: of the definition that it came from, as `Book`; else empty.
        refs: every reference that was followed to it.
        trouble: why something could not be followed; else empty.
    """

    schema: dict[str, Any]
    name: str = ""
    refs: frozenset[str] = frozenset()
    trouble: str = ""


def resolve(schema: Any, root: Any) -> Place:
    """The place `schema` of the document `root`. Never fails: what it can't follow is told as `trouble`."""
    walk = _Walk(root)
    merged = walk.flat(schema, frozenset())
    return Place(merged, walk.name, frozenset(walk.refs), walk.trouble)


class _Walk:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._parts = 0
        self.refs: set[str] = set()
        self.name = ""
        self.trouble = ""

    def flat(self, schema: Any, seen: frozenset[str]) -> dict[str, Any]:
        self._parts += 1
        if self._parts > MOST_PARTS:
            self.trouble = "the schema has too many parts here"
            return {}
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, Mapping):
            if schema is not True:
                self.trouble = "the schema is no object here"
            return {}
        merged: dict[str, Any] = {}
        for key in ("$ref", "$dynamicRef", "$recursiveRef"):
            if key in schema:
                merged = self._followed(schema[key], seen)
        parts = schema.get("allOf")
        for part in parts if isinstance(parts, list) else ():
            merged = merge(merged, self.flat(part, seen))
        skipped = ("$ref", "$dynamicRef", "$recursiveRef", "allOf")
        return merge(merged, {str(key): value for key, value in schema.items() if key not in skipped})

    def _followed(self, reference: Any, seen: frozenset[str]) -> dict[str, Any]:
        if not isinstance(reference, str):
            self.trouble = "a $ref is no text"
            return {}
        if reference in seen:
            self.trouble = f"{reference} refers to itself"
            return {}
        try:
            target = look_up(reference, self._root)
        except (KeyError, IndexError, TypeError):
            where = "is not in this schema" if reference.startswith("#") else "lies outside of this schema"
            self.trouble = f"{reference} {where}"
            return {}
        self.refs.add(reference)
        last = reference.rsplit("/", 1)[-1]
        if not self.name and last not in ("#", ""):
            self.name = unquote(last).removeprefix("#")
        return self.flat(target, seen | {reference})


# -- merging


def merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both schemas at once, as `allOf` means it; of what only describes (title, default, …) `more` wins."""
    merged = dict(base)
    for key, value in more.items():
        if key in merged and not _same(merged[key], value):
            merged[key] = _MERGERS.get(key, _last)(merged[key], value)
        else:
            merged[key] = value
    return merged


def _same(one: Any, other: Any) -> bool:
    return one is other or same_json(one, other)


def _last(_base: Any, more: Any) -> Any:
    return more


def _largest(base: Any, more: Any) -> Any:
    return max(base, more) if _numbers(base, more) else more


def _smallest(base: Any, more: Any) -> Any:
    return min(base, more) if _numbers(base, more) else more


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _parts(base: Any, more: Any) -> Any:
    """Mappings of schemas: a part that both have must fit both."""
    merged = dict(mapping(base))
    for name, schema in mapping(more).items():
        merged[name] = {"allOf": [merged[name], schema]} if name in merged else schema
    return merged


def _union(base: Any, more: Any) -> Any:
    return [*_list(base), *(name for name in _list(more) if name not in _list(base))]


def _common(base: Any, more: Any) -> Any:
    return [value for value in _list(base) if any(same_json(value, other) for other in _list(more))]


def _types(base: Any, more: Any) -> Any:
    ours, theirs = (value if isinstance(value, list) else [value] for value in (base, more))
    common = [kind for kind in ours if kind in theirs or (kind == "integer" and "number" in theirs)]
    common += [
        "integer" for kind in theirs if kind == "integer" and "number" in ours and "integer" not in ours
    ]
    return common[0] if len(common) == 1 else common


def is_structural(options: Any) -> bool:
    """Whether what `anyOf` or `oneOf` lists are alternatives of their own, and not only conditions."""
    return any(not _STRUCTURAL.isdisjoint(mapping(option)) for option in _list(options))


def _choices(word: str) -> Callable[[Any, Any], Any]:
    """Both choices: within each alternative of one, those of the other."""

    def merged(base: Any, more: Any) -> Any:
        if not is_structural(base):
            return more
        return [{"allOf": [option, {word: more}]} for option in base] if is_structural(more) else base

    return merged


_MERGERS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("properties", "patternProperties", "$defs", "definitions"), _parts),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), _largest),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), _smallest),
    "required": _union,
    "enum": _common,
    "anyOf": _choices("anyOf"),
    "oneOf": _choices("oneOf"),
    "type": _types,
}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
