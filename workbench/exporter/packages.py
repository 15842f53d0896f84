"""Finds the PyPI packages that a script needs from what it imports."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .errors import ExportError

DISTRIBUTION = "mcp-server-workbench"

_BLOCK = re.compile(r"(?m)^# /// script$\n(?P<content>(?:^#(?:| .*)$\n)+?)^# ///$")
_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def core_requirements(packages: Iterable[str]) -> set[str]:
    """Return the requirements of the core's top-level packages, as our own distribution declares them.

    Their transitive dependencies are left out.
    """
    stated = _stated_by_us()
    names = {name for package in packages for name in _distributions().get(package, ())}
    return {stated[canonicalize_name(name)] for name in names if canonicalize_name(name) in stated}


def our_version() -> str:
    """Return the version of our own distribution."""
    return _our_metadata()["Version"]


def python_requirement() -> str:
    """Return the versions of Python that our own distribution supports."""
    return _our_metadata()["Requires-Python"]


def requirement_of(package: str) -> str | None:
    """Return the requirement for a top-level package: as we declare it, or else at least the installed version.

    `None` if no installed distribution provides it.
    """
    names = sorted(set(_distributions().get(package, ())))
    if not names:
        return None
    name = next((each for each in names if canonicalize_name(each) == canonicalize_name(package)), names[0])
    stated = _stated_by_us().get(canonicalize_name(name))
    return stated or f"{name}>={metadata.version(name).partition('+')[0]}"


def metadata_blocks(text: str) -> Iterator[str]:
    """Yield the contents of the `# /// script` blocks in a file (PEP 723), without the comment signs."""
    for match in _BLOCK.finditer(text):
        yield "\n".join(line[2:] for line in match["content"].splitlines())


def without_metadata(text: str) -> str:
    """Turn the `# /// script` blocks in `text` into plain comments: a script may have only one block."""
    return _BLOCK.sub(lambda match: match[0].replace("# /// script", "# /// script (of this file)", 1), text)


def stated_requirements(block: str) -> list[str]:
    """Return the dependencies in a `# /// script` block; none if it is invalid."""
    try:
        dependencies = tomllib.loads(block).get("dependencies", [])
    except tomllib.TOMLDecodeError:
        return []
    return [str(each) for each in dependencies] if isinstance(dependencies, list) else []


def merged(requirements: Iterable[str], stated: Iterable[str]) -> list[str]:
    """Merge and sort requirements; those the user declares replace those found for the same package."""
    by_name = {_name_of(each): each for each in (*requirements, *stated)}
    return [by_name[name] for name in sorted(by_name)]


def _name_of(requirement: str) -> str:
    match = _NAME.match(requirement)
    return canonicalize_name(match[1]) if match else requirement


@cache
def _stated_by_us() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for text in _our_metadata().get_all("Requires-Dist") or ():
        requirement = Requirement(text)
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        bounds = ",".join(sorted(map(str, requirement.specifier), key=lambda bound: bound.startswith("<")))
        found.setdefault(canonicalize_name(requirement.name), f"{requirement.name}{extras}{bounds}")
    return found


def _our_metadata() -> metadata.PackageMetadata:
    try:
        return metadata.metadata(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise ExportError(
            f"{DISTRIBUTION} is not installed, so the versions that a script needs are unknown: run pip install ."
        ) from None


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()
