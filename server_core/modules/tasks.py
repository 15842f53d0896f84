"""The tasks module: long-running work that any client can start, check and cancel."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any, ClassVar

from mcp.types import (
    CallToolResult,
    ClientCapabilities,
    InputRequiredResult,
    InputResponseRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from ..argument_masking import mask_arguments
from ..disk import disk_text
from ..error_texts import shortened
from ..errors import InvalidArgumentsError, ModuleStartError, NotFoundError
from ..inspection import TaskState
from ..items import Offer, ToolItem
from ..module import Module, ModuleContext
from ..protocol.capabilities import check_answerable
from ..protocol.task_listening import TasksExtension
from ..request import Request
from ..settings import BreakerSettings
from ..tasking.engine import TaskBody, TaskEngine, TaskRun
from ..tasking.extension import TASKS_EXTENSION
from ..tasking.local import LocalTaskEngine
from ..tasking.store import TaskRow, TaskStore

TASK_ID_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"taskId": {"type": "string", "description": "The id returned by start_long_task"}},
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
        "attempts": {"type": "integer", "description": "How often the task was started"},
        "result": {},
        "error": {"type": "string"},
    },
    "required": ["taskId", "task", "status"],
}


CANCEL_ANSWER_SECONDS = 2.0
"""How long the response to `tasks/cancel` waits for the task to end; it ends even if that takes longer."""


TASK_TOOL_SECONDS = 10.0
"""The minimum time limit of the three tools: they wait for the disk, however short calls should be."""


class TasksModule(Module):
    """Offers `start_long_task`, `check_task_status` and `cancel_task` for every tool marked as a task, and serves the
    extension `io.modelcontextprotocol/tasks` to clients that declare it.

    Each task is a row in a SQLite file: if the process is killed, no result is lost, and running tasks are marked
    `interrupted`, or run again if their function is marked as idempotent. Several processes may share the file.
    Override `make_engine` to run tasks somewhere else.
    """

    kind: ClassVar[str] = "tasks"

    def __init__(
        self,
        name: str,
        *,
        max_running: int = 10,
        ttl: float = 3600.0,
        seconds: float = 3600.0,
        poll: float = 0.5,
        database: str | None = None,
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        max_running: how many tasks run at a time; others wait in order.
        ttl: seconds for which an ended task is remembered.
        seconds: the time limit of a task whose function has none, counted from its last progress report.
        poll: the polling interval suggested to clients of the extension, in seconds.
        database: the SQLite file; by default `.workbench/tasks.db` in the server's folder.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        self.max_running = max_running
        self.ttl = ttl
        self.seconds = seconds
        self.poll = poll
        self.database = database
        self._engine: TaskEngine | None = None
        self._cancelling: set[asyncio.Task[Any]] = set()
        self._context: ModuleContext | None = None

    def make_engine(self, context: ModuleContext) -> TaskEngine:
        """Create the engine that runs the tasks, by default in this process. Called at each start."""
        return LocalTaskEngine(
            context,
            TaskStore(self._path(context), token_hex(8)),
            max_running=self.max_running,
            ttl=self.ttl,
            revive=self._revived,
        )

    def _path(self, context: ModuleContext) -> Path:
        return context.base / Path(self.database or ".workbench/tasks.db").expanduser()

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        if not context.base.is_dir():
            raise ModuleStartError(f"The folder {context.base} does not exist")
        engine = self.make_engine(context)
        try:
            await engine.open()
        except (sqlite3.Error, OSError) as error:
            raise ModuleStartError(
                f"The task store {self._path(context)} can't be opened: {disk_text(error)}"
            ) from error
        self._engine = engine
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
            NotFoundError: there is no task with that id.
        """
        return (await self._cancelled(task)).state

    # -- for clients that declare the extension (a `TaskService`)

    def extensions(self) -> Mapping[str, Callable[..., Any]]:
        return {TASKS_EXTENSION: TasksExtension}

    async def accept(
        self,
        request: Request,
        item: ToolItem,
        arguments: dict[str, Any],
        prepared: Mapping[str, Any] | None,
        able: ClientCapabilities,
    ) -> TaskState:
        """Run a call as a task; see `TaskService.accept`."""
        _context, engine = self._running()
        body = self._body(request, request.target, arguments, prepared, able)
        # The client's answers given beforehand are in no row: without them, the task can't be run again.
        repeatable = _is_idempotent(item) and not prepared
        declared = able.model_dump(by_alias=True, mode="json", exclude_none=True)
        kept = mask_arguments(arguments, item.definition.input_schema).arguments
        return await engine.start(request.target, kept, body, repeatable=repeatable, able=declared)

    async def find(self, task: str) -> TaskRow | None:
        """The task with that id, or `None`."""
        return await self._running()[1].get(task)

    async def answer(self, task: str, responses: Mapping[str, Any]) -> None:
        """Answer a task's questions, by their ids."""
        await self._running()[1].answer(task, responses)

    async def cancel_soon(self, task: str) -> None:
        """Request cancellation of a task; see `TaskService.cancel_soon`."""
        ending = asyncio.create_task(self._running()[1].cancel(task))
        self._cancelling.add(ending)
        ending.add_done_callback(self._cancelling.discard)
        done, _ = await asyncio.wait({ending}, timeout=CANCEL_ANSWER_SECONDS)
        for ended in done:
            ended.result()

    # -- for every client

    def _tools(self) -> list[ToolItem]:
        start = Tool(
            name=self.prefixed("start_long_task"),
            description="Starts a long task and returns its id immediately; check_task_status shows its progress.",
            input_schema={
                "type": "object",
                "properties": {
                    "task": {"type": "string", "description": "The name of a tool marked as a task"},
                    "arguments": {"type": "object", "description": "The tool's arguments", "default": {}},
                },
                "required": ["task"],
            },
            output_schema=TASK_SCHEMA,
        )
        check = Tool(
            name=self.prefixed("check_task_status"),
            description="Shows a long task's status and, once it has ended, its result.",
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
        seconds = max(TASK_TOOL_SECONDS, self._running()[0].limits.call_seconds)
        return [
            ToolItem(start, self._start, seconds=seconds),
            ToolItem(check, self._check, seconds=seconds),
            ToolItem(cancel, self._cancel, seconds=seconds),
        ]

    async def _start(self, request: Request, arguments: dict[str, Any]) -> CallToolResult:
        context, engine = self._running()
        name = _text(arguments, "task")
        given = arguments.get("arguments") or {}
        if not isinstance(given, dict):
            raise InvalidArgumentsError("arguments: must be an object with the task's arguments")
        possible = {key: item for key, item in context.tools().items() if item.task}
        item = possible.get(name)
        if item is None:
            raise NotFoundError("task", name, possible)
        missing = [key for key in item.definition.input_schema.get("required", ()) if key not in given]
        if missing:
            raise InvalidArgumentsError(f"The task {name} also needs: {', '.join(missing)}")
        item.refuse_unknown(given, context.limits)
        if item.check is not None:
            item.check(given)

        kept = mask_arguments(given, item.definition.input_schema).arguments
        body = self._body(request, name, given)
        state = await engine.start(name, kept, body, repeatable=_is_idempotent(item))
        return _answer(
            TaskRow(state),
            f"Task started with ID: {state.task}. Use {self.prefixed('check_task_status')} to monitor progress.",
        )

    def _body(
        self,
        request: Request,
        name: str,
        arguments: dict[str, Any],
        prepared: Mapping[str, Any] | None = None,
        able: ClientCapabilities | None = None,
    ) -> TaskBody:
        """Create the body that runs the tool `name`. `able` is what its client can be asked for, `None` for nothing."""
        context, seconds = self._running()[0], self.seconds
        origin = request.nested("tools/call", name, attached=False)

        async def body(run: TaskRun) -> CallToolResult | InputRequiredResult:
            async def ask(requests: Mapping[str, Any]) -> dict[str, Any]:
                check_answerable(requests, able or ClientCapabilities())
                return await run.ask(requests)

            def next_call(params: InputResponseRequestParams | None = None) -> Request:
                call = origin.nested("tools/call", name, sink=run.progressed)
                call.seconds, call.prepared, call.params = seconds, prepared, params
                call.ask = ask if able is not None else None
                return call

            answer = await context.call_tool(next_call(), name, arguments)
            while isinstance(answer, InputRequiredResult) and answer.input_requests and able is not None:
                wire = answer.model_dump(by_alias=True, mode="json", exclude_none=True)
                given: dict[str, Any] = {"inputResponses": await ask(wire["inputRequests"])}
                if answer.request_state is not None:
                    given["requestState"] = answer.request_state
                params = InputResponseRequestParams.model_validate(given)
                answer = await context.call_tool(next_call(params), name, arguments)
            return answer

        return body

    def _revived(self, name: str, arguments: dict[str, Any], able: dict[str, Any] | None) -> TaskBody | None:
        context = self._context
        assert context is not None
        item = context.tools().get(name)
        if item is None or not item.task:
            return None
        again = Request("tools/call", name, clock=context.clock, bus=context.bus)
        known = None if able is None else ClientCapabilities.model_validate(able)
        return self._body(again, name, arguments, able=known)

    async def _check(self, _request: Request, arguments: dict[str, Any]) -> CallToolResult:
        _context, engine = self._running()
        task = _text(arguments, "taskId")
        row = await engine.get(task)
        if row is None:
            raise self._unknown(task)
        return _answer(row, _status_text(row))

    async def _cancel(self, _request: Request, arguments: dict[str, Any]) -> CallToolResult:
        row = await self._cancelled(_text(arguments, "taskId"))
        return _answer(row, _status_text(row))

    async def _cancelled(self, task: str) -> TaskRow:
        _context, engine = self._running()
        row = await engine.cancel(task)
        if row is None:
            raise self._unknown(task)
        return row

    def _unknown(self, task: str) -> NotFoundError:
        error = NotFoundError("task", task)
        error.args = (
            f"Unknown task: {shortened(task)}. It never existed, or ended more than {self.ttl:g} s ago; "
            f"{self.prefixed('start_long_task')} starts a new one.",
        )
        return error

    def _running(self) -> tuple[ModuleContext, TaskEngine]:
        assert self._context is not None
        assert self._engine is not None
        return self._context, self._engine


def _is_idempotent(item: ToolItem) -> bool:
    annotations = item.definition.annotations
    return annotations is not None and annotations.idempotent_hint is True


def _text(arguments: dict[str, Any], key: str) -> str:
    value = arguments.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidArgumentsError(f"{key}: {'is missing' if value is None else 'must be a string'}")
    return value


def _status_text(row: TaskRow) -> str:
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
        "attempts": state.attempts,
    }
    if row.result is not None and state.status == "completed":
        data["result"] = row.result.get("structuredContent", row.result.get("content"))
    if row.error:
        data["error"] = row.error
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)
