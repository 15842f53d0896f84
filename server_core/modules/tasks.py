"""The tasks module: long work that is started, asked after and cancelled, by any client."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any, ClassVar

from mcp.types import CallToolResult, InputRequiredResult, TextContent, Tool, ToolAnnotations

from ..errors import InvalidArgumentsError, ModuleStartError, NotFoundError
from ..inspection import TaskState
from ..items import Offer, ToolItem
from ..module import Module, ModuleContext
from ..request import ProgressSink, Request
from ..settings import BreakerSettings
from ..tasking.engine import LocalTaskEngine
from ..tasking.store import TaskRow, TaskStore

TASK_ID_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"taskId": {"type": "string", "description": "The id that start_long_task answered"}},
    "required": ["taskId"],
}

TASK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "taskId": {"type": "string"},
        "task": {"type": "string"},
        "status": {
            "enum": ["queued", "working", "input_required", "completed", "failed", "cancelled", "interrupted"]
        },
        "progress": {"type": "number"},
        "total": {"type": ["number", "null"]},
        "message": {"type": "string"},
        "result": {},
        "error": {"type": "string"},
    },
    "required": ["taskId", "task", "status"],
}


class TasksModule(Module):
    """Offers `start_long_task`, `check_task_status` and `cancel_task` for every tool marked as a task.

    Each task is a row in a SQLite file: a killed process loses no result, and what it ran is `interrupted`. Several
    processes may share the file.
    """

    kind: ClassVar[str] = "tasks"

    def __init__(
        self,
        name: str,
        *,
        max_running: int = 10,
        ttl: float = 3600.0,
        seconds: float = 3600.0,
        database: str | None = None,
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        max_running: how many tasks run at a time; more wait in the order in which they came.
        ttl: seconds for which the end of a task is remembered.
        seconds: the time limit of a task whose function has none, counted from its last report of progress.
        database: the SQLite file; `.workbench/tasks.db` in the server's folder if not given.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        self.max_running = max_running
        self.ttl = ttl
        self.seconds = seconds
        self.database = database
        self._engine: LocalTaskEngine | None = None
        self._context: ModuleContext | None = None

    async def start(self, context: ModuleContext) -> None:
        path = context.base / Path(self.database or ".workbench/tasks.db").expanduser()
        engine = LocalTaskEngine(
            context, TaskStore(path, token_hex(8)), max_running=self.max_running, ttl=self.ttl
        )
        try:
            await engine.open()
        except (sqlite3.Error, OSError) as error:
            raise ModuleStartError(f"The task store {path} can't be opened: {error}") from error
        self._context, self._engine = context, engine
        context.offer(Offer(tools=self._tools()))

    async def stop(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()

    def tasks(self) -> Sequence[TaskState]:
        return self._engine.states() if self._engine is not None else ()

    async def cancel(self, task: str) -> TaskState:
        """Cancel a task by hand.

        Raises:
            NotFoundError: there is none of that id.
        """
        return (await self._cancelled(task)).state

    def _tools(self) -> list[ToolItem]:
        start = Tool(
            name=self.prefixed("start_long_task"),
            description="Starts a long task and answers its id at once; check_task_status tells how it goes.",
            input_schema={
                "type": "object",
                "properties": {
                    "task": {"type": "string", "description": "The name of a tool that is marked as a task"},
                    "arguments": {"type": "object", "description": "The tool's own arguments", "default": {}},
                },
                "required": ["task"],
            },
            output_schema=TASK_SCHEMA,
        )
        check = Tool(
            name=self.prefixed("check_task_status"),
            description="Tells how a long task goes, and its result once it has ended.",
            input_schema=TASK_ID_SCHEMA,
            output_schema=TASK_SCHEMA,
            annotations=ToolAnnotations(read_only_hint=True),
        )
        cancel = Tool(
            name=self.prefixed("cancel_task"),
            description="Cancels a long task.",
            input_schema=TASK_ID_SCHEMA,
            output_schema=TASK_SCHEMA,
            annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True),
        )
        return [
            ToolItem(start, self._start),
            ToolItem(check, self._check),
            ToolItem(cancel, self._cancel),
        ]

    async def _start(self, request: Request, arguments: dict[str, Any]) -> CallToolResult:
        context, engine = self._running()
        name = _text(arguments, "task")
        given = arguments.get("arguments") or {}
        if not isinstance(given, dict):
            raise InvalidArgumentsError("arguments: must be an object with the task's own arguments")
        possible = {key: item for key, item in context.tools().items() if item.task}
        item = possible.get(name)
        if item is None:
            raise NotFoundError("task", name, possible)
        missing = [key for key in item.definition.input_schema.get("required", ()) if key not in given]
        if missing:
            raise InvalidArgumentsError(f"The task {name} also needs: {', '.join(missing)}")
        if item.check is not None:
            item.check(given)

        async def body(sink: ProgressSink) -> CallToolResult | InputRequiredResult:
            nested = request.nested("tools/call", name, sink=sink, attached=False)
            nested.seconds = self.seconds
            return await context.call_tool(nested, name, given)

        state = await engine.start(name, given, body)
        return _answer(
            TaskRow(state),
            f"Task started with ID: {state.task}. Use {self.prefixed('check_task_status')} to monitor progress.",
        )

    async def _check(self, _request: Request, arguments: dict[str, Any]) -> CallToolResult:
        _context, engine = self._running()
        task = _text(arguments, "taskId")
        row = await engine.get(task)
        if row is None:
            raise self._unknown(task)
        return _answer(row, _told(row))

    async def _cancel(self, _request: Request, arguments: dict[str, Any]) -> CallToolResult:
        row = await self._cancelled(_text(arguments, "taskId"))
        return _answer(row, _told(row))

    async def _cancelled(self, task: str) -> TaskRow:
        _context, engine = self._running()
        row = await engine.cancel(task)
        if row is None:
            raise self._unknown(task)
        return row

    def _unknown(self, task: str) -> NotFoundError:
        error = NotFoundError("task", task)
        error.args = (
            f"Unknown task: {task}. It never was, or ended more than {self.ttl:g} s ago; "
            f"{self.prefixed('start_long_task')} starts a new one.",
        )
        return error

    def _running(self) -> tuple[ModuleContext, LocalTaskEngine]:
        assert self._context is not None
        assert self._engine is not None
        return self._context, self._engine


def _text(arguments: dict[str, Any], key: str) -> str:
    value = arguments.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidArgumentsError(f"{key}: {'is missing' if value is None else 'must be a text'}")
    return value


def _told(row: TaskRow) -> str:
    state = row.state
    text = f"Task {state.task} status: {state.status}"
    if state.status == "working" and (state.progress or state.message):
        share = f"{state.progress:g} of {state.total:g}" if state.total else f"{state.progress:g}"
        text += f" ({share}{f', {state.message}' if state.message else ''})"
    return f"{text}. {state.detail}" if state.detail else text


def _answer(row: TaskRow, text: str) -> CallToolResult:
    state = row.state
    data: dict[str, Any] = {
        "taskId": state.task,
        "task": state.name,
        "status": state.status,
        "progress": state.progress,
        "total": state.total,
        "message": state.message,
    }
    if row.result is not None and state.status == "completed":
        data["result"] = row.result.get("structuredContent", row.result.get("content"))
    if row.error:
        data["error"] = row.error
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)
