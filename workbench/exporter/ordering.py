"""In which order definitions of many files stand in one file: each after what it needs while it is defined."""

from __future__ import annotations

from collections.abc import Iterable

from .core_source import CoreModule, CoreName, CoreSourceError, Definition
from .shake import Shaker


def in_order(shaker: Shaker, definitions: Iterable[Definition]) -> list[Definition]:
    """The definitions file by file, a file after those that it needs while it is defined.

    Raises:
        CoreSourceError: two files need each other.
    """
    kept = set(definitions)
    needs = {definition: _needs(shaker, definition) & kept for definition in kept}
    modules = sorted({definition.module for definition in kept}, key=lambda module: module.name)
    ordered: list[CoreModule] = []
    under_way: list[CoreModule] = []

    def visit(module: CoreModule) -> None:
        if module in ordered:
            return
        if module in under_way:
            raise CoreSourceError(" needs ".join(each.name for each in [*under_way, module]))
        under_way.append(module)
        for definition in module.definitions:
            for other in sorted(needs.get(definition, ()), key=lambda each: each.title):
                if other.module is not module:
                    visit(other.module)
        under_way.pop()
        ordered.append(module)

    for module in modules:
        visit(module)
    result = [each for module in ordered for each in module.definitions if each in kept]
    place = {definition: number for number, definition in enumerate(result)}
    for definition, needed in needs.items():
        for other in needed:
            if place[other] > place[definition]:
                raise CoreSourceError(f"{definition.title} needs {other.title}, which comes later")
    return result


def _needs(shaker: Shaker, definition: Definition) -> set[Definition]:
    """What must be there before `definition` is defined; annotations can wait."""
    found = set()
    for use in shaker.live_uses(definition):
        if use.eager and use.annotation is None:
            meant = shaker.meaning(definition, use.name)
            if isinstance(meant, CoreName):
                found.add(shaker.source.definition(meant))
    return found - {definition}
