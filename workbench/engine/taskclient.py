"""The client that starts long tasks and answers their questions: it declares the extension
`io.modelcontextprotocol/tasks` (SEP-2663)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from mcp import Client, MCPError
from mcp import types as mcp_types
from mcp.client import ClientExtension, ResultClaim
from mcp.shared.dispatcher import ProgressFnT
from pydantic import ConfigDict, Field, SerializeAsAny

from server_core.tasking.extension import TASKS_EXTENSION
from workbench.questions import Answer, Question, question_of, response_to
from workbench.records import CallRecord

from .asking import check_answer, roots_of
from .calls import Calls
from .clients import EngineClient
from .errors import EngineError


class TaskCreated(mcp_types.Result):
    """The response to a call that became a task; other fields are kept unchanged."""

    model_config = ConfigDict(extra="allow")
    result_type: Literal["task"] = Field(alias="resultType")
    task_id: str = Field(alias="taskId")


class _BecameTaskError(Exception):
    """Carries a new task past the SDK's client, which would wait for the tool's result."""

    def __init__(self, task: TaskCreated) -> None:
        super().__init__(task.task_id)
        self.task = task


class TasksDeclared(ClientExtension):
    """Declares the tasks extension."""

    identifier = TASKS_EXTENSION

    def claims(self) -> list[ResultClaim[Any]]:
        async def as_it_is(claimed: TaskCreated, _context: Any) -> Any:
            raise _BecameTaskError(claimed)

        return [ResultClaim(result_type="task", model=TaskCreated, resolve=as_it_is)]


class _TaskParams(mcp_types.RequestParams):
    task_id: str = Field(alias="taskId")


class _UpdateParams(_TaskParams):
    input_responses: dict[str, Any] = Field(alias="inputResponses")


class _TaskRequest(mcp_types.Request[mcp_types.RequestParams, str]):
    name_param = "taskId"
    method: str
    params: SerializeAsAny[mcp_types.RequestParams]


class _Answered(mcp_types.Result):
    model_config = ConfigDict(extra="allow")


async def start_task(
    calls: Calls, engine_client: EngineClient, name: str, arguments: dict[str, Any]
) -> CallRecord:
    """Call a tool; the record's result is the task, or the tool's own result if it does not run as a task."""
    await engine_client.know_tools()

    async def send(client: Client, meta: dict[str, Any], _progressed: ProgressFnT) -> Any:
        meta_params: Any = meta
        try:
            return await client.call_tool(name, arguments, meta=meta_params)
        except _BecameTaskError as became:
            return became.task

    return await calls.call("tools/call", name, arguments, engine_client, send)


async def task_questions(engine_client: EngineClient, task: str) -> tuple[Question, ...]:
    """Return the open questions of a task to its client's user.

    Raises:
        EngineError: The server refused, or does not know the task.
    """
    asked = await _asked(await engine_client.connected(), task)
    found = (
        question_of(name, str(request.get("method")), request.get("params", {}), engine_client.protocol, task)
        for name, request in asked.items()
    )
    return tuple(question for question in found if question is not None)


async def answer_task(
    engine_client: EngineClient, task: str, answers: Mapping[str, Answer], folder: Path
) -> None:
    """Answer a task's questions by their keys; its other requests (roots) are answered too.

    Raises:
        EngineError: The server refused, or the questions are no longer open.
    """
    client = await engine_client.connected()
    responses: dict[str, Any] = {}
    for name, request in (await _asked(client, task)).items():
        method = str(request.get("method"))
        question = question_of(name, method, request.get("params", {}), engine_client.protocol, task)
        if question is not None and name in answers:
            check_answer(question, answers[name])
            response = response_to(question, answers[name])
            if response is None:
                raise EngineError(
                    "The protocol has no way to decline this in a task; press x to cancel the task"
                )
            responses[name] = response
        elif method == "roots/list":
            responses[name] = roots_of(folder).model_dump(by_alias=True, mode="json", exclude_none=True)
    if not responses:
        raise EngineError("The task is no longer waiting for this answer")
    await _send(client, "tasks/update", _UpdateParams(taskId=task, inputResponses=responses))


async def _asked(client: Client, task: str) -> dict[str, Any]:
    shown = await _send(client, "tasks/get", _TaskParams(taskId=task))
    return dict(shown.get("inputRequests") or {})


async def _send(client: Client, method: str, params: mcp_types.RequestParams) -> dict[str, Any]:
    request: Any = _TaskRequest(method=method, params=params)
    try:
        answer = await client.session.send_request(request, _Answered)
    except MCPError as error:
        raise EngineError(error.message) from error
    return answer.model_dump(by_alias=True, mode="json", exclude_none=True)
