"""Tasks on their way to the disk: what can't be written stops no task, and is written later."""

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
    """Writes the tasks that this process runs into their store. On the server's loop only."""

    def __init__(self, context: ModuleContext, store: TaskStore) -> None:
        self._context = context
        self._store = store
        self._unkept: dict[str, tuple[TaskRow, float]] = {}

    async def add(
        self, state: TaskState, arguments: dict[str, Any], *, repeatable: bool, able: dict[str, Any] | None
    ) -> None:
        """Keep a new task.

        Raises:
            UnavailableError: it can't be written, and so must not run.
        """
        try:
            await self._context.run_sync(
                lambda: self._store.add(state, arguments, repeatable=repeatable, able=able)
            )
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(
                f"The task can't be accepted: {self._store.path.name} can't be written, {disk_text(error)}"
            ) from error

    async def progressed(self, state: TaskState, asked: Mapping[str, Any]) -> None:
        """Keep how far a task is; the task goes on if that can't be written."""
        try:
            await self._context.run_sync(lambda: self._store.progressed(state, asked))
        except (sqlite3.Error, OSError) as error:
            self.report(error)

    async def ended(self, row: TaskRow, expires: float) -> None:
        """Keep how a task ended; if that can't be written, here until `catch_up` can."""
        try:
            await self._context.run_sync(lambda: self._store.ended(row, expires))
        except (sqlite3.Error, OSError) as error:
            self._unkept[row.state.task] = (row, expires)
            self.report(error)

    async def get(self, task: str) -> TaskRow | None:
        """A task that this process does not run, or no more."""
        if task in self._unkept:
            return self._unkept[task][0]
        return await self._context.run_sync(lambda: self._store.get(task))

    async def catch_up(self) -> None:
        """Write what could not be written.

        Raises:
            sqlite3.Error, OSError: it still can't be.
        """
        for task, (row, expires) in list(self._unkept.items()):
            await self._context.run_sync(lambda end=(row, expires): self._store.ended(*end))  # type: ignore[misc]
            del self._unkept[task]

    def report(self, error: Exception) -> None:
        """Say beside the module's name that the store can't be written."""
        self._context.note(f"{self._store.path} can't be written: {disk_text(error)}", trouble=True)
