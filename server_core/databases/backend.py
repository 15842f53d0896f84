"""The interface between the database module and the supported databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from .jobs import WorkerJob
from .roles import RolePowers
from .schema import TableInfo
from .statements import SqlGrammar

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, CursorResult, Engine

WorkResultT = TypeVar("WorkResultT")

Verdict = Literal["lost", "limit", "denied", "missing", "statement"]
"""What a database error means: the connection or the database is gone; a time limit stopped the statement; access was
denied; the table does not exist; the statement itself is wrong."""


@dataclass(frozen=True, slots=True)
class DatabaseBounds:
    """The limits of one statement: seconds, rows in its result, bytes in a single value."""

    seconds: float
    rows: int
    value_bytes: int


@dataclass(slots=True, eq=False)
class DatabaseConnection:
    """A connection of the pool.

    Attributes:
        sql: SQLAlchemy's connection, for the worker thread that uses it.
        driver: the underlying driver connection, for `interrupt` and `abort`.
        generation: connections from a generation before the database's present one are not reused.
        identity: the backend's identifier for it.
        broken: it must not be reused.
        job: the last piece of work done with it.
    """

    sql: Connection
    driver: Any
    generation: int = 0
    identity: object = None
    broken: bool = False
    job: WorkerJob[Any] | None = field(default=None, repr=False)


class DatabaseBackend:
    """One kind of database, with everything that differs between kinds.

    All methods block and run on worker threads, one at a time for each connection; only `interrupt` and `abort` are
    called while another thread is using the connection.
    """

    label: ClassVar[str] = "The database"
    grammar: ClassVar[SqlGrammar | None] = None
    """How callers' statements are parsed; `None` if writes can't be refused, so that no statements are accepted."""
    survives_interrupt: ClassVar[bool] = False
    """Whether interrupts never arrive late, so that a connection can be reused after one."""
    limits_itself: ClassVar[bool] = False
    """Whether the database stops a statement by itself when its time is up."""

    def __init__(self, url: URL, bounds: DatabaseBounds) -> None:
        self.url = url
        self.bounds = bounds
        self.file = ""
        """The path of the database file, if the database is a file."""
        self.refused_functions: frozenset[str] = frozenset()
        """Functions of this particular database that callers' statements may not call."""
        self.engine: Engine = self.make_engine()

    def make_engine(self) -> Engine:
        """The engine, without its own pool, since connections are kept in ours."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        return create_engine(self.url, poolclass=NullPool)

    def open(self) -> DatabaseConnection:
        """Open a connection. Raises what the driver raises."""
        sql = self.engine.connect()
        return DatabaseConnection(sql, sql.connection.driver_connection)

    def is_current(self, connection: DatabaseConnection) -> bool:
        """Whether the idle `connection` still leads to the database, as far as can be determined without a query."""
        return not connection.sql.invalidated

    def perform(
        self, connection: DatabaseConnection, work: Callable[[Connection], WorkResultT]
    ) -> WorkResultT:
        """Do `work` in one read-only transaction, and end it."""
        try:
            return work(connection.sql)
        finally:
            connection.sql.rollback()

    def limit_next(self, connection: Connection, seconds: float) -> None:
        """Make the database stop this transaction's statements after `seconds`, if it can."""

    def streaming(self, word: str) -> dict[str, Any]:
        """SQLAlchemy's execution options for a statement that begins with `word` and is fetched in steps."""
        return {"stream_results": True, "max_row_buffer": 100}

    def leave_rows(self, connection: Connection, result: CursorResult[Any]) -> None:
        """Called before closing a result with unread rows, for drivers that would read them all."""

    def interrupt(self, connection: DatabaseConnection) -> None:
        """Stop the running statement, from another thread. Harmless if none is running."""

    def abort(self, connection: DatabaseConnection) -> None:
        """Cut the connection, from another thread, to wake up whoever is waiting for the database."""

    def verdict(self, error: BaseException) -> Verdict:
        """Classify an error raised by SQLAlchemy or the driver."""
        raise NotImplementedError

    def text(self, error: BaseException) -> str:
        """The database's own error message, without SQLAlchemy's additions."""
        return str(getattr(error, "orig", None) or error).strip()

    def tables(self, connection: Connection) -> list[TableInfo]:
        """Every table and view reachable by an unqualified name, with columns and keys, sorted by name."""
        raise NotImplementedError

    def examine_role(self, connection: Connection) -> RolePowers | None:
        """Find out what the connection's role may do beyond reading, and which functions to refuse."""
        return None
