"""Any other database supported by SQLAlchemy: its tables can be read, but it accepts no statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .backend import DatabaseBackend, Verdict
from .schema import ColumnInfo, ForeignKeyInfo, TableInfo

if TYPE_CHECKING:
    from sqlalchemy import Connection


class GenericBackend(DatabaseBackend):
    """A kind of database for which this module can't enforce read-only access.

    So it has no `query` tool, and only this module's own SELECT statements are sent. A statement that takes too long
    can't
    be stopped: its connection is abandoned.
    """

    label: ClassVar[str] = "The database"

    def verdict(self, error: BaseException) -> Verdict:
        from sqlalchemy.exc import DBAPIError, InterfaceError, NoSuchTableError, OperationalError

        if isinstance(error, NoSuchTableError):
            return "missing"
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        return (
            "lost" if lost or isinstance(error, InterfaceError | OperationalError | OSError) else "statement"
        )

    def tables(self, connection: Connection) -> list[TableInfo]:
        from sqlalchemy import inspect

        inspector = inspect(connection)
        found = [*((name, True) for name in inspector.get_view_names())]
        found += [(name, False) for name in inspector.get_table_names()]
        return [_reflected(connection, name, view) for name, view in sorted(found)]


def _reflected(connection: Connection, name: str, view: bool) -> TableInfo:
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    inspector = inspect(connection)
    try:
        columns = inspector.get_columns(name)
        key = () if view else inspector.get_pk_constraint(name)["constrained_columns"]
        references = [] if view else inspector.get_foreign_keys(name)
    except SQLAlchemyError as error:
        return TableInfo(name, "view" if view else "table", problem=str(error).splitlines()[0])
    return TableInfo(
        name,
        "view" if view else "table",
        columns=tuple(
            ColumnInfo(
                column["name"], str(column["type"]), column.get("nullable", True), column.get("default")
            )
            for column in columns
        ),
        primary_key=tuple(key),
        foreign_keys=tuple(
            ForeignKeyInfo(
                tuple(each["constrained_columns"]), each["referred_table"], tuple(each["referred_columns"])
            )
            for each in references
        ),
    )
