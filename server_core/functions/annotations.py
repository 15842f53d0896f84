"""Evaluates a function's annotations, including names that are imported only for type checkers."""

from __future__ import annotations

import ast
import inspect
import sys
import typing
from collections.abc import Iterator
from typing import Any


def evaluated_annotations(function: Any) -> dict[str, Any]:
    """Evaluate the annotations of `function`, by parameter. Names from its file's `if TYPE_CHECKING:` blocks are
    imported now.

    Raises:
        NameError: an annotation uses an undefined name. Evaluating or importing may raise other errors.
    """
    names = dict(getattr(function, "__globals__", {}))
    while True:
        try:
            return typing.get_type_hints(function, names, include_extras=True)
        except NameError as error:
            missing = error.name or ""
            if not _import_for_checkers(function, missing, names):
                raise NameError(f"an annotation names {missing}, which is not defined") from error


def _import_for_checkers(function: Any, name: str, names: dict[str, Any]) -> bool:
    """Import `name` as the function's file does for type checkers; false if it doesn't."""
    module = sys.modules.get(names.get("__name__", ""))
    if module is None or name in names:
        return False
    # The module's source, not the code's file: in an exported script that file has many modules.
    for statement in _checkers_imports(ast.parse(inspect.getsource(module))):
        for alias in statement.names:
            if name == (alias.asname or alias.name.partition(".")[0]):
                exec(compile(ast.Module([statement], []), "<imports>", "exec"), names)
                return name in names
    return False


def _checkers_imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    for block in tree.body:
        if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING"):
            for statement in block.body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    yield statement
