"""Which packages of PyPI a script needs, by what it imports."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata

CORE_REQUIREMENTS = {
    "anyio": "anyio>=4.9",
    "cachetools": "cachetools>=6",
    "docstring_parser": "docstring-parser>=0.16",
    "httpx2": "httpx2",
    "jmespath": "jmespath>=1.1",
    "jsonschema": "jsonschema>=4.23",
    "jsonschema_rs": "jsonschema-rs>=0.58",
    "mcp": "mcp>=2.3,<2.4",
    "opentelemetry": "opentelemetry-api>=1.30",
    "psycopg": "psycopg[binary]>=3.2",
    "pydantic": "pydantic>=2.12",
    "pydantic_core": "pydantic>=2.12",
    "pymysql": "pymysql>=1.1",
    "referencing": "jsonschema>=4.23",
    "sse_starlette": "sse-starlette",
    "sqlalchemy": "sqlalchemy>=2.1,<2.2",
    "stamina": "stamina",
    "starlette": "starlette",
    "uvicorn": "uvicorn>=0.31",
    "watchfiles": "watchfiles>=1.1",
}
"""What the core imports, with the versions that this project is made for."""

PYTHON = ">=3.11"

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def core_requirements(packages: Iterable[str]) -> set[str]:
    """The requirements of the core's top-level packages; those of Python itself need none.

    Raises:
        KeyError: the core imports something that `CORE_REQUIREMENTS` does not know.
    """
    return {CORE_REQUIREMENTS[package] for package in packages if package not in sys.stdlib_module_names}


def requirement_of(package: str) -> str | None:
    """The requirement that brings a top-level package: at least the version that is installed here.

    `None` if no installed distribution has it.
    """
    if package in CORE_REQUIREMENTS:
        return CORE_REQUIREMENTS[package]
    names = sorted(set(_distributions().get(package, ())))
    if not names:
        return None
    name = next((each for each in names if canonical(each) == canonical(package)), names[0])
    return f"{name}>={metadata.version(name).partition('+')[0]}"


def stated_requirements(block: str) -> list[str]:
    """The dependencies that a `# /// script` block names; none if it is not right."""
    try:
        dependencies = tomllib.loads(block).get("dependencies", [])
    except tomllib.TOMLDecodeError:
        return []
    return [str(each) for each in dependencies] if isinstance(dependencies, list) else []


def merged(requirements: Iterable[str], stated: Iterable[str]) -> list[str]:
    """All requirements, sorted; what the user has stated comes instead of what was found for the same package."""
    by_name = {name_of(each): each for each in requirements}
    by_name |= {name_of(each): each for each in stated}
    return [by_name[name] for name in sorted(by_name)]


def name_of(requirement: str) -> str:
    """The canonical name of the distribution that a requirement names."""
    match = _NAME.match(requirement)
    return canonical(match[1]) if match else requirement


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()
