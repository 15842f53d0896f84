"""Several functions files in one script: whose names stay, and what is in the way."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.finding import Finding

from .carried import Placement, carried_text, metadata_blocks, uses_name
from .core_source import CoreName
from .functions import FunctionsFile, OwnName
from .names import BUILTINS, identifiers
from .packages import requirement_of, stated_requirements

DYNAMIC = {"globals", "vars", "eval", "exec", "locals"}
"""Who uses these may mean a top-level name by its text, so that none can be changed."""


@dataclass(slots=True)
class PlacedFile:
    """A functions file with its place in the script.

    Attributes:
        configured: its path as the config has it.
        modules: the functions modules that offer it.
        marked: the names of its functions that are offered, in order.
        new_names: top-level names that are called otherwise in the script.
    """

    file: FunctionsFile
    configured: str
    modules: list[str]
    marked: Sequence[str]
    new_names: dict[str, str] = field(default_factory=dict)

    def functions(self) -> list[str]:
        """What the offered functions are called in the script."""
        return [self.new_names.get(name, name) for name in self.marked]


class Functions:
    """All functions files of a project, fitted together.

    Attributes:
        names: every top-level name that they bind in the script, and what it means.
        findings: why they can't come along as they are.
    """

    def __init__(self, files: Sequence[PlacedFile]) -> None:
        self.files = files
        self.names: dict[str, object] = {}
        self.findings: list[Finding] = [each for placed in files for each in placed.file.findings]
        self._first: dict[str, FunctionsFile] = {}
        self._identifiers = {name for placed in files for name in identifiers(placed.file.tree)}
        for placed in files:
            self._place(placed)
        self._check_packages()

    @property
    def identifiers(self) -> set[str]:
        """Every identifier in any of the files."""
        return self._identifiers

    @property
    def quote(self) -> bool:
        """Whether the script can't have `from __future__ import annotations`, since a file does without."""
        return any(not placed.file.has_future_annotations for placed in self.files)

    @property
    def hidden_builtins(self) -> set[str]:
        """Builtins whose names the files use for something else."""
        return self.names.keys() & BUILTINS

    def needs_builtins(self) -> bool:
        """Whether a file uses a builtin that another file hides."""
        hidden = self.hidden_builtins
        return any(
            use.name in hidden and use.name not in placed.file.names()
            for placed in self.files
            for use in placed.file.all_uses()
        )

    def core_names(self, *, mentioned_only: bool) -> set[CoreName]:
        """What the files use of the core: see `FunctionsFile.core_names`."""
        called = {name for placed in self.files for name in placed.file.core_names(mentioned_only=False)}
        if not mentioned_only:
            return called
        return {
            name for placed in self.files for name in placed.file.core_names(mentioned_only=True)
        } - called

    def requirements(self) -> set[str]:
        """The packages of the files' own imports."""
        packages = {package for placed in self.files for package in placed.file.packages}
        found = {requirement_of(package) for package in packages - sys.stdlib_module_names}
        return {each for each in found if each is not None}

    def stated_requirements(self) -> list[str]:
        """The packages that the files themselves name (PEP 723)."""
        blocks = [block for placed in self.files for block in metadata_blocks(placed.file.text)]
        return [requirement for block in blocks for requirement in stated_requirements(block)]

    def uses_file_name(self) -> bool:
        """Whether one of the files says `__file__`."""
        return any(uses_name(placed.file, "__file__") for placed in self.files)

    def text(
        self,
        placed: PlacedFile,
        core_name: Callable[[CoreName], str],
        constants: Mapping[str, str],
        builtins_name: str,
    ) -> str:
        """The source of one file for the script."""
        hidden: Mapping[str, str] = {name: f"{builtins_name}.{name}" for name in self.hidden_builtins}
        placement = Placement(core_name, constants, placed.new_names, hidden, self.quote)
        return carried_text(placed.file, placement)

    def _place(self, placed: PlacedFile) -> None:
        for name, meaning in placed.file.names().items():
            if self.names.get(name, meaning) == meaning:
                self.names.setdefault(name, meaning)
                self._first.setdefault(name, placed.file)
                continue
            if self._can_be_renamed(placed, name):
                new = self._free_name(f"{name}_{placed.file.stem}")
                placed.new_names[name] = new
                self.names[new] = OwnName(placed.file.shown, name)
                continue
            other = self._first[name]
            self.findings.append(
                Finding(
                    placed.file.shown,
                    placed.file.line_of(name),
                    f"{name} means something else in {other.shown}:{other.line_of(name)}, and a script is one "
                    "file: give one of the two another name",
                )
            )

    @staticmethod
    def _can_be_renamed(placed: PlacedFile, name: str) -> bool:
        """Whether nobody could tell: functions offered and classes show their names to clients."""
        if name in placed.marked:
            return False
        for node in ast.walk(placed.file.tree):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return False
            if isinstance(node, ast.Constant) and node.value == name:
                return False
            if isinstance(node, ast.Import) and any(
                alias.name.startswith(f"{name}.") and not alias.asname for alias in node.names
            ):
                return False
        uses = list(placed.file.all_uses())
        return not any(use.name in DYNAMIC or (use.name == name and use.kind == "bare") for use in uses)

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.names or name in self._identifiers:
            name, number = f"{wanted}{number}", number + 1
        return name

    def _check_packages(self) -> None:
        stated = bool(self.stated_requirements())
        for placed in self.files:
            for package, (line, may_fail) in placed.file.packages.items():
                standard = package in sys.stdlib_module_names
                if standard or may_fail or stated or requirement_of(package) is not None:
                    continue
                self.findings.append(
                    Finding(
                        placed.file.shown,
                        line,
                        f"no installed package brings {package}, so that the script could not name it: install it, "
                        "or name it in a `# /// script` block of this file",
                    )
                )
