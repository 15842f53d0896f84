"""Chooses the backend for a database URL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .backend import DatabaseBackend, DatabaseBounds
from .urls import database_url


def database_backend(
    text: str, base: Path, environment: Mapping[str, str], bounds: DatabaseBounds
) -> DatabaseBackend:
    """Return the backend for the URL `text`. Imports SQLAlchemy and the driver: call it on a worker thread.

    Raises:
        ModuleStartError: an environment variable or a driver is missing, or it is not a database URL.
    """
    url = database_url(text, base, environment)
    return _backend_class(url.drivername)(url, bounds)


def _backend_class(driver: str) -> type[DatabaseBackend]:
    """Imported on demand: an exported script contains only the backends that it uses."""
    if driver == "sqlite+pysqlite":
        from .sqlite import SqliteBackend

        return SqliteBackend
    if driver == "postgresql+psycopg":
        from .postgresql import PostgresqlBackend

        return PostgresqlBackend
    if driver in ("mysql+pymysql", "mariadb+pymysql"):
        from .mariadb import MariadbBackend

        return MariadbBackend
    from .generic import GenericBackend

    return GenericBackend
