"""Stores tasks on disk: a failed write does not stop a task, and is retried later."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from ..disk import disk_text
from ..errors import UnavailableError
from ..inspection import TaskState
from ..module import ModuleContext
from .store import TaskRow, TaskStore


class TaskKeeper:
    """Writes this process's tasks to their store. Use on the server's loop only."""

    def __init__(self, context: ModuleContext, store: TaskStore) -> None:
        self._context = context
        self._store = store
        self._unkept: dict[str, tuple[TaskRow, float]] = {}

    async def add(
        self, state: TaskState, arguments: dict[str, Any], *, repeatable: bool, able: dict[str, Any] | None
    ) -> None:
        """Store a new task.

        Raises:
            UnavailableError: it can't be written, so it must not run.
        """
        try:
            await self._context.run_sync(
                lambda: self._store.add(state, arguments, repeatable=repeatable, able=able)
            )
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(
                f"The task can't be accepted: {self._store.path.name} can't be written ({disk_text(error)})"
            ) from error

    async def progressed(self, state: TaskState, asked: Mapping[str, Any]) -> None:
        """Store a task's progress; the task continues if that fails."""
        try:
            await self._context.run_sync(lambda: self._store.progressed(state, asked))
        except (sqlite3.Error, OSError) as error:
            self.report(error)

    async def ended(self, row: TaskRow, expires: float) -> None:
        """Store how a task ended; if that fails, keep it in memory until `catch_up` succeeds."""
        try:
            await self._context.run_sync(lambda: self._store.ended(row, expires))
        except (sqlite3.Error, OSError) as error:
            self._unkept[row.state.task] = (row, expires)
            self.report(error)

    async def get(self, task: str) -> TaskRow | None:
        """A task that is not (or no longer) running in this process."""
        if task in self._unkept:
            return self._unkept[task][0]
        return await self._context.run_sync(lambda: self._store.get(task))

    async def catch_up(self) -> None:
        """Write what could not be written before.

        Raises:
            sqlite3.Error, OSError: it still can't be written.
        """
        for task, (row, expires) in list(self._unkept.items()):
            await self._context.run_sync(lambda end=(row, expires): self._store.ended(*end))  # type: ignore[misc]
            del self._unkept[task]

    def report(self, error: Exception) -> None:
        """Note beside the module's name that the store can't be written."""
        self._context.note(f"{self._store.path} can't be written: {disk_text(error)}", trouble=True)
