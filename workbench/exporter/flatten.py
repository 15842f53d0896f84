"""The core as plain source: what a script needs of it, in an order that runs, under names that are free."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from .core_source import CoreModule, CoreName, CoreSource, Definition, External, Origin
from .edits import Edit, EditedSource
from .imports import ImportLine, import_block
from .names import BUILTINS, NameTable
from .ordering import in_order
from .rewriting import quote_edits, removal_edits, rename_edits
from .scopes import Use
from .shake import Choices, ImportedName, Shaker

COMMENT_WIDTH = 108


class FlatCore:
    """The part of the core that a script carries along.

    Attributes:
        packages: the top-level packages that it imports, sooner or later, without those of Python itself.
    """

    def __init__(
        self,
        roots: Iterable[Origin],
        *,
        source: CoreSource | None = None,
        choices: Choices | None = None,
        taken: Mapping[str, object] | None = None,
        avoided: Iterable[str] = (),
        quote: bool = False,
    ) -> None:
        """Args:
        roots: what the script uses.
        choices: see `Choices`.
        taken: the user's top-level names and the script's own, with what they mean (see `meaning_key`). Where one
            is a builtin's name, the core says `builtins.name` instead.
        avoided: the user's identifiers.
        quote: the script has no `from __future__ import annotations`: those that can't be evaluated where they
            stand become strings.
        """
        self._shaker = Shaker(source or CoreSource(), choices)
        self._taken = dict(taken or {})
        self._quote = quote
        self._roots = [self._shaker.canonical(root) for root in roots]
        self._reached = self._shaker.reach(self._roots)
        modules = {definition.module for definition in self._reached.definitions}
        inner = {name for module in modules for name in module.identifiers}
        self._names = NameTable(self._taken, {*inner, *avoided})
        self._order = in_order(self._shaker, self._reached.definitions)
        self._place = {definition: number for number, definition in enumerate(self._order)}
        self._name_everything()
        self._needs_builtins = self._hidden_builtins_used()
        if self._needs_builtins:
            self._names.name(External("builtins"), "builtins")

    # -- names

    def name(self, origin: Origin) -> str:
        """What `origin`, which the roots reach, is called in the script."""
        meant = self._shaker.canonical(origin)
        return self._names.name(meaning_key(meant), meant.name or meant.module.partition(".")[0])

    def _name_everything(self) -> None:
        for definition in self._order:
            for name in sorted(definition.names):
                self._names.name(CoreName(definition.module.name, name), name)
        for imported in sorted(self._reached.imports | self._reached.typing_imports, key=_import_order):
            self._names.name(meaning_key(imported.external, imported.local), imported.local)
        for root in self._roots:
            if isinstance(root, External):
                self.name(root)

    def _new_name(self, definition: Definition, use: Use) -> str | None:
        """What `use` is called in the script; `None` if as before."""
        meant = self._shaker.meaning(definition, use.name)
        if meant is None:
            if use.name in self._taken and use.name in BUILTINS:
                return f"{self._names.name(External('builtins'), 'builtins')}.{use.name}"
            return None
        return self._names.known(meaning_key(meant, use.name))

    def _hidden_builtins_used(self) -> bool:
        hidden = self._taken.keys() & BUILTINS
        return bool(hidden) and any(
            use.name in hidden and self._shaker.meaning(definition, use.name) is None
            for definition in self._order
            for use in self._shaker.live_uses(definition)
        )

    def _imported_name(self, imported: ImportedName) -> str:
        return self._names.name(meaning_key(imported.external, imported.local), imported.local)

    # -- what comes out

    @property
    def packages(self) -> set[str]:
        imported = {each.external.module.partition(".")[0] for each in self._reached.imports}
        roots = {root.module.partition(".")[0] for root in self._roots if isinstance(root, External)}
        return imported | roots | self._reached.inner_imports

    def imports(self, more: Iterable[ImportLine] = ()) -> str:
        """The script's import block: the core's, and `more`."""
        lines = set(more)
        for imported in self._reached.imports:
            lines.add(ImportLine(imported.external, self._imported_name(imported)))
        for root in self._roots:
            if isinstance(root, External):
                lines.add(ImportLine(root, self.name(root)))
        if self._needs_builtins:
            lines.add(ImportLine(External("builtins"), self._names.name(External("builtins"), "builtins")))
        typing = {
            ImportLine(imported.external, self._imported_name(imported))
            for imported in self._reached.typing_imports
        }
        if typing:
            lines.add(ImportLine(External("typing", "TYPE_CHECKING"), "TYPE_CHECKING"))
        return import_block(lines, typing - lines)

    def early(self, called: Iterable[Origin], mentioned: Iterable[Origin]) -> set[Definition]:
        """What must be defined before the user's functions: `called` with all that they need when they run, and
        `mentioned` with what they need while they are defined."""
        found = self._shaker.reach(called).definitions
        found |= self._shaker.reach([*mentioned, *_origins(found)], eager_only=True).definitions
        return set(found)

    def text(self, definitions: Iterable[Definition], before: Iterable[Definition] = ()) -> str:
        """The source of some of the definitions; `before` are those that the script has had already."""
        wanted = set(definitions)
        order = [definition for definition in self._order if definition in wanted]
        there = {*before}
        parts: list[str] = []
        for module, group in _by_module(order):
            parts.append(_heading(module) + self._module_text(module, group, there))
            there |= set(group)
        return "\n\n\n".join(parts)

    @property
    def definitions(self) -> Sequence[Definition]:
        """Everything that is carried along, in order."""
        return self._order

    def _module_text(self, module: CoreModule, group: Sequence[Definition], there: set[Definition]) -> str:
        edited = EditedSource(module.source)
        seen = set(there)
        for definition in group:
            uses = list(self._shaker.live_uses(definition))
            new_names = {use.name: new for use in uses if (new := self._new_name(definition, use))}
            edited.add(rename_edits(module.source, uses, new_names))
            for key, value in self._shaker.entries_left_out(definition):
                edited.add([_line_removal(module.source, key, value)])
            for statement in definition.statements if module.relative_imports else ():
                edited.add(removal_edits(module.source, statement, module.relative_imports))
            if self._quote:
                edited.add(quote_edits(edited, uses, partial(self._waits, definition, there=seen)))
            seen.add(definition)
        text, last = "", 0
        for first, end in sorted(span for definition in group for span in definition.spans):
            if text:
                between = module.source.split(b"\n")[last : first - 1]
                gap = 3 if sum(not line.strip() for line in between) >= 2 else 1 + bool(between)
                text += "\n" * gap
            text += "\n".join(edited.lines(first, end))
            last = end
        return text

    def _waits(self, definition: Definition, use: Use, there: set[Definition]) -> bool:
        """Whether what `use`, in an annotation, means is not there when `definition` needs it."""
        meant = self._shaker.meaning(definition, use.name)
        if isinstance(meant, CoreName):
            return use.eager and self._shaker.source.definition(meant) not in there
        return isinstance(meant, External) and ImportedName(meant, use.name) in self._reached.typing_imports


def _origins(definitions: Iterable[Definition]) -> list[Origin]:
    return [CoreName(each.module.name, name) for each in definitions for name in each.names]


def meaning_key(origin: Origin, local: str = "") -> object:
    """Equal for what may share a name: `import a.b` and `import a.c` both bind `a`."""
    if isinstance(origin, CoreName):
        return origin
    if not origin.name:
        return External(origin.module.partition(".")[0])
    return ImportedName(origin, local or origin.name)


def _import_order(imported: ImportedName) -> tuple[str, str, str]:
    return (imported.external.module, imported.external.name, imported.local)


def _by_module(order: Sequence[Definition]) -> list[tuple[CoreModule, list[Definition]]]:
    groups: list[tuple[CoreModule, list[Definition]]] = []
    for definition in order:
        if not groups or groups[-1][0] is not definition.module:
            groups.append((definition.module, []))
        groups[-1][1].append(definition)
    return groups


def _heading(module: CoreModule) -> str:
    name = module.name.replace(".", "/")
    comment = textwrap.wrap(" ".join(module.docstring.split()), COMMENT_WIDTH, break_long_words=False)
    rule = f"# ---- {name}.py "
    return (
        "\n".join([rule + "-" * (COMMENT_WIDTH - len(rule)), *(f"# {line}" for line in comment)]) + "\n\n\n"
    )


def _line_removal(source: bytes, key: ast.expr, value: ast.expr) -> Edit:
    """Takes out the lines of a dict's entry, which has lines of its own."""
    lines = source.split(b"\n")
    above, last = key.lineno - 1, value.end_lineno or value.lineno
    return Edit((above, len(lines[above - 1])), (last, len(lines[last - 1])), "")
