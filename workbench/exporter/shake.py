"""What of the core a script needs: everything that its roots reach, definition by definition."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .core_source import CoreName, CoreSource, CoreSourceError, Definition, External, Origin
from .scopes import Use

MODULE_NAMES = {"__name__"}
"""Names that every file has, and that mean something useful in a script too."""

Choices = Mapping[CoreName, frozenset[str]]
"""Which keys of a dict that is a core constant are of use; its other entries are left out."""


@dataclass(frozen=True, slots=True)
class ImportedName:
    """A name of another package in the core: what it is, and what the core calls it."""

    external: External
    local: str


@dataclass(slots=True)
class Reached:
    """Definitions and imports that are needed.

    Attributes:
        imports: needed while the script runs.
        typing_imports: needed for annotations only.
        inner_imports: top-level packages that functions import when they are called.
    """

    definitions: dict[Definition, None] = field(default_factory=dict)
    imports: set[ImportedName] = field(default_factory=set)
    typing_imports: set[ImportedName] = field(default_factory=set)
    inner_imports: set[str] = field(default_factory=set)


class Shaker:
    """Follows uses from definition to definition."""

    def __init__(self, source: CoreSource, choices: Choices | None = None) -> None:
        self.source = source
        self._choices: Choices = choices or {}
        self._twins: dict[str, CoreName] = {}
        self._meanings: dict[tuple[str, str], Origin | None] = {}

    def reach(self, roots: Iterable[Origin], *, eager_only: bool = False) -> Reached:
        """Everything that `roots` need, or, if `eager_only`, need while they are defined (but for annotations)."""
        reached = Reached()
        waiting = [self.canonical(root) for root in roots]
        while waiting:
            origin = waiting.pop()
            if isinstance(origin, External):
                continue
            definition = self.source.definition(origin)
            if definition in reached.definitions:
                continue
            reached.definitions[definition] = None
            for use in self.live_uses(definition):
                if eager_only and (not use.eager or use.annotation is not None):
                    continue
                meant = self.meaning(definition, use.name)
                if isinstance(meant, CoreName):
                    waiting.append(meant)
                elif isinstance(meant, External):
                    typing = use.name in definition.module.typing_imports
                    found = reached.typing_imports if typing else reached.imports
                    found.add(ImportedName(meant, use.name))
            reached.inner_imports |= definition.inner_imports
        reached.typing_imports -= reached.imports
        return reached

    def meaning(self, definition: Definition, name: str) -> Origin | None:
        """What a top-level name that is used in `definition` stands for; `None` for a builtin.

        Raises:
            CoreSourceError: nothing of that name is there.
        """
        key = (definition.module.name, name)
        if key not in self._meanings:
            self._meanings[key] = self._look_up(definition, name)
        return self._meanings[key]

    def _look_up(self, definition: Definition, name: str) -> Origin | None:
        module = definition.module
        if name in module.by_name:
            return self.canonical(CoreName(module.name, name))
        if name in module.imports:
            return self.canonical(module.imports[name])
        if hasattr(builtins, name) or name in MODULE_NAMES:
            return None
        raise CoreSourceError(f"{definition.title}: there is no {name}")

    def canonical(self, origin: Origin) -> Origin:
        """`origin` where it is at home. Type variables that several files define alike are one."""
        resolved = self.source.resolved(origin)
        if isinstance(resolved, CoreName):
            definition = self.source.definition(resolved)
            statement = definition.statements[0]
            if isinstance(statement, ast.Assign) and _makes_type_variable(statement.value):
                return self._twins.setdefault(ast.unparse(statement), resolved)
        return resolved

    def live_uses(self, definition: Definition) -> Iterator[Use]:
        """The uses in `definition`, but for those in entries that are left out."""
        cut = [span for node in self.entries_left_out(definition) for span in [_span(*node)]]
        for use in definition.uses:
            if not any(start <= use.start < end for start, end in cut):
                yield use

    def entries_left_out(self, definition: Definition) -> list[tuple[ast.expr, ast.expr]]:
        """The entries of a constant dict that no choice names."""
        for name in definition.names:
            wanted = self._choices.get(CoreName(definition.module.name, name))
            value = getattr(definition.statements[0], "value", None)
            if wanted is not None and isinstance(value, ast.Dict):
                return [
                    (key, each)
                    for key, each in zip(value.keys, value.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value not in wanted
                ]
        return []


def _makes_type_variable(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in ("TypeVar", "ParamSpec")
    )


def _span(key: ast.expr, value: ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    end = (value.end_lineno or value.lineno, value.end_col_offset or value.col_offset)
    return (key.lineno, key.col_offset), end
