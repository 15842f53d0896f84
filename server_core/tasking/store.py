"""The rows of long tasks, in a SQLite file that several processes may share."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..events import TaskStatus
from ..inspection import TaskState
from ..masking import MASKED
from ..private_files import private_database
from ..processes import is_alive

OWNER_SILENCE = 60.0
"""Seconds without a heartbeat after which an owner counts as dead, although its process exists: a tool that blocks the
loop can delay it for a while. An owner whose process on this machine has ended is dead at once."""

UNFINISHED_TASKS = "('queued', 'working', 'input_required')"

HAS_SECRETS = f"instr(arguments, '{json.dumps(MASKED)[1:-1]}')"
"""Whether a row has secret arguments, which are never stored."""

SECRETS_NOT_KEPT = "Secret arguments are not stored, so start the task again yourself"

TASK_TABLES = """
create table if not exists tasks (
    id text primary key, name text not null, module text not null, arguments text not null,
    status text not null, created real not null, updated real not null, expires real,
    progress real not null default 0, total real, message text not null default '',
    result text, error text, owner text not null, detail text not null default '',
    refusal text, asked text, repeatable integer not null default 0, attempts integer not null default 1,
    able text
);
create table if not exists cancellations (task text primary key);
create table if not exists answers (
    task text not null, question text not null, response text not null, primary key (task, question)
);
create index if not exists tasks_created on tasks (created);
create table if not exists owners (id text primary key, pid integer not null, beat real not null);
"""

LATER_COLUMNS = {
    "detail": "text not null default ''",
    "refusal": "text",
    "asked": "text",
    "repeatable": "integer not null default 0",
    "attempts": "integer not null default 1",
    "able": "text",
}
"""Columns missing from files of earlier versions."""

TASK_ATTEMPTS = 3
"""How often a repeatable task is started at most, so that one that kills its process can't do so forever."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A stored task: its state, and its result (the protocol's JSON) or error once it has ended.

    Attributes:
        refusal: the JSON-RPC error (`code`, `message`, `data`) with which the tool ended it, if it did.
        asked: its open questions to the client, as the protocol's JSON, by the questions' ids.
    """

    state: TaskState
    result: dict[str, Any] | None = None
    error: str = ""
    refusal: dict[str, Any] | None = None
    asked: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskClaim:
    """A dead process's task, claimed by this one to be run again. `able` is what its client can be asked for, `None` if
    it can't be asked."""

    state: TaskState
    arguments: dict[str, Any]
    able: dict[str, Any] | None = None


