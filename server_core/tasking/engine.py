"""The interface of task engines, and what they provide to running tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from mcp.types import CallToolResult, InputRequiredResult

from ..inspection import TaskState
from .store import TaskRow

ENDED_TASKS = frozenset({"completed", "failed", "cancelled", "interrupted"})


class TaskRun(Protocol):
    """What a running task can use besides its work. On the server's loop."""

    async def progressed(self, progress: float, total: float | None, message: str) -> None:
        """Report progress."""
        ...

    async def ask(self, requests: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the task's client (the protocol's JSON, under names chosen by the task) and wait for all answers.

        Raises:
            ToolError: they did not arrive in time.
        """
        ...


TaskBody = Callable[[TaskRun], Awaitable[CallToolResult | InputRequiredResult]]
"""Runs the task's tool."""

ReviveTask = Callable[[str, dict[str, Any], dict[str, Any] | None], TaskBody | None]
"""The body of a task to be run again, given its tool's name, its arguments and what its client can be asked for; `None`
while there is no such tool."""


class TaskLostError(Exception):
    """A task can't continue, through no fault of its tool: it ends as interrupted, for this reason."""


class TaskEngine(Protocol):
    """Where long tasks run: in this process (`LocalTaskEngine`), or on other machines. On the server's loop."""

    async def open(self) -> None:
        """Get ready to accept tasks; resolve tasks left by earlier processes.

        Raises:
            sqlite3.Error, OSError: its store can't be opened.
        """
        ...

    async def close(self) -> None:
        """Stop running tasks and release all resources. Idempotent."""
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
        """Accept a task; it has been stored when this returns.

        Args:
            arguments: in storable form, with secrets masked; a task with masked arguments can't run again.
            repeatable: whether it may run again if its process dies.
            able: what its client can be asked for (the protocol's JSON), in case the task runs again.
        """
        ...

    async def get(self, task: str) -> TaskRow | None:
        """A task with its result and open questions, `None` for an unknown or expired one."""
        ...

    async def answer(self, task: str, responses: Mapping[str, Any]) -> None:
        """Answer a task's questions, by their ids; questions that are not open are ignored."""
        ...

    async def cancel(self, task: str) -> TaskRow | None:
        """Cancel a task and wait until its code has been cancelled; `None` for an unknown one."""
        ...

    def states(self) -> Sequence[TaskState]:
        """The recent tasks, newest first."""
        ...
