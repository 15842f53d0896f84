"""Commands for long tasks. Use them on the engine's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mcp import MCPError

from server_core.server import Server
from workbench.questions import Answer, Question
from workbench.records import CallRecord

from .calls import Calls
from .clients import EngineClient
from .errors import EngineError
from .taskclient import TasksDeclared, answer_task, start_task, task_questions

if TYPE_CHECKING:
    from pathlib import Path

    from mcp.client import ClientExtension
    from mcp.types import Tool


class TaskCommands:
    """Lists, starts, answers and cancels tasks. Its client connects to the server on first use.

    Attributes:
        client: The client that declares the tasks extension; `None` until first use.
    """

    def __init__(
        self,
        server: Callable[[], Server],
        make_client: Callable[[list[ClientExtension]], EngineClient],
        calls: Calls,
        folder: Path,
    ) -> None:
        """Args:
        server: Returns the current server.
        folder: The project's folder, for tasks that ask for roots.
        """
        self._server = server
        self._make_client = make_client
        self._calls = calls
        self._folder = folder
        self._joining = asyncio.Lock()
        self.client: EngineClient | None = None

    async def tools(self) -> list[Tool]:
        """Return the tools that may run as long tasks."""
        return [owned.item.definition for owned in self._server().registry.tools.values() if owned.item.task]

    async def start(self, name: str, arguments: dict[str, Any]) -> CallRecord:
        """See `Engine.start_task`."""
        return await start_task(self._calls, await self._joined(), name, arguments)

    async def questions(self, task: str) -> tuple[Question, ...]:
        """See `Engine.task_questions`."""
        return await task_questions(await self._joined(), task)

    async def answer(self, task: str, answers: Mapping[str, Answer]) -> None:
        """See `Engine.answer_task`."""
        await answer_task(await self._joined(), task, answers, self._folder)

    async def cancel(self, task: str) -> None:
        """Cancel a long task with the tool `cancel_task`."""
        for host in self._server().modules.values():
            if any(each.task == task for each in host.instance.tasks()):
                client = await (await self._joined()).connected()
                tool = host.instance.prefixed("cancel_task")
                try:
                    answer = await client.call_tool(tool, {"taskId": task})
                except MCPError as error:
                    raise EngineError(str(error)) from error
                if answer.is_error:
                    raise EngineError(" ".join(getattr(block, "text", "") for block in answer.content))
                return
        raise EngineError(f"There is no task {task}")

    async def _joined(self) -> EngineClient:
        async with self._joining:
            if self.client is None:
                client = self._make_client([TasksDeclared()])
                await client.connect(self._server())
                self.client = client
        return self.client
