"""What runs long tasks: the protocol that any engine fulfils, and what it gives to the tasks it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from mcp.types import CallToolResult, InputRequiredResult

from ..inspection import TaskState
from .store import TaskRow

ENDED_TASKS = frozenset({"completed", "failed", "cancelled", "interrupted"})


class TaskRun(Protocol):
    """What a running task may do besides its work. On the server's loop."""

    async def progressed(self, progress: float, total: float | None, message: str) -> None:
        """Tell how far it is."""
        ...

    async def ask(self, requests: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the task's client (the protocol's JSON, by names of the task's own) and wait for all the answers.

        Raises:
            ToolError: they did not come in time.
        """
        ...


TaskBody = Callable[[TaskRun], Awaitable[CallToolResult | InputRequiredResult]]
"""Runs the task's tool."""

ReviveTask = Callable[[str, dict[str, Any], dict[str, Any] | None], TaskBody | None]
"""The body of a task that is to run again, by its tool's name, its arguments and what its client can be asked for;
`None` while there is no such tool."""


class TaskLostError(Exception):
    """A task can't run on, through no fault of its tool: it ends as interrupted, for this reason."""


class TaskEngine(Protocol):
    """Where long tasks run: in this process (`LocalTaskEngine`), or on other machines. On the server's loop."""

    async def open(self) -> None:
        """Be ready to take tasks; those of an earlier life are accounted for.

        Raises:
            sqlite3.Error, OSError: its store can't be opened.
        """
        ...

    async def close(self) -> None:
        """Stop what runs and let go of everything. Idempotent."""
        ...

    async def start(
        self,
        name: str,
        arguments: dict[str, Any],
        body: TaskBody,
        *,
        repeatable: bool = False,
        able: dict[str, Any] | None = None,
    ) -> TaskState:
        """Accept a task; it is kept durably when this returns.

        Args:
            arguments: as they may be stored, secrets masked; a task whose arguments hold a mask can't run again.
            repeatable: it may run again if its process dies.
            able: what its client can be asked for (the protocol's JSON), for a task that runs again.
        """
        ...

    async def get(self, task: str) -> TaskRow | None:
        """A task with its result and its open questions, `None` for an unknown or expired one."""
        ...

    async def answer(self, task: str, responses: Mapping[str, Any]) -> None:
        """Answer questions of a task by their ids; those that are not open are ignored."""
        ...

    async def cancel(self, task: str) -> TaskRow | None:
        """Cancel a task and wait until its code has been told; `None` for an unknown one."""
        ...

    def states(self) -> Sequence[TaskState]:
        """The last tasks, newest first."""
        ...
