"""The seam between the database module and the databases that it can talk to."""

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
"""What an error of a database means: the connection or the database is gone; a time limit stopped the statement;
access is refused; there is no such table; the statement itself is wrong."""


@dataclass(frozen=True, slots=True)
class DatabaseBounds:
    """What one statement may cost: seconds, rows of its result, bytes of a single value."""

    seconds: float
    rows: int
    value_bytes: int


@dataclass(slots=True, eq=False)
class DatabaseConnection:
    """A connection of the pool.

    Attributes:
        sql: SQLAlchemy's connection, for the one worker thread that works with it.
        driver: the driver's own connection beneath it, for `interrupt` and `abort`.
        generation: connections of an earlier generation than the database's present one are not used again.
        identity: what the backend knows it by.
        broken: not to be used again.
        job: the last piece of work done with it.
    """

    sql: Connection
    driver: Any
    generation: int = 0
    identity: object = None
    broken: bool = False
    job: WorkerJob[Any] | None = field(default=None, repr=False)


class DatabaseBackend:
    """One kind of database: what differs from the others.

    Everything here blocks and runs on worker threads, one at a time for each connection; only `interrupt` and `abort`
    are called while another thread works with the connection.
    """

    label: ClassVar[str] = "The database"
    grammar: ClassVar[SqlGrammar | None] = None
    """How a caller's statements are read; `None`: it can't be told to refuse writes, so that it takes none."""
    survives_interrupt: ClassVar[bool] = False
    """Whether no interrupt can come late, so that the connection can be used again after one."""
    limits_itself: ClassVar[bool] = False
    """Whether the database stops a statement by itself when its time is over."""

    def __init__(self, url: URL, bounds: DatabaseBounds) -> None:
        self.url = url
        self.bounds = bounds
        self.file = ""
        """The path of the file that holds the database, for one that is a file."""
        self.refused_functions: frozenset[str] = frozenset()
        """Functions of this very database that a caller's statement may not call."""
        self.engine: Engine = self.make_engine()

    def make_engine(self) -> Engine:
        """The engine: without a pool of its own, since connections are kept in ours."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        return create_engine(self.url, poolclass=NullPool)

    def open(self) -> DatabaseConnection:
        """A new connection. Raises what the driver raises."""
        sql = self.engine.connect()
        return DatabaseConnection(sql, sql.connection.driver_connection)

    def is_current(self, connection: DatabaseConnection) -> bool:
        """Whether the idle `connection` still leads to the database, as far as can be told without asking it."""
        return not connection.sql.invalidated

    def perform(
        self, connection: DatabaseConnection, work: Callable[[Connection], WorkResultT]
    ) -> WorkResultT:
        """Do `work` in one transaction that only reads, and end that."""
        try:
            return work(connection.sql)
        finally:
            connection.sql.rollback()

    def limit_next(self, connection: Connection, seconds: float) -> None:
        """Let the database stop this transaction's statements after `seconds`, where it can."""

    def streaming(self, word: str) -> dict[str, Any]:
        """SQLAlchemy's execution options for a statement that begins with `word` and is read in steps."""
        return {"stream_results": True, "max_row_buffer": 100}

    def leave_rows(self, connection: Connection, result: CursorResult[Any]) -> None:
        """Called before a result is closed whose rest is not wanted, for drivers that would read it all."""

    def interrupt(self, connection: DatabaseConnection) -> None:
        """Stop the statement that runs now, from another thread. Harmless when none runs."""

    def abort(self, connection: DatabaseConnection) -> None:
        """Cut the connection, from another thread, so that whoever waits for the database wakes up."""

    def verdict(self, error: BaseException) -> Verdict:
        """What an error out of SQLAlchemy or the driver means."""
        raise NotImplementedError

    def text(self, error: BaseException) -> str:
        """What the database itself says of an error, without SQLAlchemy's additions."""
        return str(getattr(error, "orig", None) or error).strip()

    def tables(self, connection: Connection) -> list[TableInfo]:
        """Every table and view that a plain name reaches, with columns and keys, sorted by name."""
        raise NotImplementedError

    def examine_role(self, connection: Connection) -> RolePowers | None:
        """Find out what the connection's role may do beyond reading, and which functions are refused."""
        return None
