"""The source of `server_core` as definitions: what each one is called, where it stands, what it uses."""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from .names import identifiers
from .scopes import Use, bound_names, import_name, uses_by_statement

CORE = "server_core"


@dataclass(frozen=True, slots=True, order=True)
class External:
    """A name imported from elsewhere: `import module` where `name` is empty, else `from module import name`."""

    module: str
    name: str = ""


@dataclass(frozen=True, slots=True, order=True)
class CoreName:
    """A top-level name of a module of the core."""

    module: str
    name: str


Origin = External | CoreName
"""What a name of a file stands for."""


class CoreSourceError(Exception):
    """The core is written in a way that can't be carried along: a mistake of this project, not of a user."""


@dataclass(eq=False)
class Definition:
    """A top-level definition of a core module: its names, its lines, and the uses of top-level names in it.

    Several statements about one name (overloads, a constant that is added to) are one definition.
    """

    module: CoreModule
    names: set[str]
    spans: list[tuple[int, int]]
    """First and last line of each statement, with the comment above and the docstring below."""
    statements: list[ast.stmt]
    uses: list[Use] = field(default_factory=list)

    @cached_property
    def inner_imports(self) -> set[str]:
        """The top-level packages that are imported inside it, when it is called."""
        found: set[str] = set()
        for statement in self.statements:
            for node in ast.walk(statement):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    found.add(node.module.partition(".")[0])
        return found

    @property
    def first_line(self) -> int:
        """Where it begins, to keep the file's order."""
        return self.spans[0][0]

    @property
    def title(self) -> str:
        """For messages: file, line and names."""
        return f"{self.module.path.name}:{self.first_line}: {', '.join(sorted(self.names))}"


class CoreModule:
    """One file of the core."""

    def __init__(self, name: str, path: Path) -> None:
        """Args:
        name: the whole dotted name, as `server_core.cache`.
        """
        self.name = name
        self.path = path
        self.source = path.read_text("utf-8").encode("utf-8")
        self.tree = ast.parse(self.source, str(path))
        self.imports: dict[str, Origin] = {}
        """What the imported names stand for, wherever in the file they are imported."""
        self.typing_imports: set[str] = set()
        """Names that are imported for annotations only."""
        self.relative_imports: list[ast.ImportFrom] = []
        """The imports of other core modules inside functions, which become needless in one file."""
        self.definitions: list[Definition] = []
        self._read()

    @property
    def docstring(self) -> str:
        """The first paragraph of what the file says of itself."""
        return (ast.get_docstring(self.tree) or "").partition("\n\n")[0]

    @cached_property
    def identifiers(self) -> set[str]:
        """Every identifier that is a variable somewhere in it."""
        return identifiers(self.tree)

    @cached_property
    def by_name(self) -> dict[str, Definition]:
        """The definitions by each of their names."""
        return {name: definition for definition in self.definitions for name in definition.names}

    def _read(self) -> None:
        lines = self.source.decode("utf-8").split("\n")
        typing_blocks: list[list[ast.stmt]] = []
        for place, statement in enumerate(self.tree.body):
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._take_import(statement)
            elif isinstance(statement, ast.If) and _is_typing_block(statement):
                typing_blocks.append(statement.body)
                for each in statement.body:
                    self._take_import(each, typing=True)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                if place and self.definitions:  # a constant's docstring; the first one is the file's
                    first, _last = self.definitions[-1].spans[-1]
                    self.definitions[-1].spans[-1] = (first, statement.end_lineno or statement.lineno)
            else:
                self._take_definition(statement, lines)
        at_top = {id(statement) for body in (self.tree.body, *typing_blocks) for statement in body}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.level and id(node) not in at_top:
                self.relative_imports.append(node)
                self._take_import(node)
        self._share_out_uses()

    def _take_import(self, statement: ast.stmt, *, typing: bool = False) -> None:
        if isinstance(statement, ast.ImportFrom):
            if statement.module == "__future__":
                return
            for alias in statement.names:
                name = import_name(alias)
                self.imports[name] = self._origin(statement, alias)
                if typing:
                    self.typing_imports.add(name)
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.asname and "." in alias.name:
                    raise self._mistake(
                        statement, f"write `from … import` instead of `import {alias.name} as`"
                    )
                self.imports[import_name(alias)] = External(alias.name)
        else:
            raise self._mistake(statement, "only imports stand under TYPE_CHECKING")

    def _origin(self, statement: ast.ImportFrom, alias: ast.alias) -> Origin:
        if not statement.level:
            return External(statement.module or "", alias.name)
        parts = self.name.split(".")
        # A package's own file stands in its package.
        up = statement.level - (self.path.name == "__init__.py")
        parents = parts[: len(parts) - up]
        return CoreName(".".join([*parents, *([statement.module] if statement.module else [])]), alias.name)

    def _mistake(self, statement: ast.stmt, text: str) -> CoreSourceError:
        return CoreSourceError(f"{self.path}:{statement.lineno}: {text}")

    def _take_definition(self, statement: ast.stmt, lines: list[str]) -> None:
        names = bound_names([statement])
        if not names:
            raise self._mistake(statement, "work at import")
        if names == {"__all__"}:
            return
        first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
        while first > 1 and lines[first - 2].startswith("#"):
            first -= 1
        span = (first, statement.end_lineno or statement.lineno)
        for definition in self.definitions:
            if definition.names & names:
                definition.names |= names
                definition.spans.append(span)
                definition.statements.append(statement)
                return
        self.definitions.append(Definition(self, names, [span], [statement]))

    def _share_out_uses(self) -> None:
        owners = {id(each): definition for definition in self.definitions for each in definition.statements}
        all_uses = uses_by_statement(self.tree, self.source, lambda node: bool(node.level))
        for statement, uses in zip(self.tree.body, all_uses, strict=True):
            if id(statement) in owners:
                owners[id(statement)].uses += uses


