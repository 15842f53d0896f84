"""A user's functions file on its way into a script: what it binds, what it imports, and what can't come along."""

from __future__ import annotations

import ast
import contextlib
import importlib
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.finding import Finding

from .core_source import CORE, CoreName, CoreSource, CoreSourceError, External
from .flatten import meaning_key
from .scopes import Use, import_name, uses_by_statement
from .siblings import is_sibling

UNSUPPORTED = {"__spec__", "__loader__", "__package__", "__path__", "__builtins__", "__cached__"}
"""Names of a module that a part of a script does not have."""


@dataclass(frozen=True, slots=True)
class OwnName:
    """A name that a functions file itself defines."""

    file: str
    name: str


@dataclass(frozen=True, slots=True)
class WholeImport:
    """A module under a name of the file's own: `import module as …`."""

    module: str


@dataclass(frozen=True, slots=True)
class CoreImport:
    """A `from server_core import …` of a functions file; `nested` where it stands inside something."""

    statement: ast.ImportFrom
    nested: bool
    names: tuple[tuple[str, CoreName], ...]
    """What it binds, and to what."""


class FunctionsFile:
    """One Python file of the user, read but not run.

    Attributes:
        shown: how messages call the file: relative to the project.
        imports: what its imports at the top level bind, and to what: see `meaning_key`.
        core_imports: its imports of the core, anywhere.
        packages: the top-level packages that it imports, with the line of the first import, and whether the import
            may fail (it stands inside a `try`).
        findings: why it can't be carried along as it is.
    """

    def __init__(self, path: Path, shown: str, core: CoreSource) -> None:
        self.path = path
        self.shown = shown
        self.imports: dict[str, set[object]] = {}
        self.core_imports: list[CoreImport] = []
        self.core_aliases: set[str] = set()
        """Names of the package itself: `import server_core as sc`."""
        self.star_imports: dict[ast.ImportFrom, list[str]] = {}
        """`from x import *`, with the names of `x` that the file uses."""
        self.packages: dict[str, tuple[int, bool]] = {}
        self.findings: list[Finding] = []
        self.has_future_annotations = False
        self._core = core
        self.text = self._read()
        self.source = self.text.encode("utf-8")
        try:
            self.tree = ast.parse(self.source, shown)
        except SyntaxError as error:
            self.tree = ast.Module([], [])
            self._refuse(error.lineno or 0, f"this is not Python: {error.msg}")
        self.main_blocks = [statement for statement in self.tree.body if _is_main_block(statement)]
        """`if __name__ == "__main__":`, which does not come along."""
        self.tree.body = [statement for statement in self.tree.body if statement not in self.main_blocks]
        self._look(self.tree, nested=False, at_top=True, guarded=False)
        self.uses = uses_by_statement(self.tree, self.source)
        self._look_at_uses()
        self._expand_stars()

    @property
    def docstring(self) -> str | None:
        """The file's docstring, as `__doc__` has it."""
        return ast.get_docstring(self.tree, clean=False)

    @property
    def stem(self) -> str:
        """The file's name as part of an identifier."""
        return "".join(letter if letter.isalnum() else "_" for letter in self.path.stem)

    def names(self) -> dict[str, object]:
        """The file's top-level names, each with what it means: see `meaning_key`.

        A name that is not simply imported, always from the same place, means something of this file.
        """
        found: dict[str, object] = {}
        bound_otherwise = {use.name for uses in self.uses for use in uses if use.kind != "load"}
        for name, keys in self.imports.items():
            one = len(keys) == 1 and name not in bound_otherwise
            found[name] = next(iter(keys)) if one else OwnName(self.shown, name)
        for name in bound_otherwise:
            found[name] = OwnName(self.shown, name)
        return found

    def line_of(self, name: str) -> int:
        """The line that first binds a top-level name."""
        for uses in self.uses:
            for use in uses:
                if use.name == name and use.kind != "load":
                    return use.start[0]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and name in map(import_name, node.names):
                return node.lineno
        return 0

    def core_names(self, *, mentioned_only: bool) -> set[CoreName]:
        """What it uses of the core: in annotations and nowhere else, or elsewhere too."""
        named: dict[str, CoreName] = {}
        nested: set[CoreName] = set()
        for each in self.core_imports:
            named |= dict(each.names)
            nested |= {name for _local, name in each.names if each.nested}
        called = nested | {
            named[use.name]
            for uses in self.uses
            for use in uses
            if use.name in named and use.kind == "load" and use.annotation is None
        }
        called |= {*self.core_attributes().values()}
        # A name that is imported and never seen again may be meant by an annotation in quotes.
        return {*named.values()} - called if mentioned_only else called

    def core_attributes(self) -> dict[ast.Attribute, CoreName]:
        """Each `server_core.name`, and what it means."""
        places = {
            use.start for use in self.all_uses() if use.name in self.core_aliases and use.kind == "load"
        }
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and (node.value.lineno, node.value.col_offset) in places:
                with contextlib.suppress(CoreSourceError):
                    found[node] = self._core.public_name(node.attr)
        return found

    def all_uses(self) -> Iterator[Use]:
        """Every use of a top-level name in the file."""
        for uses in self.uses:
            yield from uses

    # -- reading

    def _read(self) -> str:
        try:
            with tokenize.open(self.path) as file:
                return file.read().removeprefix("\ufeff")
        except OSError as error:
            self._refuse(0, f"can't be read: {error.strerror or error}")
        except (SyntaxError, UnicodeDecodeError) as error:
            self._refuse(1, f"can't be decoded: {error}")
        return ""

    def _refuse(self, line: int, message: str) -> None:
        self.findings.append(Finding(self.shown, line, message))

    def _look(self, node: ast.AST, *, nested: bool, at_top: bool, guarded: bool) -> None:
        """Look at every import. `at_top`: not inside a function or class; `guarded`: inside a `try`."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                self._whole_imports(child, at_top, guarded)
            elif isinstance(child, ast.ImportFrom):
                self._named_imports(child, nested, at_top, guarded)
            elif isinstance(child, ast.Call):
                self._dynamic_import(child)
                self._look(child, nested=True, at_top=at_top, guarded=guarded)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
                self._look(
                    child,
                    nested=True,
                    at_top=at_top and not inside,
                    guarded=guarded or isinstance(child, ast.Try),
                )

    def _whole_imports(self, node: ast.Import, at_top: bool, guarded: bool) -> None:
        for alias in node.names:
            root = alias.name.partition(".")[0]
            if root == CORE:
                if alias.name != CORE or not at_top or len(node.names) > 1:
                    self._refuse(
                        node.lineno, f"write `from {alias.name} import …` instead of `import {alias.name}`"
                    )
                self.core_aliases.add(import_name(alias))
                continue
            self._take_package(root, node.lineno, guarded)
            if at_top:
                key = meaning_key(External(alias.name)) if not alias.asname else WholeImport(alias.name)
                self._bind(import_name(alias), key)

    def _named_imports(self, node: ast.ImportFrom, nested: bool, at_top: bool, guarded: bool) -> None:
        module = node.module or ""
        if module == "__future__":
            self.has_future_annotations |= any(alias.name == "annotations" for alias in node.names)
            return
        if node.level:
            self._refuse(
                node.lineno,
                f"a functions file has no neighbours: put what it needs of {'.' * node.level}{module} here",
            )
            return
        if module.partition(".")[0] == CORE:
            self._take_core_import(node, nested, at_top)
            return
        self._take_package(module.partition(".")[0], node.lineno, guarded)
        if any(alias.name == "*" for alias in node.names):
            self.star_imports[node] = []
            if nested:
                self._refuse(node.lineno, f"name what it imports from {module} instead of *")
        elif at_top:
            for alias in node.names:
                self._bind(import_name(alias), meaning_key(External(module, alias.name), import_name(alias)))

    def _take_core_import(self, node: ast.ImportFrom, nested: bool, at_top: bool) -> None:
        names = []
        for alias in node.names:
            if alias.name == "*":
                self._refuse(node.lineno, f"name what it imports from {node.module} instead of *")
                continue
            try:
                public = node.module == CORE
                origin = (
                    self._core.public_name(alias.name) if public else CoreName(node.module or "", alias.name)
                )
                meant = self._core.resolved(origin)
            except CoreSourceError:
                self._refuse(node.lineno, f"{node.module} has no {alias.name}")
                continue
            names.append((import_name(alias), origin))
            if at_top:
                # Under another name it is an alias that the file makes.
                local = import_name(alias)
                self._bind(local, meaning_key(meant) if local == alias.name else OwnName(self.shown, local))
        self.core_imports.append(CoreImport(node, nested, tuple(names)))

    def _bind(self, name: str, key: object) -> None:
        self.imports.setdefault(name, set()).add(key)

    def _take_package(self, root: str, line: int, guarded: bool) -> None:
        if root == "workbench":
            self._refuse(
                line, "the workbench does not come along with a server; what a tool needs must not be in it"
            )
        elif is_sibling(root, self.path.parent):
            self._refuse(
                line,
                f"{root} is a file beside {self.path.name}, and a script is one file: put what it needs of it here",
            )
        else:
            first, maybe = self.packages.get(root, (line, True))
            self.packages[root] = (min(first, line), maybe and guarded)

    def _dynamic_import(self, call: ast.Call) -> None:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name not in ("import_module", "__import__", "run_path", "run_module") or not call.args:
            return
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            self._take_package(first.value.partition(".")[0], call.lineno, guarded=True)

    def _look_at_uses(self) -> None:
        for use in self.all_uses():
            if use.name in UNSUPPORTED and use.kind == "load":
                self._refuse(use.start[0], f"{use.name} means something else in a script")
            if use.kind != "load" and use.name in ("__name__", "__file__", "__doc__"):
                self._refuse(use.start[0], f"{use.name} can't be set in a script")
        seen = {(node.value.lineno, node.value.col_offset) for node in self.core_attributes()}
        for use in self.all_uses():
            if use.name in self.core_aliases and use.start not in seen:
                self._refuse(
                    use.start[0],
                    f"{use.name} is used other than as `{use.name}.tool`: import the names from {CORE} instead",
                )

    def _expand_stars(self) -> None:
        """Name what `from x import *` brings, as far as the file uses it: the rest could hide something else."""
        used = {use.name for use in self.all_uses()}
        for node in self.star_imports:
            module = node.module or ""
            try:
                there = importlib.import_module(module)
            except Exception as error:
                self._refuse(node.lineno, f"{module} can't be imported: {error}")
                continue
            offered = getattr(there, "__all__", None) or [name for name in vars(there) if name[:1] != "_"]
            names = sorted(used & set(offered))
            if not names:
                self._refuse(
                    node.lineno, f"nothing of what it imports from {module} is used: remove the line"
                )
            for name in names:
                self._bind(name, meaning_key(External(module, name), name))
            self.star_imports[node] = names


def main_test(node: ast.expr) -> bool | None:
    """What a comparison of `__name__` with `"__main__"` is in an imported file; `None` if it is something else."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    sides = [node.left, node.comparators[0]]
    names = [side for side in sides if isinstance(side, ast.Name) and side.id == "__name__"]
    texts = [side for side in sides if isinstance(side, ast.Constant) and side.value == "__main__"]
    if not names or not texts or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return None
    return isinstance(node.ops[0], ast.NotEq)


def _is_main_block(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and not statement.orelse and main_test(statement.test) is False
