"""A user's Python file to include in a script."""

from __future__ import annotations

import ast
import tokenize
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from workbench.finding import Finding

from .importing import imports_of
from .packages import metadata_blocks, stated_requirements
from .variables import Variable, variables_of

SCRIPT_NAMES = {"BASE", "CarriedFiles", "build", "files"}
"""The names that a script itself defines."""


class SearchFolder(NamedTuple):
    """The folder where a functions file and its local imports are found.

    Attributes:
        configured: The folder as written in the config.
    """

    path: Path
    configured: str

    def shown(self, path: Path) -> str:
        """Return the display path of a file in this folder, for messages and the script."""
        return str(PurePosixPath(self.configured) / path.relative_to(self.path).as_posix())


class UserFile:
    """A Python file, read but never run.

    Attributes:
        shown: Its display path: relative to the project unless the config has an absolute path.
        module: The name by which the script imports it.
        folder: The first folder that its imports search.
        problems: Why it can't be included.
    """

    def __init__(self, path: Path, module: str, folder: SearchFolder) -> None:
        self.path = path
        self.shown = folder.shown(path)
        self.module = module
        self.folder = folder
        self.problems: list[Finding] = []
        self.text = self._read()
        self.tree = self._parse()
        self.package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        self.imports = list(imports_of(self.tree, self.package))

    @property
    def can_stand_open(self) -> bool:
        """Whether it can be included as plain code rather than as a quoted string."""
        nodes = list(ast.walk(self.tree))
        future = any(isinstance(each, ast.ImportFrom) and each.module == "__future__" for each in nodes)
        bound = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        bound |= {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.ClassDef)}
        return not future and not bound & SCRIPT_NAMES and not self.text.startswith("r")

    @property
    def uses_its_place(self) -> bool:
        """Whether it uses `__file__`."""
        return any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(self.tree))

    @property
    def variables(self) -> list[Variable]:
        """The environment variables that it reads."""
        return variables_of(self.tree)

    @property
    def stated_requirements(self) -> list[str]:
        """The requirements that it declares itself (PEP 723)."""
        return [each for block in metadata_blocks(self.text) for each in stated_requirements(block)]

    def _read(self) -> str:
        if self.path.name == "__init__.py" and not self.path.exists():
            return ""  # a namespace package has no __init__.py
        try:
            with tokenize.open(self.path) as file:
                text = file.read().removeprefix("\ufeff")
        except OSError as error:
            self.problems.append(Finding(self.shown, 0, f"can't be read: {error.strerror or error}"))
        except (SyntaxError, UnicodeDecodeError) as error:
            self.problems.append(Finding(self.shown, 1, f"can't be decoded: {error}"))
        else:
            return text if text.endswith("\n") or not text else f"{text}\n"
        return ""

    def _parse(self) -> ast.Module:
        try:
            return ast.parse(self.text)
        except SyntaxError as error:
            self.problems.append(Finding(self.shown, error.lineno or 0, f"this is not Python: {error.msg}"))
        except ValueError as error:
            self.problems.append(Finding(self.shown, 0, f"this is not Python: {error}"))
        return ast.Module([], [])
