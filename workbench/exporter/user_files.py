"""The user's files in a script: the functions files and their local imports."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder
from pathlib import Path

from workbench.finding import Finding

from .core_files import CORE, core_names
from .importing import EVERYTHING, Import
from .packages import requirement_of
from .user_file import SearchFolder, UserFile


class UserFiles:
    """All user files that a script includes, read but never run.

    Attributes:
        files: The files by the name under which the script imports them.
        functions: The module name of each functions file, by its path in the config.
        findings: Why files can't be included as they are.
        packages: The top-level packages that they import from elsewhere.
    """

    def __init__(self, project: Path, configured: Iterable[str]) -> None:
        """Args:
        project: The project's folder.
        configured: The paths of its functions files, as written in the config.
        """
        self.files: dict[str, UserFile] = {}
        self.functions: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.packages: set[str] = set()
        self._waiting: list[UserFile] = []
        self._imported: dict[str, None] = {}
        """The names that are certainly imported; the others are included in case they are needed at run time."""
        first = {}
        for path in configured:
            place = (project / Path(path).expanduser()).absolute()
            folder = SearchFolder(place.parent, Path(path).parent.as_posix())
            first[path] = UserFile(place, "", folder)
        self._waiting = list(first.values())
        self._folders = {file.folder.path for file in first.values()}
        while self._waiting:
            self._follow(self._waiting.pop())
        for path, file in first.items():
            self.functions[path] = self._name(file)
            self._imported.setdefault(self.functions[path])
        for name in self._imported:
            self.findings += self.files[name].problems
        self._check_packages()
        self.findings = list(dict.fromkeys(self.findings))

    @property
    def requirements(self) -> set[str]:
        """Return the requirements of the packages that they import, with the installed versions."""
        found = {requirement_of(package) for package in self.packages - sys.stdlib_module_names}
        return {each for each in found if each is not None}

    @property
    def stated_requirements(self) -> list[str]:
        """Return the requirements that the files themselves declare (PEP 723)."""
        return [each for file in self.files.values() for each in file.stated_requirements]

    def core_names(self) -> set[str]:
        """Return the names of the core that they use: see `CoreFiles`."""
        return {name for file in self.files.values() for name in core_names(file.tree, file.imports)}

    # -- following imports

    def _follow(self, file: UserFile) -> None:
        for each in file.imports:
            if each.root == "workbench":
                text = "the workbench is not part of a script; a tool can't import it"
                self.findings.append(Finding(file.shown, each.line, text))
            elif not each.module:
                self._follow_unknown(file, each.line)
            elif each.root != CORE and not self._take(file, each) and not each.for_types_only:
                self.packages.add(each.root)

    def _follow_unknown(self, file: UserFile, line: int) -> None:
        """Follow an import whose name is known only at run time: in a package, include every module."""
        if file.package:
            self._take_all(file, file.package.partition(".")[0])
        else:
            self.notes.append(
                f"{file.shown}:{line} imports a module whose name is known only at run time: "
                "it is included only if another line imports it by name"
            )

    def _take(self, file: UserFile, wanted: Import) -> bool:
        """Include what is imported; return false if it is not a file of the user's."""
        if wanted.root in sys.stdlib_module_names or not self._take_module(file, wanted.module, wanted.line):
            return False
        for name in wanted.names:
            if name == EVERYTHING:
                self._take_all(file, wanted.module)
            else:
                self._take_module(file, f"{wanted.module}.{name}", wanted.line)
        return True

    def _take_module(self, file: UserFile, module: str, line: int) -> bool:
        """Include a module with its parent packages; return false if the user has none of that name."""
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            path = located(file.folder.path.joinpath(*parts[:depth]))
            is_folder = path is not None and path.is_dir()
            if path is None or (depth == 1 and is_folder and is_installed(parts[0], self._folders)):
                return depth > 1
            name = ".".join(parts[:depth])
            if path.is_file() and path.suffix != ".py":
                text = f"{name} is compiled ({path.name}), but scripts include only Python: install it as a package"
                self.findings.append(Finding(file.shown, line, text))
                return True
            self._add(file, name, path / "__init__.py" if is_folder else path, line)
            if not is_folder and path.name != "__init__.py":
                return True
        return True

    def _take_all(self, file: UserFile, package: str) -> None:
        folder = file.folder.path.joinpath(*package.split("."))
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else ():
            self._take_module(file, ".".join(path.relative_to(file.folder.path).with_suffix("").parts), 0)

    def _add(self, importer: UserFile, name: str, path: Path, line: int) -> None:
        shown = importer.folder.shown(path)
        known = self.files.get(name)
        if line:
            self._imported.setdefault(name)
        if known is None:
            self.files[name] = UserFile(path, name, importer.folder)
            self._waiting.append(self.files[name])
        elif known.path != path:
            text = (
                f"{name} is {shown} here but {known.shown} elsewhere, and module names in a script are unique"
            )
            self.findings.append(Finding(importer.shown, line, f"{text}: rename one of the files"))

    def _name(self, file: UserFile) -> str:
        """Give a functions file a module name that is unique in the script."""
        stem = file.path.stem.replace(".", "_")
        for name in (stem, f"{file.path.parent.name}_{stem}", *(f"{stem}_{n}" for n in range(2, 100))):
            known = self.files.get(name)
            if known is not None and known.path == file.path:
                return name
            if known is None and name != CORE and not is_installed(name, self._folders):
                file.module = name
                self.files = {name: file, **self.files}
                return name
        raise AssertionError(f"a hundred files named {stem}")

    def _check_packages(self) -> None:
        if self.stated_requirements:
            return
        for file in map(self.files.__getitem__, self._imported):
            for each in file.imports:
                mine = each.root in self.packages and not each.optional and not each.for_types_only
                if mine and each.root not in sys.stdlib_module_names and requirement_of(each.root) is None:
                    text = (
                        f"{each.root} is not in any installed package, so the script can't require it: install it, "
                        "or name its package in a `# /// script` block of this file"
                    )
                    self.findings.append(Finding(file.shown, each.line, text))


def located(place: Path) -> Path | None:
    """Return the file, or the folder without `__init__.py`, that Python imports at `place`."""
    for path in (place / "__init__.py", *(Path(f"{place}{end}") for end in (".py", *EXTENSION_SUFFIXES))):
        if path.is_file():
            return path
    return place if place.is_dir() and any(place.rglob("*.py")) else None


def is_installed(package: str, folders: Collection[Path]) -> bool:
    """Whether a top-level package can be imported from outside `folders`, which may be importable too."""
    if package in sys.stdlib_module_names:
        return True
    places = [place for place in sys.path if place and Path(place).absolute() not in folders]
    return PathFinder.find_spec(package, places) is not None
