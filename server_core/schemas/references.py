"""Resolves references in a JSON schema within the same document, never over the network or from a file."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

_HOMES = ("$defs", "definitions")


def look_up(reference: str, root: Any) -> Any:
    """Resolve `reference` within the document `root`.

    Raises:
        KeyError, IndexError: it points outside this document, or to nothing.
    """
    if reference == "#":
        return root
    if reference.startswith("#/"):
        target: Any = root
        for step in reference[2:].split("/"):
            key = urllib.parse.unquote(step).replace("~1", "/").replace("~0", "~")
            target = target[int(key)] if isinstance(target, list) and key.isdecimal() else _get(target, key)
        return target
    anchor = reference.removeprefix("#")
    for home in _HOMES:
        for part in mapping(mapping(root).get(home)).values():
            names = [mapping(part).get(key) for key in ("$anchor", "$dynamicAnchor", "$id")]
            if anchor in names or reference in names:
                return part
    if anchor in (mapping(root).get("$anchor"), mapping(root).get("$dynamicAnchor")):
        return root
    raise KeyError(reference)


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` if it is an object, else an empty one: a schema may contain anything."""
    return value if isinstance(value, Mapping) else {}


def _get(target: Any, key: str) -> Any:
    if not isinstance(target, Mapping):
        raise KeyError(key)
    return target[key]
