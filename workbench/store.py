"""The project's history: calls and file batches in `.workbench/history.db`, written in batches by one thread.

Secrets in calls are masked before they are written. Several processes may write to the same file. If the database is
locked, corrupt or missing, only the history is lost.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server_core.argument_masking import mask_arguments, mask_echoes
from server_core.disk import disk_text
from server_core.events import FileChange
from server_core.masking import without_passwords
from server_core.private_files import private_database
from workbench.records import BatchRecord, CallError, CallRecord

if TYPE_CHECKING:
    from sqlite_utils import Database

    from workbench.project import Project

HISTORY_ROWS = 10_000
HISTORY_BYTES = 100_000_000
"""The limits of each table: the number of newest rows, and for calls also the total bytes of results."""

RESULT_CHARS = 100_000
"""Longer results (as JSON) are not kept; the record says how large they were."""

BATCH_SECONDS = 0.1
WAITING_ROWS = 5_000
"""How many rows are queued while the database can't be written; after that the oldest are dropped."""

PRUNE_ROWS = 500
"""How many new rows are written between two prunings."""

LOCK_SECONDS = 5.0
RETRY_SECONDS = 2.0

_Waiting = tuple[CallRecord | BatchRecord, Mapping[str, Any] | None]
"""A queued record, and the input schema of the called tool, by which secrets are masked before writing."""

_CALLS = {
    "key": str,
    "method": str,
    "target": str,
    "protocol": str,
    "arguments": str,
    "outcome": str,
    "result": str,
    "error": str,
    "started": float,
    "seconds": float,
    "stages": str,
    "size": int,
    "reference": str,
}
_BATCHES = {"at": float, "module": str, "changes": str, "replayed": int}


class Store:
    """Stores calls and batches. Every method may be called from any thread.

    The thread starts with the first record; nothing is opened before.

    Attributes:
        on_trouble: Called on the writing thread with one line when the history can't be written or read; repeated
            problems are reported once.
    """

    def __init__(self, project: Project | Path) -> None:
        """Args:
        project: The project whose history this is, or the database file itself.
        """
        self.path = project if isinstance(project, Path) else project.data / "history.db"
        self.on_trouble: Callable[[str], None] | None = None
        self._waiting: deque[_Waiting] = deque(maxlen=WAITING_ROWS)
        self._changed = threading.Condition()
        self._writing = False
        self._hurry = False
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._trouble = ""
        self._since_pruned = PRUNE_ROWS

    def add_call(self, record: CallRecord, schema: Mapping[str, Any] | None = None) -> None:
        """Store a call without its secrets; it is written within about `BATCH_SECONDS`.

        Args:
            schema: The tool's input schema, which may mark arguments as secrets.
        """
        self._add(record, schema)

    def add_batch(self, batch: BatchRecord) -> None:
        """Store a batch of file changes."""
        self._add(batch)

    def calls(self, target: str | None = None, limit: int = 50) -> list[CallRecord]:
        """Return the last calls, newest first. Blocks until pending records are written, at most a second."""
        where, values = ("where target = ?", [without_passwords(target)]) if target is not None else ("", [])
        return self._read(f"select * from calls {where} order by rowid desc limit ?", [*values, limit], _call)

    def batches(self, limit: int = 200) -> list[BatchRecord]:
        """Return the last batches, newest first. Blocks like `calls`."""
        return self._read("select * from batches order by rowid desc limit ?", [limit], _batch)

    def flush(self, seconds: float = 1.0) -> bool:
        """Wait until all pending records are written; return whether they were within `seconds`. Does not wait while
        the database can't be written."""
        with self._changed:
            if self._trouble:
                return not self._waiting
            self._hurry = True
            self._changed.notify_all()
            done = self._changed.wait_for(
                lambda: self._thread is None or not (self._waiting or self._writing), seconds
            )
            self._hurry = False
            return done

    def close(self) -> None:
        """Write pending records and end the thread. Idempotent."""
        with self._changed:
            self._stopped = True
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(LOCK_SECONDS + 1)

    # -- writing

    def _add(self, record: CallRecord | BatchRecord, schema: Mapping[str, Any] | None = None) -> None:
        with self._changed:
            if self._stopped:
                return
            self._waiting.append((record, schema))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="workbench-history", daemon=True)
                self._thread.start()
            # The thread waits for the first row only; then it lets more accumulate.
            if len(self._waiting) == 1:
                self._changed.notify_all()

    def _work(self) -> None:
        database: Database | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                # Let a batch accumulate, unless somebody waits for it.
                gathering = RETRY_SECONDS if self._trouble else BATCH_SECONDS
                self._changed.wait_for(lambda: self._hurry or self._stopped, gathering)
                rows, stopping = list(self._waiting), self._stopped
                self._waiting.clear()
                self._writing = bool(rows)
            try:
                if rows:
                    if database is None:
                        database = _open(self.path)
                    self._write(database, rows)
                self._trouble = ""
            except (
                sqlite3.OperationalError,
                OSError,
            ) as error:  # locked, full, read-only: perhaps temporary
                self._report(f"Not saving history for now: {self.path} can't be written, {disk_text(error)}")
                self._put_back(rows)
            except Exception as error:
                self._report(
                    f"The history can't be written: {error}. Move or delete {self.path} to start a new one."
                )
            finally:
                with self._changed:
                    self._writing = False
                    self._changed.notify_all()
            if stopping:
                break
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()

    def _put_back(self, rows: list[_Waiting]) -> None:
        with self._changed:
            room = WAITING_ROWS - len(self._waiting)
            self._waiting.extendleft(reversed(rows[-room:] if room else []))

    def _write(self, database: Database, rows: list[_Waiting]) -> None:
        calls = [_call_row(record, schema) for record, schema in rows if isinstance(record, CallRecord)]
        batches = [_batch_row(record) for record, _ in rows if isinstance(record, BatchRecord)]
        with database.atomic():
            if calls:
                database.table("calls").insert_all(calls)
            if batches:
                database.table("batches").insert_all(batches)
        self._since_pruned += len(rows)
        if self._since_pruned >= PRUNE_ROWS:
            self._since_pruned = 0
            with database.atomic():
                _prune(database)

    def _report(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            if self.on_trouble is not None:
                self.on_trouble(text)

    # -- reading

    def _read(self, sql: str, values: list[Any], make: Callable[[sqlite3.Row], Any]) -> list[Any]:
        self.flush()
        if not self.path.exists():
            return []
        try:
            with _reading(self.path) as connection:
                return [make(row) for row in connection.execute(sql, values)]
        except (sqlite3.Error, ValueError, KeyError) as error:
            self._report(f"The history could not be read: {error} ({self.path})")
            return []


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=1.0)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma query_only = on")
        yield connection
    finally:
        connection.close()


