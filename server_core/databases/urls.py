"""Resolves a database URL: environment variables, the folder and the driver."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ..errors import ModuleStartError

if TYPE_CHECKING:
    from sqlalchemy import URL

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""The default drivers for URLs that name none."""

_EXTRAS = {"psycopg": ("postgresql", "psycopg[binary]"), "pymysql": ("mariadb", "pymysql")}
"""The driver's package, and the extra of our distribution that installs it."""


def database_url(text: str, base: Path, environment: Mapping[str, str]) -> URL:
    """Resolve a URL for SQLAlchemy: `${VAR}` replaced, a SQLite file relative to `base`, an installed driver.

    Imports SQLAlchemy and the driver: call it on a worker thread.

    Raises:
        ModuleStartError: a variable or a driver is missing, or it is not a database URL.
    """
    filled = fill_variables(text, environment)
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise ModuleStartError("Databases need SQLAlchemy: pip install 'sqlalchemy>=2.1,<2.2'") from error
    try:
        url = make_url(filled)
    except (ArgumentError, ValueError) as error:
        # Not the URL itself: it may contain a password.
        raise ModuleStartError(
            "url is not a database URL; write it as sqlite:///shop.db or postgresql://user@host/name"
        ) from error
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    _import_driver(url)
    return _under_base(url, base) if url.get_backend_name() == "sqlite" else url


def fill_variables(text: str, environment: Mapping[str, str]) -> str:
    """Replace each `${VAR}` in `text` with the variable's value.

    A value in the user or password of a longer URL is quoted, so that it may contain any character.

    Raises:
        ModuleStartError: a variable is not set; the text names it.
    """
    at = -1 if text.startswith("sqlite") else text.rfind("@")

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environment:
            raise ModuleStartError(
                f"url needs the environment variable {name}, which is not set: set it and restart"
            )
        return quote(environment[name], safe="") if match.start() < at else environment[name]

    return _VARIABLE.sub(value, text)


def _under_base(url: URL, base: Path) -> URL:
    """Resolve a relative SQLite file against `base`; leave an in-memory database alone."""
    name = url.database
    if (
        not name
        or name == ":memory:"
        or name.startswith("file::memory:")
        or url.query.get("mode") == "memory"
    ):
        return url
    path = Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)
    absolute = str(base / path.expanduser())
    return url.set(database=f"file:{quote(absolute)}" if name.startswith("file:") else absolute)


def _import_driver(url: URL) -> None:
    from sqlalchemy.exc import NoSuchModuleError

    try:
        url.get_dialect().import_dbapi()
    except NoSuchModuleError as error:
        raise ModuleStartError(
            f"SQLAlchemy doesn't know the database {url.drivername!r}: use sqlite, postgresql, mysql or mariadb, "
            "or install the package that provides its dialect"
        ) from error
    except ImportError as error:
        package = url.get_driver_name()
        extra, requirement = _EXTRAS.get(package, ("", package))
        advice = (
            f"pip install 'mcp-server-workbench[{extra}]' (or '{requirement}')"
            if extra
            else f"pip install {package}"
        )
        raise ModuleStartError(
            f"{url.get_backend_name()} needs the driver {package}: {advice} ({error})"
        ) from error
