"""Resolves one part of a JSON Schema: follows references and merges `allOf` and sibling keywords into one mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from server_core.schemas.references import look_up, mapping

from .jsontext import same_json

MOST_PARTS = 200
"""How many references and parts are followed in one place; real schemas need a handful."""


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
"""Keywords that make an alternative of `anyOf` a real alternative, not just an extra condition."""


class Place(NamedTuple):
    """A resolved part of a schema.

    Attributes:
        schema: Without `$ref` and `allOf` at its top level; deeper parts are unchanged.
        name: The definition it came from, such as `Book`; otherwise empty.
        refs: Every reference that was followed to get here.
        trouble: Why something could not be followed; otherwise empty.
    """

    schema: dict[str, Any]
    name: str = ""
    refs: frozenset[str] = frozenset()
    trouble: str = ""


def resolve(schema: Any, root: Any) -> Place:
    """Resolve `schema`, a part of the document `root`. Never fails: `trouble` says what it can't follow."""
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
                self.trouble = "the schema is not an object here"
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
            self.trouble = "a $ref is not a string"
            return {}
        if reference in seen:
            self.trouble = f"{reference} refers to itself"
            return {}
        try:
            target = look_up(reference, self._root)
        except (KeyError, IndexError, TypeError):
            where = "is not in this schema" if reference.startswith("#") else "is outside this schema"
            self.trouble = f"{reference} {where}"
            return {}
        self.refs.add(reference)
        last = reference.rsplit("/", 1)[-1]
        if not self.name and last not in ("#", ""):
            self.name = unquote(last).removeprefix("#")
        return self.flat(target, seen | {reference})


# -- merging


def merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two schemas as `allOf` combines them; for annotations (title, default, …) `more` wins."""
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
    """Merge mappings of schemas: a part in both must fit both."""
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
    """Whether `anyOf` or `oneOf` lists real alternatives, not just conditions."""
    return any(not _STRUCTURAL.isdisjoint(mapping(option)) for option in _list(options))


def _choices(word: str) -> Callable[[Any, Any], Any]:
    """Merge two choices: each alternative of one, combined with those of the other."""

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