class TaskStore:
    """Reads and writes task rows. Every method blocks and may be called from any thread.

    A row is on disk when the method that writes it returns: a killed process loses nothing that was acknowledged.
    """

    def __init__(self, path: Path, owner: str) -> None:
        """Args:
        owner: identifies this process's running server, unique on this machine.
        """
        self.path = path
        self._machine = f"{socket.gethostname()}/"
        self.owner = self._machine + owner
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def open(self, now: float) -> None:
        """Open or create the file, and register this owner.

        Raises:
            sqlite3.Error, OSError: it can't be opened.
        """
        private_database(self.path)
        connection = sqlite3.connect(self.path, timeout=10, check_same_thread=False, isolation_level=None)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.executescript(TASK_TABLES)
            known = {column[1] for column in connection.execute("pragma table_info(tasks)")}
            for column, kind in LATER_COLUMNS.items():
                if column not in known:
                    connection.execute(f"alter table tasks add column {column} {kind}")
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        self.beat(now)

    def close(self) -> None:
        """Unregister this owner and close. Idempotent."""
        with self._lock:
            if self._connection is not None:
                try:
                    self._connection.execute("delete from owners where id = ?", (self.owner,))
                finally:
                    self._connection.close()
                    self._connection = None

    def beat(self, now: float) -> None:
        """Record a heartbeat of this owner."""
        self._write("insert or replace into owners values (?, ?, ?)", (self.owner, os.getpid(), now))

    def add(
        self,
        state: TaskState,
        arguments: dict[str, Any],
        *,
        repeatable: bool = False,
        able: dict[str, Any] | None = None,
    ) -> None:
        """Store a new task."""
        self._write(
            "insert into tasks (id, name, module, arguments, status, created, updated, owner, repeatable, able)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                state.task,
                state.name,
                state.module,
                json.dumps(arguments),
                state.status,
                state.created,
                state.updated,
                self.owner,
                repeatable,
                None if able is None else json.dumps(able),
            ),
        )

    def progressed(self, state: TaskState, asked: Mapping[str, Any]) -> None:
        """Store a task's progress. Changes nothing if the task has ended in the meantime."""
        self._write(
            "update tasks set status = ?, updated = ?, progress = ?, total = ?, message = ?, asked = ?"
            " where id = ? and expires is null",
            (
                state.status,
                state.updated,
                state.progress,
                state.total,
                state.message,
                json.dumps(asked) if asked else None,
                state.task,
            ),
        )

    def ended(self, row: TaskRow, expires: float) -> None:
        """Store how a task ended, to be kept until `expires`."""
        state = row.state
        self._write(
            "update tasks set status = ?, updated = ?, expires = ?, progress = ?, total = ?, message = ?,"
            " result = ?, error = ?, refusal = ?, detail = ?, asked = null where id = ?",
            (
                state.status,
                state.updated,
                expires,
                state.progress,
                state.total,
                state.message,
                None if row.result is None else json.dumps(row.result),
                row.error,
                None if row.refusal is None else json.dumps(row.refusal),
                state.detail,
                state.task,
            ),
        )

    def left(self, task: str) -> None:
        """Leave a task to whoever opens the store next: stopping its process does not count as an attempt."""
        self._write(
            "update tasks set status = 'queued', attempts = attempts - 1, progress = 0, total = null, message = '',"
            " asked = null where id = ?",
            (task,),
        )

    def get(self, task: str) -> TaskRow | None:
        """The task with that id, whoever owns it."""
        rows = self._read("select * from tasks where id = ?", (task,))
        return _row(rows[0]) if rows else None

    def latest(self, module: str, count: int) -> list[TaskRow]:
        """The latest `count` tasks of a module, newest first, without their results."""
        rows = self._read(
            "select id, name, module, status, created, updated, progress, total, message, error, detail, attempts,"
            " null as result, null as refusal, null as asked from tasks"
            " where module = ? order by created desc, rowid desc limit ?",
            (module, count),
        )
        return [_row(row) for row in rows]

    def ask_cancellation(self, task: str) -> None:
        """Ask another process, the owner of an unfinished task, to cancel it."""
        self._write(
            "insert or ignore into cancellations select id from tasks where id = ? and status in"
            f" {UNFINISHED_TASKS}",
            (task,),
        )

    def asked_cancellations(self) -> list[str]:
        """This owner's tasks that other processes ask to cancel; each is returned once."""
        rows = self._read(
            "select task from cancellations join tasks on id = task where owner = ?", (self.owner,)
        )
        asked = [str(row["task"]) for row in rows]
        self._write_many("delete from cancellations where task = ?", [(task,) for task in asked])
        return asked

    def give_answers(self, task: str, responses: Mapping[str, Any]) -> None:
        """Store answers for a task that another process runs."""
        self._write_many(
            "insert or replace into answers select id, ?, ? from tasks where id = ? and status = 'input_required'",
            [(question, json.dumps(response), task) for question, response in responses.items()],
        )

    def taken_answers(self) -> list[tuple[str, str, Any]]:
        """(task, question, response) left by other processes for this owner's tasks; each is returned once."""
        rows = self._read(
            "select task, question, response from answers join tasks on id = task where owner = ?",
            (self.owner,),
        )
        self._write_many("delete from answers where task = ? and question = ?", [row[:2] for row in rows])
        return [(row["task"], row["question"], json.loads(row["response"])) for row in rows]

    def changes(self) -> int:
        """A number that changes when another process has changed the file."""
        return int(self._read("pragma data_version", ())[0][0])

    def recover(self, now: float, expires: float, module: str) -> tuple[int, list[TaskClaim]]:
        """Resolve the unfinished tasks of dead owners: those that may run again are claimed for this owner and `module`
        and returned; the others are interrupted. Also returns how many were interrupted."""
        dead = [
            row["id"]
            for row in self._read("select * from owners", ())
            if row["id"] != self.owner and (now - row["beat"] > OWNER_SILENCE or self._is_gone(row))
        ]
        self._write_many("delete from owners where id = ?", [(owner,) for owner in dead])
        claims = self._claim(now, module)
        interrupted = self._write(
            "update tasks set status = 'interrupted', updated = ?, expires = ?, asked = null, detail = '',"
            f" error = case when repeatable and {HAS_SECRETS} then 'Its process has ended. {SECRETS_NOT_KEPT}'"
            " when status = 'queued' then 'Its process ended while it waited for its turn'"
            " when repeatable then 'The process that ran it has ended, at attempt ' || attempts"
            " else 'The process that ran it has ended' end"
            f" where status in {UNFINISHED_TASKS} and owner not in (select id from owners)",
            (now, expires),
        )
        return interrupted, claims

    def _claim(self, now: float, module: str) -> list[TaskClaim]:
        orphaned = (
            f"status in {UNFINISHED_TASKS} and repeatable and attempts < {TASK_ATTEMPTS} and not {HAS_SECRETS}"
            " and owner not in (select id from owners)"
        )
        with self._lock:
            connection = self._open()
            cursor = connection.cursor()
            cursor.row_factory = sqlite3.Row
            connection.execute("begin immediate")  # two processes must not claim the same task
            try:
                rows = list(cursor.execute(f"select * from tasks where {orphaned} order by created, rowid"))
                connection.executemany(
                    "update tasks set owner = ?, module = ?, attempts = attempts + 1, status = 'queued',"
                    " updated = ?, progress = 0, total = null, message = '', asked = null where id = ?",
                    [(self.owner, module, now, row["id"]) for row in rows],
                )
                connection.execute("commit")
            except BaseException:
                connection.execute("rollback")
                raise
        return [
            TaskClaim(
                TaskState(
                    row["id"],
                    row["name"],
                    module,
                    "queued",
                    row["created"],
                    now,
                    attempts=row["attempts"] + 1,
                ),
                json.loads(row["arguments"]),
                json.loads(row["able"] or "null"),
            )
            for row in rows
        ]

    def purge(self, now: float) -> int:
        """Delete tasks whose results have expired; returns how many."""
        return self._write("delete from tasks where expires is not null and expires < ?", (now,))

    def _is_gone(self, owner: sqlite3.Row) -> bool:
        # A container has its own process ids, which say nothing about processes elsewhere.
        return str(owner["id"]).startswith(self._machine) and not is_alive(owner["pid"])

    def _write(self, sql: str, values: tuple[Any, ...]) -> int:
        with self._lock:
            return self._open().execute(sql, values).rowcount

    def _write_many(self, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
        with self._lock:
            self._open().executemany(sql, values)

    def _read(self, sql: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        with self._lock:
            cursor = self._open().cursor()
            cursor.row_factory = sqlite3.Row
            return list(cursor.execute(sql, values))

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("The task store is closed")
        return self._connection


def _row(row: sqlite3.Row) -> TaskRow:
    status: TaskStatus = row["status"]
    result = None if row["result"] is None else json.loads(row["result"])
    error = row["error"] or ""
    state = TaskState(
        row["id"],
        row["name"],
        row["module"],
        status,
        row["created"],
        row["updated"],
        row["progress"],
        row["total"],
        row["message"],
        row["detail"] or task_detail(result, error),
        row["attempts"],
    )
    refusal = None if row["refusal"] is None else json.loads(row["refusal"])
    return TaskRow(state, result, error, refusal, json.loads(row["asked"] or "{}"))


def task_detail(result: dict[str, Any] | None, error: str) -> str:
    """The first line of a task's error, or of its result's text."""
    text = error
    if not text and result is not None:
        text = next((block["text"] for block in result.get("content", ()) if block.get("type") == "text"), "")
    return text.strip().partition("\n")[0][:200]
