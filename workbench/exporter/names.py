"""What everything is called in the script: the user's names stay, the core's give way."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping

BUILTINS = frozenset(dir(builtins))

_NAMED = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.ExceptHandler,
    ast.MatchAs,
    ast.MatchStar,
)


class NameTable:
    """Gives each thing a name of its own among the top-level names of one script."""

    def __init__(self, taken: Mapping[str, object], avoided: Iterable[str] = (), mark: str = "core") -> None:
        """Args:
        taken: names that are in use already, and for what: a thing of which that is known may have the name.
        avoided: identifiers that a made-up name must not be, since they stand for something in some function.
        mark: what a made-up name begins with.
        """
        self._mark = mark
        self._taken: dict[str, object] = {**dict.fromkeys(BUILTINS), **taken}
        self._avoided = {*avoided}
        self._names: dict[object, str] = {}

    def name(self, thing: object, wanted: str) -> str:
        """The name of `thing`: `wanted` if it is free, else one that looks like it. The same at every call."""
        found = self._names.get(thing)
        if found is None:
            free = wanted not in self._taken or self._taken[wanted] == thing
            found = wanted if free else self._made_up(wanted)
            self._names[thing] = found
            self._taken[found] = thing
        return found

    @property
    def given(self) -> dict[str, object]:
        """Every name that was given, and to what."""
        return {name: thing for thing, name in self._names.items()}

    def known(self, thing: object) -> str | None:
        """The name of `thing`, if it has got one."""
        return self._names.get(thing)

    def _made_up(self, wanted: str) -> str:
        number = 1
        while True:
            candidate = prefixed_name(wanted, self._mark) + (str(number) if number > 1 else "")
            if candidate not in self._taken and candidate not in self._avoided:
                return candidate
            number += 1


def prefixed_name(name: str, mark: str) -> str:
    """`name` with a mark before it, in the same style: `CoreServer`, `core_time`, `CORE_LIMIT`, `_core_key`."""
    bare = name.lstrip("_")
    lead = name[: len(name) - len(bare)]
    if bare.isupper() and len(bare) > 1:
        return f"{lead}{mark.upper()}_{bare}"
    if bare[:1].isupper():
        return f"{lead}{mark.capitalize()}{bare}"
    return f"{lead}{mark}_{bare}"


def identifiers(tree: ast.AST) -> set[str]:
    """Every identifier that is a variable somewhere in `tree`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, _NAMED) and node.name:
            found.add(node.name)
    return found
