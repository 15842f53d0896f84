"""A Python environment with only the packages that a script requires and their dependencies.

It needs no network: the packages are linked from where they are installed here.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .errors import ExportError


@dataclass(frozen=True, slots=True)
class CleanPython:
    """An interpreter and an empty folder to run it in.

    Attributes:
        distributions: The installed distributions and their versions.
    """

    executable: str
    folder: Path
    distributions: dict[str, str]


@contextmanager
def clean_python(requirements: Iterable[str]) -> Iterator[CleanPython]:
    """Create a temporary virtual environment with just these requirements. Blocks: call it on a thread.

    Raises:
        ExportError: A requirement is not installed here, or in another version.
    """
    found = closure(requirements)
    # Symbolic links in the path of the temporary folder would make the script's own paths look different.
    with tempfile.TemporaryDirectory(prefix="workbench-check-") as name:
        place = Path(name).resolve()
        environment, folder = place / "python", place / "empty"
        folder.mkdir()
        links = sys.platform != "win32"
        venv.EnvBuilder(symlinks=links, with_pip=False).create(environment)
        scheme = {"base": str(environment), "platbase": str(environment)}
        packages = Path(sysconfig.get_path("purelib", "venv", scheme))
        for distribution in found.values():
            _install(distribution, packages)
        scripts = Path(sysconfig.get_path("scripts", "venv", scheme))
        executable = scripts / ("python.exe" if sys.platform == "win32" else "python")
        versions = {name: each.version for name, each in sorted(found.items())}
        yield CleanPython(str(executable), folder, versions)


def closure(requirements: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Find the installed distributions for the requirements and their dependencies, by canonical name.

    Raises:
        ExportError: One is not installed, or in a version that does not match.
    """
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(_requirement(text), "the script") for text in requirements]
    while waiting:
        requirement, asker = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            distribution = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            raise ExportError(
                f"{requirement} is not installed here, but {asker} needs it: pip install '{requirement}'"
            ) from None
        if not requirement.specifier.contains(distribution.version, prereleases=True):
            raise ExportError(
                f"{name} {distribution.version} is installed here, but {asker} needs {requirement}: "
                f"pip install '{requirement}'"
            )
        found[name] = distribution
        for text in distribution.requires or ():
            needed = _requirement(text)
            if _applies(needed, requirement.extras):
                waiting.append((needed, name))
    return found


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ExportError(f"{text!r} is not a valid requirement: {error}") from None


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    if requirement.marker is None:
        return True
    environment = {key: str(value) for key, value in default_environment().items()}
    return any(requirement.marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))


def _install(distribution: metadata.Distribution, packages: Path) -> None:
    """Link a distribution's installed files into another environment's packages."""
    entries: set[PurePosixPath] = set()
    for file in distribution.files or ():
        parts = file.parts
        if parts[0] in ("..", "__pycache__") or PurePosixPath(file).is_absolute():
            continue
        # A folder without __init__.py may be shared with other distributions: link only this one's files.
        depth = 1
        while depth < len(parts) and _is_shared(
            Path(str(distribution.locate_file(PurePosixPath(*parts[:depth]))))
        ):
            depth += 1
        entries.add(PurePosixPath(*parts[:depth]))
    for entry in entries:
        source = Path(str(distribution.locate_file(entry)))
        target = packages.joinpath(*entry.parts)
        if source.exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(source, target)


def _is_shared(folder: Path) -> bool:
    if not folder.is_dir() or folder.suffix in (".dist-info", ".libs", ".data"):
        return False
    return not (folder / "__init__.py").exists()


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError:  # Windows, without the right to create links
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
