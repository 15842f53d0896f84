"""Finds the functions that a module has marked, and those that can't be offered."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ..module import ModuleProblem
from .markers import Mark, Marking, mark_of


class MarkedFunction(NamedTuple):
    """A marked function with its own name or, failing that, its name in its module; else empty."""

    name: str
    function: Any
    mark: Mark


def marked_functions(named: Iterable[tuple[str, Any]], home: str = "") -> list[MarkedFunction]:
    """The marked functions among these values with their names, each once, in order; including static and class
    methods.

    Args:
        home: only functions marked in the module with this name, not those that it imports.
    """
    found: dict[int, MarkedFunction] = {}
    for name, value in named:
        for place, function in itertools.chain([(name, value)], _static_methods(value, home)):
            mark = mark_of(function)
            if mark is not None and not isinstance(function, type) and (not home or mark.home == home):
                found.setdefault(id(mark), MarkedFunction(_own_name(function) or place, function, mark))
    return list(found.values())


def not_offered(module: ModuleType, markings: Sequence[Marking]) -> Iterator[ModuleProblem]:
    """What was marked while `module` was loaded but is not among its `marked_functions`, with the reason."""
    names = vars(module)
    offered = {id(each.mark) for each in marked_functions(names.items(), module.__name__)}
    for marking in markings:
        if marking.mark is None:
            yield ModuleProblem(f"{marking.name}: {marking.problem}", marking.source)
        elif marking.mark.home == module.__name__ and id(marking.mark) not in offered:
            text = f"{marking.name} is marked @{marking.mark.kind} but not offered: {_reason(marking, names)}"
            yield ModuleProblem(text, marking.source)
    for name, value in names.items():
        mark = mark_of(value)
        if mark is not None and mark.home not in ("", module.__name__):
            file = Path(mark.source.rpartition(":")[0]).name
            text = f"{name} is marked in {file} but not offered by {module.__name__}"
            yield ModuleProblem(f"{text}: add a functions module for {file}", mark.source, imported=True)


def _reason(marking: Marking, names: Mapping[str, Any]) -> str:
    owner, _dot, name = marking.name.rpartition(".")
    if owner:
        return f"it needs an instance; mark a bound method instead: {name} = tool({owner}().{name})"
    now = names.get(name)
    if now is None:
        return "it is not a top-level name of its module; define or assign it at the top level"
    if mark_of(now) is not None:
        return "a later mark or definition of the same name replaces it"
    return "a decorator above the mark hides it; use functools.wraps in that decorator"


def _static_methods(value: Any, home: str) -> Iterator[tuple[str, Any]]:
    """The static and class methods of a class in the module `home`, as attributes."""
    if isinstance(value, type) and value.__module__ == home:
        for name, member in vars(value).items():
            if isinstance(member, staticmethod | classmethod):
                yield name, getattr(value, name)
            elif isinstance(member, type) and member.__qualname__.startswith(f"{value.__qualname__}."):
                yield from _static_methods(member, home)


def _own_name(function: Any) -> str:
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    name = str(function.__name__) if code is not None else ""
    return "" if name == "<lambda>" else name