def _open(path: Path) -> Database:
    from sqlite_utils import Database

    private_database(path)
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS)
    try:
        database = Database(connection, execute_plugins=False)
        database.enable_wal()
        database.execute("pragma synchronous = normal")
        for name, columns in (("calls", _CALLS), ("batches", _BATCHES)):
            database.table(name).create(columns, if_not_exists=True)
        database.table("calls").create_index(["target"], if_not_exists=True)
    except BaseException:
        connection.close()
        raise
    return database


def _prune(database: Database) -> None:
    for table in ("calls", "batches"):
        database.execute(
            f"delete from {table} where rowid <= (select max(rowid) from {table}) - ?", [HISTORY_ROWS]
        )
    database.execute(
        "delete from calls where rowid in (select rowid from "
        "(select rowid, sum(length(result)) over (order by rowid desc) as total from calls) where total > ?)",
        [HISTORY_BYTES],
    )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=str)


def _call_row(record: CallRecord, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    arguments, secrets = mask_arguments(record.arguments, schema)
    return {
        "key": record.key,
        "method": record.method,
        "target": without_passwords(record.target.encode("utf-8", "replace").decode()),
        "protocol": record.protocol,
        "arguments": _json(arguments),
        "outcome": record.outcome,
        "result": _kept_result(record.result, secrets),
        "error": _json(record.error and mask_echoes(list(record.error), secrets)),
        "started": record.started,
        "seconds": record.seconds,
        "stages": _json(record.stages),
        "size": record.size,
        "reference": record.reference,
    }


def _kept_result(result: dict[str, Any] | None, secrets: frozenset[str]) -> str | None:
    """Mask secrets in a result: those of the arguments, and values whose names look secret; `None` if too large."""
    try:
        text = _json(result)
        if result is None or text is None or len(text) > RESULT_CHARS:
            return None
        own = mask_arguments({"": result.get("structuredContent")}).secrets
        return _json(mask_echoes(result, secrets | own))
    except RecursionError:
        return None


def _call(row: sqlite3.Row) -> CallRecord:
    error = json.loads(row["error"]) if row["error"] else None
    return CallRecord(
        key=row["key"],
        method=row["method"],
        target=row["target"],
        protocol=row["protocol"],
        arguments=json.loads(row["arguments"]),
        outcome=row["outcome"],
        result=json.loads(row["result"]) if row["result"] else None,
        error=CallError(*error) if error is not None else None,
        started=row["started"],
        seconds=row["seconds"],
        stages=tuple((name, seconds) for name, seconds in json.loads(row["stages"])),
        size=row["size"],
        reference=row["reference"],
    )


def _batch_row(batch: BatchRecord) -> dict[str, Any]:
    changes = [[change.kind, change.path] for change in batch.changes]
    return {
        "at": batch.at,
        "module": batch.module,
        "changes": _json(changes),
        "replayed": int(batch.replayed),
    }


def _batch(row: sqlite3.Row) -> BatchRecord:
    changes = tuple(FileChange(kind, path) for kind, path in json.loads(row["changes"]))
    return BatchRecord(row["at"], row["module"], changes, bool(row["replayed"]))