class CoreSource:
    """All files of the core, read when they are first asked for."""

    def __init__(self, folder: Path | None = None) -> None:
        """Args:
        folder: the package's folder; that of the `server_core` which would be imported, if `None`.
        """
        self._folder = folder or _package_folder()
        self._modules: dict[str, CoreModule] = {}

    def module(self, name: str) -> CoreModule:
        """The module with the whole dotted name.

        Raises:
            CoreSourceError: there is none.
        """
        found = self._modules.get(name)
        if found is None:
            parts = name.split(".")[1:]
            path = self._folder.joinpath(*parts)
            path = path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py")
            if not path.is_file():
                raise CoreSourceError(f"There is no {name}")
            state = path.stat()
            found = self._modules[name] = _core_module(name, path, state.st_mtime_ns, state.st_size)
        return found

    def resolved(self, origin: Origin) -> Origin:
        """`origin` followed through the modules that only hand it on.

        Raises:
            CoreSourceError: a core module has no such name.
        """
        while isinstance(origin, CoreName):
            module = self.module(origin.module)
            if origin.name in module.by_name:
                return origin
            if origin.name not in module.imports:
                raise CoreSourceError(f"{origin.module} has no {origin.name}")
            origin = module.imports[origin.name]
        return origin

    def public_name(self, name: str) -> CoreName:
        """Where the package's public `name` (of `from server_core import name`) is at home.

        Raises:
            CoreSourceError: there is no such public name.
        """
        import server_core

        home = server_core._HOMES.get(name)
        if home is None:
            raise CoreSourceError(f"{CORE} has no {name}")
        return CoreName(f"{CORE}.{home}", name)

    def definition(self, name: CoreName) -> Definition:
        """The definition of a resolved name."""
        return self.module(name.module).by_name[name.name]


@lru_cache(maxsize=1000)
def _core_module(name: str, path: Path, changed: int, size: int) -> CoreModule:
    """The module as long as its file stays as it is; nobody changes it."""
    return CoreModule(name, path)


def _package_folder() -> Path:
    spec = importlib.util.find_spec(CORE)
    if spec is None or not spec.submodule_search_locations:
        raise CoreSourceError(f"{CORE} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def _is_typing_block(statement: ast.If) -> bool:
    test = statement.test
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING" and not statement.orelse
