"""Finds the environment variables that a Python file reads, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Variable(NamedTuple):
    """An environment variable that a server reads.

    Attributes:
        required: The server does not work without it.
    """

    name: str
    required: bool = True


def merged_variables(variables: Iterable[Variable]) -> list[Variable]:
    """Merge variables by name; one that is read with a default anywhere is not required."""
    found: dict[str, bool] = {}
    for each in variables:
        found[each.name] = found.get(each.name, True) and each.required
    return [Variable(name, found[name]) for name in sorted(found)]


def variables_of(tree: ast.Module) -> list[Variable]:
    """Find what the file reads by `os.environ["X"]` (required), `os.environ.get("X")`, `os.getenv("X")`, or `"X" in
    os.environ`, under any imported names; the variable's name may be a constant of the file.
    """
    return merged_variables(_Reader(tree).found())


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._modules: set[str] = set()
        self._environments: set[str] = set()
        self._getters: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._modules |= {each.asname or "os" for each in node.names if each.name == "os"}
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                names = {each.name: each.asname or each.name for each in node.names}
                self._environments |= {names[each] for each in names if each == "environ"}
                self._getters |= {names[each] for each in names if each == "getenv"}
        self._constants = {
            target.id: statement.value.value
            for statement in tree.body
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }

    def found(self) -> Iterator[Variable]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                if self._is_environment(node.value):
                    yield from self._named(node.slice, required=True)
            elif isinstance(node, ast.Call) and node.args and self._is_getter(node.func):
                yield from self._named(node.args[0], required=False)
            elif isinstance(node, ast.Compare) and self._is_environment(node.comparators[0]):
                yield from self._named(node.left, required=False)

    def _named(self, node: ast.expr, *, required: bool) -> Iterator[Variable]:
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(node, ast.Name):
            value = self._constants.get(node.id)
        if isinstance(value, str) and value:
            yield Variable(value, required)

    def _is_getter(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Attribute):
            reads = node.attr in ("get", "pop", "setdefault") and self._is_environment(node.value)
            return reads or (node.attr == "getenv" and self._is_module(node.value))
        return isinstance(node, ast.Name) and node.id in self._getters

    def _is_environment(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Attribute):
            return node.attr == "environ" and self._is_module(node.value)
        return isinstance(node, ast.Name) and node.id in self._environments

    def _is_module(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._modules
