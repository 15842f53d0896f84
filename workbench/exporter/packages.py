"""Which packages of PyPI a script needs, by what it imports."""

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
    """The requirements of the core's top-level packages, as our own distribution states them.

    What those that it states require in turn comes with them, and is left out.
    """
    stated = _stated_by_us()
    names = {name for package in packages for name in _distributions().get(package, ())}
    return {stated[canonicalize_name(name)] for name in names if canonicalize_name(name) in stated}


def our_version() -> str:
    """The version of our own distribution."""
    return _our_metadata()["Version"]


def python_requirement() -> str:
    """The versions of Python that our own distribution runs on."""
    return _our_metadata()["Requires-Python"]


def requirement_of(package: str) -> str | None:
    """The requirement that provides a top-level package: as we state it, else at least the version installed here.

    `None` if no installed distribution has it.
    """
    names = sorted(set(_distributions().get(package, ())))
    if not names:
        return None
    name = next((each for each in names if canonicalize_name(each) == canonicalize_name(package)), names[0])
    stated = _stated_by_us().get(canonicalize_name(name))
    return stated or f"{name}>={metadata.version(name).partition('+')[0]}"


def metadata_blocks(text: str) -> Iterator[str]:
    """The contents of the `# /// script` blocks in a file (PEP 723), without their comment signs."""
    for match in _BLOCK.finditer(text):
        yield "\n".join(line[2:] for line in match["content"].splitlines())


def without_metadata(text: str) -> str:
    """`text` with its `# /// script` blocks as plain comments: a script has one block of its own."""
    return _BLOCK.sub(lambda match: match[0].replace("# /// script", "# /// script (of this file)", 1), text)


def stated_requirements(block: str) -> list[str]:
    """The dependencies that a `# /// script` block names; none if it is not right."""
    try:
        dependencies = tomllib.loads(block).get("dependencies", [])
    except tomllib.TOMLDecodeError:
        return []
    return [str(each) for each in dependencies] if isinstance(dependencies, list) else []


def merged(requirements: Iterable[str], stated: Iterable[str]) -> list[str]:
    """All requirements, sorted; what the user has stated replaces what was found for the same package."""
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
            f"{DISTRIBUTION} is not installed, so the versions that a script needs are not known: pip install ."
        ) from None


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()
