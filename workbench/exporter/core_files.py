"""The files of `server_core` that a script includes: those reachable through imports from what it uses."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .importing import EVERYTHING, Import, imports_of

CORE = "server_core"


class CoreFile(NamedTuple):
    """A file of `server_core`.

    Attributes:
        path: Its path as in the script: `server_core/bus.py`.
    """

    module: str
    path: str
    text: str


class CoreFiles:
    """The transitive closure of imports of some names of the core, including imports inside functions."""

    def __init__(self, names: Iterable[str], left_out: Collection[str] = ()) -> None:
        """Args:
        names: Public names (`Server`) and modules (`server_core.script`).
        left_out: Modules that are not followed even if something imports them.
        """
        self.files: dict[str, CoreFile] = {}
        self.packages: set[str] = set()
        """The top-level packages that the files import."""
        self._left_out = left_out
        for name in names:
            self._take(name if name.partition(".")[0] == CORE else f"{CORE}.{name}")

    def _take(self, name: str) -> None:
        """Add the module `name`, or the one that defines it, with its packages and its imports."""
        module, path = core_module(name)
        if module in self.files or module in self._left_out:
            return
        text, imports = _parsed(module, path, path.stat().st_mtime_ns)
        shown = path.relative_to(_folder().parent).as_posix()
        self.files[module] = CoreFile(module, shown, text)
        if module != CORE:
            self._take(module.rpartition(".")[0])
        for each in imports:
            if each.for_types_only:
                continue
            if each.root != CORE:
                self.packages.add(each.root)
                continue
            self._take(each.module)
            for imported in each.names:
                self._take(f"{each.module}.{imported}")


def core_names(tree: ast.AST, imports: Iterable[Import]) -> Iterator[str]:
    """Yield the names of the core that another file uses: see `CoreFiles`."""
    mine = [each for each in imports if each.root == CORE]
    for each in mine:
        yield each.module
        yield from (f"{each.module}.{name}" for name in each.names if name != EVERYTHING)
    if any(each.names == (EVERYTHING,) for each in mine):
        yield from public_names()
    elif any(each.module == CORE and not each.names for each in mine):
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        yield from used & public_names().keys()


def core_names_of_package(package: str) -> Iterator[str]:
    """Yield the names of the core that an installed package uses."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    files = [path for folder in folders or () for path in Path(folder).rglob("*.py")]
    if spec is not None and not files and spec.has_location:
        files = [Path(str(spec.origin))]
    for file in files:
        tree = ast.parse(file.read_bytes())
        yield from core_names(tree, imports_of(tree, package))


def core_module(name: str) -> tuple[str, Path]:
    """Return the module and file of a dotted name in the core: a module, or something defined in one."""
    public = public_names()
    head, _dot, last = name.rpartition(".")
    if head == CORE and last in public:
        name = f"{CORE}.{public[last]}"
    while True:
        place = _folder().parent.joinpath(*name.split("."))
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path.is_file():
                return name, path
        name = name.rpartition(".")[0]


def public_names() -> dict[str, str]:
    """Return the module that defines each public name of the package: `{"Server": "server"}`."""
    import server_core

    return server_core._HOMES


@lru_cache(maxsize=1)
def _folder() -> Path:
    spec = importlib.util.find_spec(CORE)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


@lru_cache(maxsize=1000)
def _parsed(module: str, path: Path, _changed: int) -> tuple[str, tuple[Import, ...]]:
    text = path.read_text("utf-8")
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return text, tuple(imports_of(ast.parse(text), package))
