"""Access to a database: pooled connections, work on worker threads, time limits that stop the statement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ..errors import UnavailableError
from ..module import ModuleContext
from ..pool import ConnectionPool
from ..request import Request
from ..settings import PoolSettings
from .backend import DatabaseBackend, DatabaseConnection
from .failures import StaleConnectionError, StatementTimeLimitError, database_failure, time_limit_failure
from .jobs import JobAbandonedError, WorkerJob

if TYPE_CHECKING:
    from sqlalchemy import Connection

AnswerT = TypeVar("AnswerT")
StepT = TypeVar("StepT")

OWN_LIMIT_SECONDS = 1.0
"""How much longer to wait for a database that enforces its own time limit before stopping the statement."""
INTERRUPT_SECONDS = 0.1
"""The pause between attempts to stop a statement: an attempt may come before the database has started it."""
PATIENCE_SECONDS = 3.0
"""How long a statement may take to stop before its connection is cut."""


class DatabaseAccess:
    """Lends sessions on one database. Use on the server's loop only."""

    def __init__(
        self, name: str, backend: DatabaseBackend, settings: PoolSettings, context: ModuleContext
    ) -> None:
        self.backend = backend
        self._context = context
        self.run_sync = context.run_sync
        self._generation = 0
        self._attempts = settings.max_size + 1
        self._stopping: set[asyncio.Task[None]] = set()
        self.pool: ConnectionPool[DatabaseConnection] = ConnectionPool(
            name,
            create=self._open,
            close=self._close,
            settings=settings,
            clock=context.clock,
            bus=context.bus,
        )

    async def use(
        self, request: Request | None, operation: Callable[[DatabaseSession], Awaitable[AnswerT]]
    ) -> AnswerT:
        """Run `operation` with a connection; it is retried if a stale connection failed before it had any effect.

        Raises:
            UnavailableError: there is no connection, or it was lost during the operation.
            CoreError: a statement failed, as mapped by `database_failure`.
        """
        holder = f"{request.target} (request {request.number})" if request else "the module itself"
        for _ in range(self._attempts):
            started = self._context.clock.monotonic()
            async with self.pool.connection(holder) as connection:
                if request is not None:
                    request.trace.since("pool", started)
                try:
                    return await operation(DatabaseSession(self, connection, request))
                except StaleConnectionError:
                    connection.broken = True
                finally:
                    if connection.broken:
                        self.pool.discard(connection)
        raise UnavailableError(f"{self.backend.label} does not answer: every connection to it was lost.")

    def retire_connections(self) -> None:
        """Discard the present connections after use, since they lead to an outdated database."""
        self._generation += 1

    async def aclose(self) -> None:
        """Close every connection, stopping statements that are still running. Takes a bounded time."""
        await self.pool.aclose()
        if self._stopping:
            await asyncio.wait(tuple(self._stopping), timeout=PATIENCE_SECONDS)

    # -- for sessions

    async def perform(
        self, connection: DatabaseConnection, work: Callable[[Connection], StepT], seconds: float
    ) -> StepT:
        """Do `work` on a worker thread, for at most `seconds`; nobody else gets the connection until that thread has
        released it."""
        job = WorkerJob(lambda: self._on_thread(connection, work))
        connection.job = job
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await self._context.run_sync(job)
        except asyncio.CancelledError:
            # The pool closes it in its own task, once the statement has been stopped.
            if job.abandon() is not None:
                connection.broken = True
            raise
        except JobAbandonedError:
            raise time_limit_failure(seconds) from None
        except Exception as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                end = job.abandon()
                if end is not None:
                    await self._stop(connection, end)
                raise time_limit_failure(seconds) from None
            if not self._is_of_database(error):
                raise
            failure = database_failure(self.backend, error, self._password())
            if isinstance(failure, UnavailableError):
                connection.broken = True
                self.retire_connections()
            raise failure from error

    def _on_thread(self, connection: DatabaseConnection, work: Callable[[Connection], StepT]) -> StepT:
        backend = self.backend
        if connection.generation != self._generation or not backend.is_current(connection):
            raise StaleConnectionError
        return backend.perform(connection, work)

    def _is_of_database(self, error: Exception) -> bool:
        from sqlalchemy.exc import SQLAlchemyError

        return isinstance(error, SQLAlchemyError | OSError | self.backend.engine.dialect.loaded_dbapi.Error)

    async def _stop(self, connection: DatabaseConnection, end: asyncio.Event) -> None:
        """Stop the running statement, and make sure that no late interrupt can hit the next one."""
        connection.broken = True
        if not await self._interrupted(connection, end):
            self.retire_connections()
            raise UnavailableError(f"{self.backend.label} does not answer, not even to a request to stop.")
        connection.broken = not self.backend.survives_interrupt

    async def _interrupted(self, connection: DatabaseConnection, end: asyncio.Event) -> bool:
        """Interrupt until the thread has released the connection; `False` if it has not after `PATIENCE_SECONDS`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not end.is_set():
                    with suppress(Exception):
                        await self._context.run_sync(lambda: self.backend.interrupt(connection))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(end.wait(), INTERRUPT_SECONDS)
        return end.is_set()

    # -- for the pool

    async def _open(self) -> DatabaseConnection:
        generation = self._generation
        try:
            connection = await self._context.run_sync(self.backend.open)
        except Exception as error:
            if not self._is_of_database(error):
                raise
            failure = database_failure(self.backend, error, self._password())
            # Whatever the cause, there is no connection.
            raise (
                failure if isinstance(failure, UnavailableError) else UnavailableError(str(failure))
            ) from error
        connection.generation = generation
        return connection

    async def _close(self, connection: DatabaseConnection) -> None:
        task = asyncio.create_task(self._close_when_free(connection))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
        # The pool does not wait forever; this continues.
        await asyncio.shield(task)

    async def _close_when_free(self, connection: DatabaseConnection) -> None:
        end = connection.job.abandon() if connection.job else None
        if end is not None and not await self._interrupted(connection, end):
            with suppress(Exception):
                self.backend.abort(connection)
            await end.wait()
        with suppress(Exception):
            await self._context.run_sync(connection.sql.close)

    def _password(self) -> str:
        return str(self.backend.url.password or "")


class DatabaseSession:
    """One connection used by one operation, which runs its pieces of work one after another."""

    def __init__(
        self, access: DatabaseAccess, connection: DatabaseConnection, request: Request | None
    ) -> None:
        self._access = access
        self._connection = connection
        self._request = request

    async def run(
        self, work: Callable[[Connection], StepT], *, stage: str = "query", seconds: float | None = None
    ) -> StepT:
        """Do `work` in its own transaction, on a worker thread; its time is added to `stage`.

        Args:
            seconds: the time limit, if shorter than that of any statement. The work is stopped when it is reached.

        Raises:
            StatementTimeLimitError: it took longer.
            CoreError: as mapped by `database_failure`.
        """
        access, request = self._access, self._request
        backend = access.backend
        limit = backend.bounds.seconds if seconds is None else min(seconds, backend.bounds.seconds)
        started = request.clock.monotonic() if request else 0.0

        def limited(connection: Connection) -> StepT:
            backend.limit_next(connection, limit)
            return work(connection)

        try:
            if not backend.limits_itself:
                return await access.perform(self._connection, work, limit)
            shorter = limit < backend.bounds.seconds
            return await access.perform(
                self._connection, limited if shorter else work, limit + OWN_LIMIT_SECONDS
            )
        finally:
            if request is not None:
                request.trace.since(stage, started)

    def retire(self) -> None:
        """Discard this connection after use: its session state was changed."""
        self._connection.broken = True

    async def try_to_run(
        self, work: Callable[[Connection], StepT], *, stage: str, seconds: float
    ) -> StepT | None:
        """Like `run`, but return `None` if it takes longer than `seconds`."""
        try:
            return await self.run(work, stage=stage, seconds=seconds)
        except StatementTimeLimitError:
            return None
