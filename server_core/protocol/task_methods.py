"""The requests of the extension `io.modelcontextprotocol/tasks` (SEP-2663), for 2026-07-28 clients that declare it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import HandlerEntry
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp.types import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    CallToolResult,
    ClientCapabilities,
    CreateMessageResult,
    ElicitResult,
    InputRequiredResult,
    ListRootsResult,
    RequestParams,
)
from pydantic import BaseModel, Field, ValidationError

from ..core import Core
from ..host import ModuleHost
from ..items import ToolItem
from ..registry import Owned
from ..request import Request
from ..schemas.validation import validation_error
from ..tasking.extension import TASKS_EXTENSION, TaskService, detailed_task, missing_extension, wire_task
from ..tasking.store import TaskRow
from .requests import request_of

TaskContext = ServerRequestContext[Any, Any]

ANSWER_TYPES: dict[str, type[BaseModel]] = {
    "elicitation/create": ElicitResult,
    "sampling/createMessage": CreateMessageResult,
    "roots/list": ListRootsResult,
}


class TaskParams(RequestParams):
    """The parameters of `tasks/get` and `tasks/cancel`."""

    task_id: str


class TaskUpdateParams(TaskParams):
    """The parameters of `tasks/update`: answers by question id."""

    input_responses: dict[str, Any] = Field(default_factory=dict)


def declares_tasks(ctx: TaskContext) -> bool:
    """Whether the client declares the extension, in this request or for its connection."""
    if ctx.protocol_version < "2026":
        return False
    able = ctx.session.client_capabilities
    return bool(able and able.extensions and TASKS_EXTENSION in able.extensions)


class TaskMethods:
    """Handles `tasks/get`, `tasks/update` and `tasks/cancel`, and tool calls that become tasks.

    Attributes:
        methods: the handlers, by method.
    """

    def __init__(self, core: Core, modules: Mapping[str, ModuleHost]) -> None:
        """`modules` is the server's own mapping, which may change at any time."""
        self._core = core
        self._modules = modules
        self.methods: dict[str, HandlerEntry[Any]] = {
            "tasks/get": HandlerEntry(TaskParams, self.get),
            "tasks/update": HandlerEntry(TaskUpdateParams, self.update),
            "tasks/cancel": HandlerEntry(TaskParams, self.cancel),
        }

    def services(self) -> Iterator[TaskService]:
        """The running modules that serve tasks, starting with the one that new tasks go to."""
        for host in self._modules.values():
            if host.status == "running" and isinstance(host.instance, TaskService):
                yield host.instance

    def offered(self) -> bool:
        """Whether the server serves tasks; its modules may still be starting."""
        return any(
            isinstance(host.instance, TaskService) and host.status != "failed"
            for host in self._modules.values()
        )

    async def call_tool(
        self, ctx: TaskContext, request: Request, owned: Owned[ToolItem], arguments: dict[str, Any]
    ) -> CallToolResult | InputRequiredResult | dict[str, Any] | None:
        """Handle the call of a tool marked as a task: return a task, or the questions to answer first, or `None` if it
        should run like any other tool.

        Raises:
            MCPError: it only runs as a task, and the client does not support tasks (-32021).
        """
        request.module, item = owned.module, owned.item
        service = next(self.services(), None)
        if service is None:
            return None
        if not declares_tasks(ctx):
            if item.task_only:
                raise missing_extension(
                    f"{request.target} only runs as a task: declare the extension {TASKS_EXTENSION},"
                    " or start it with the tool start_long_task"
                )
            return None
        with self._core.ledger.entry(request) as entry:
            try:
                prepared = await self._core.pipeline.prepare(request, item, arguments)
            except MCPError:
                raise
            except Exception as error:
                refused = entry.tool_failure(error)
                entry.tool_error(refused)
                return refused
            if isinstance(prepared, InputRequiredResult):
                return prepared
            able = ctx.session.client_capabilities or ClientCapabilities()
            state = await service.accept(request, item, arguments, prepared, able)
        return {"resultType": "task", **wire_task(state, service)}

    async def get(self, ctx: TaskContext, params: TaskParams) -> dict[str, Any]:
        """`tasks/get`."""
        with self._core.ledger.entry(self._request(ctx, params)):
            service, row = await self._found(ctx, params)
            return detailed_task(row, service)

    async def update(self, ctx: TaskContext, params: TaskUpdateParams) -> dict[str, Any]:
        """Handle `tasks/update`. Answers to questions that are not open are ignored."""
        with self._core.ledger.entry(self._request(ctx, params)):
            service, row = await self._found(ctx, params)
            for question, response in params.input_responses.items():
                if question in row.asked:
                    _check_answer(question, row.asked[question], response)
            await service.answer(params.task_id, params.input_responses)
        return {}

    async def cancel(self, ctx: TaskContext, params: TaskParams) -> dict[str, Any]:
        """Handle `tasks/cancel`. A task that has ended stays as it is."""
        with self._core.ledger.entry(self._request(ctx, params)):
            service, row = await self._found(ctx, params)
            await service.cancel_soon(row.state.task)
        return {}

    async def find(self, task: str) -> tuple[TaskService, TaskRow] | None:
        """A task and the module that serves it."""
        for service in self.services():
            row = await service.find(task)
            if row is not None:
                return service, row
        return None

    def _request(self, ctx: TaskContext, params: TaskParams) -> Request:
        return request_of(self._core, ctx, params.task_id, params)

    async def _found(self, ctx: TaskContext, params: TaskParams) -> tuple[TaskService, TaskRow]:
        if ctx.protocol_version < "2026" or not self.offered():
            raise MCPError(METHOD_NOT_FOUND, "Method not found", ctx.method)
        _check_name_header(ctx, params.task_id)
        if not declares_tasks(ctx):
            raise missing_extension(f"{ctx.method} needs a client that declares {TASKS_EXTENSION}")
        found = await self.find(params.task_id)
        if found is None:
            text = "Unknown task: it never existed, or has expired"
            raise MCPError(INVALID_PARAMS, text, {"taskId": params.task_id})
        return found


def _check_name_header(ctx: TaskContext, task: str) -> None:
    """Check that over HTTP, `Mcp-Name` is the task's id (SEP-2663); the SDK only checks the methods it knows."""
    headers: Mapping[str, str] | None = getattr(ctx.request, "headers", None)
    if headers is not None and decode_header_value(headers.get(MCP_NAME_HEADER)) != task:
        text = f"{MCP_NAME_HEADER} header does not match the request body's 'taskId' parameter"
        raise MCPError(HEADER_MISMATCH, text)


def _check_answer(question: str, asked: Mapping[str, Any], response: Any) -> None:
    model = ANSWER_TYPES.get(str(asked.get("method")))
    if model is None:
        return
    try:
        model.model_validate(response)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        text = f"inputResponses.{question} is not an answer to {asked['method']}: {where}: {first['msg']}"
        raise MCPError(INVALID_PARAMS, text) from error
    schema = (asked.get("params") or {}).get("requestedSchema")
    if schema is not None and response.get("action") == "accept":
        trouble = validation_error(schema, response.get("content") or {})
        if trouble:
            text = f"inputResponses.{question} does not match the question: {trouble}"
            raise MCPError(INVALID_PARAMS, text)
