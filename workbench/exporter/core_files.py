"""The files of `server_core` that a script carries along: those that can be reached by imports from what it uses."""

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
    """A file of the core.

    Attributes:
        path: as the script names it: `server_core/bus.py`.
    """

    module: str
    path: str
    text: str


class CoreFiles:
    """The closure of some names of the core under imports, those inside functions too."""

    def __init__(self, names: Iterable[str], left_out: Collection[str] = ()) -> None:
        """Args:
        names: public names (`Server`) and modules (`server_core.script`).
        left_out: modules that are not followed, although something imports them.
        """
        self.files: dict[str, CoreFile] = {}
        self.packages: set[str] = set()
        """The top-level packages that they import."""
        self._left_out = left_out
        for name in names:
            self._take(name if name.partition(".")[0] == CORE else f"{CORE}.{name}")

    def _take(self, name: str) -> None:
        """Take the module `name`, or the one that has it, with its packages and its imports."""
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
    """What a file that is not the core's uses of it: see `CoreFiles`."""
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
    """What an installed package uses of the core."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    files = [path for folder in folders or () for path in Path(folder).rglob("*.py")]
    if spec is not None and not files and spec.has_location:
        files = [Path(str(spec.origin))]
    for file in files:
        tree = ast.parse(file.read_bytes())
        yield from core_names(tree, imports_of(tree, package))


def core_module(name: str) -> tuple[str, Path]:
    """The module and file of a dotted name of the core: of a module, or of what one has."""
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
    """Where each name that the package itself offers is defined: `{"Server": "server"}`."""
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
