"""Finds what a Python file imports, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

EVERYTHING = "*"


class Import(NamedTuple):
    """An import statement, or a call that imports.

    Attributes:
        module: The absolute dotted name; empty if it is known only at run time (`import_module(name)`).
        names: The names imported from it by `from module import …`.
        optional: It is inside a `try` or names the module in a string, so the file may work without it.
        for_types_only: It is under `if TYPE_CHECKING:`.
    """

    module: str
    names: tuple[str, ...]
    line: int
    optional: bool = False
    for_types_only: bool = False

    @property
    def root(self) -> str:
        """The top-level package."""
        return self.module.partition(".")[0]


def imports_of(tree: ast.AST, package: str) -> Iterator[Import]:
    """Yield every import anywhere in a file, except those under `if __name__ == "__main__":`.

    Args:
        package: The dotted name of the package that contains the file; empty for none.
    """
    return _imports_in(tree, package, optional=False, for_types_only=False)


def _imports_in(node: ast.AST, package: str, *, optional: bool, for_types_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, (), child.lineno, optional, for_types_only)
        elif isinstance(child, ast.ImportFrom):
            module = _absolute("." * child.level + (child.module or ""), package)
            names = tuple(alias.name for alias in child.names)
            if module and module != "__future__":
                yield Import(module, names, child.lineno, optional, for_types_only)
        elif not _is_main_block(child):
            if isinstance(child, ast.Call) and _name_of(child.func) in ("import_module", "__import__"):
                yield _called_import(child, package, for_types_only)
            yield from _imports_in(
                child,
                package,
                optional=optional or isinstance(child, ast.Try),
                for_types_only=for_types_only or _is_typing_block(child),
            )


def _called_import(call: ast.Call, package: str, for_types_only: bool) -> Import:
    first = call.args[0] if call.args else None
    known = isinstance(first, ast.Constant) and isinstance(first.value, str)
    module = _absolute(first.value, package) if known else ""  # type: ignore[union-attr]
    return Import(module, (), call.lineno, True, for_types_only)


def _absolute(name: str, package: str) -> str:
    """Return the absolute name of `..module`; empty if it goes beyond the top-level package."""
    module = name.lstrip(".")
    up = len(name) - len(module)
    if not up:
        return module
    parts = package.split(".") if package else []
    if up > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - up + 1], *([module] if module else [])])


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_main_block(node: ast.AST) -> bool:
    """Whether it is `if __name__ == "__main__":`, which never runs in a module that is imported."""
    test = node.test if isinstance(node, ast.If) and not node.orelse else None
    return isinstance(test, ast.Compare) and ast.unparse(test) == "__name__ == '__main__'"


def _is_typing_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and not node.orelse and _name_of(node.test) == "TYPE_CHECKING"
