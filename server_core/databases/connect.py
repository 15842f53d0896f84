"""Which backend talks to the database of a URL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .backend import DatabaseBackend, DatabaseBounds
from .generic import GenericBackend
from .mariadb import MariadbBackend
from .postgresql import PostgresqlBackend
from .sqlite import SqliteBackend
from .urls import database_url

_BACKENDS: dict[str, type[DatabaseBackend]] = {
    "sqlite+pysqlite": SqliteBackend,
    "postgresql+psycopg": PostgresqlBackend,
    "mysql+pymysql": MariadbBackend,
    "mariadb+pymysql": MariadbBackend,
}


def database_backend(
    text: str, base: Path, environment: Mapping[str, str], bounds: DatabaseBounds
) -> DatabaseBackend:
    """The backend for the URL `text`. Imports SQLAlchemy and the driver: call it on a worker thread.

    Raises:
        ModuleStartError: a variable of the environment or a driver is missing, or it is no database URL.
    """
    url = database_url(text, base, environment)
    return _BACKENDS.get(url.drivername, GenericBackend)(url, bounds)
