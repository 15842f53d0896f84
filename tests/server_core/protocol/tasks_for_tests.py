"""A client of the tasks extension, and the tools that its tests call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import mcp.types as t
from mcp import Client
from mcp.client import ClientExtension, ResultClaim
from pydantic import ConfigDict, Field, SerializeAsAny

from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.tasking.extension import TASKS_EXTENSION
from server_core.testing import connect
from tests.waiting import loop_turns, within

TOOLS = '''
import asyncio
from typing import Annotated
from mcp import MCPError
from mcp.server.mcpserver import Elicit, Resolve
from mcp.types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult
from pydantic import BaseModel
from server_core import Context, ToolError, task, tool

class Name(BaseModel):
    name: str

@task(structured=False)
async def add(a: int, b: int) -> str:
    """Adds."""
    return str(a + b)

@task
async def endless(ctx: Context) -> str:
    """Never ends by itself."""
    await ctx.report_progress(1, 4, "one of four")
    await asyncio.Event().wait()
    return ""

@task
async def fails() -> str:
    """Fails as a tool does."""
    raise ToolError("there is no paper")

@task
async def refuses() -> str:
    """Fails as the protocol does."""
    raise MCPError(-32050, "no such job", {"job": 7})

@task(only=True)
async def heavy() -> str:
    """Runs as a task and nothing else."""
    return "done"

@task(structured=False, seconds=300)
async def asks(ctx: Context) -> str:
    """Asks while it works."""
    answer = await ctx.elicit("Who are you?", Name)
    return f"Hello {answer.data.name}" if answer.action == "accept" else answer.action

@task(structured=False)
async def asks_again(ctx: Context) -> str | InputRequiredResult:
    """Asks by returning, as calls of 2026-07-28 do, and keeps a state."""
    given = (ctx.input_responses or {}).get("name")
    if given is not None:
        return f"{ctx.request_state} {given.content['name']}"
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    params = ElicitRequestFormParams(message="Who are you?", requested_schema=schema)
    return InputRequiredResult(input_requests={"name": ElicitRequest(params=params)}, request_state="Hello")

def who() -> Elicit[Name]:
    return Elicit("Who are you?", Name)

@task(structured=False)
async def knows(name: Annotated[Name, Resolve(who)]) -> str:
    """Asks before it is made a task."""
    return f"Hello {name.name}"

@tool
async def plain() -> str:
    """No task."""
    return "plain"
'''


class TaskParams(t.RequestParams):
    task_id: str = Field(alias="taskId")


class UpdateParams(TaskParams):
    input_responses: dict[str, Any] = Field(alias="inputResponses")


class TaskRequest(t.Request[t.RequestParams, str]):
    name_param = "taskId"
    method: str
    params: SerializeAsAny[t.RequestParams]


class Anything(t.Result):
    model_config = ConfigDict(extra="allow")


class CreatedTask(t.Result):
    model_config = ConfigDict(extra="allow")
    result_type: Literal["task"] = Field(alias="resultType")
    task_id: str = Field(alias="taskId")


class TasksDeclared(ClientExtension):
    """Declares the extension, and hands tasks over as they are."""

    identifier = TASKS_EXTENSION

    def claims(self) -> list[ResultClaim[Any]]:
        async def as_it_is(claimed: Any, _context: Any) -> Any:
            return claimed

        return [ResultClaim(result_type="task", model=CreatedTask, resolve=as_it_is)]


class TaskClient:
    """The extension's requests, with their answers as the JSON that they are."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.client.session.call_tool(name, arguments, allow_claimed=True)
        return answer.model_dump(by_alias=True, mode="json", exclude_none=True)

    async def start(self, name: str, **arguments: Any) -> str:
        """Calls a tool that becomes a task; returns that one's id."""
        answer = await self.call(name, **arguments)
        assert answer["resultType"] == "task", answer
        return str(answer["taskId"])

    async def get(self, task: str) -> dict[str, Any]:
        return await self._send("tasks/get", TaskParams(taskId=task))

    async def cancel(self, task: str) -> dict[str, Any]:
        return await self._send("tasks/cancel", TaskParams(taskId=task))

    async def update(self, task: str, **responses: Any) -> dict[str, Any]:
        return await self._send("tasks/update", UpdateParams(taskId=task, inputResponses=responses))

    async def wait(
        self, task: str, when: Callable[[dict[str, Any]], bool] = lambda shown: shown["status"] in ENDED
    ) -> dict[str, Any]:
        """The task once `when` holds of it; by default once it has ended."""

        async def polled() -> dict[str, Any]:
            while not when(shown := await self.get(task)):
                await loop_turns()
            return shown

        return await within(polled(), f"task {task} is as it is waited for")

    async def asked(self, task: str) -> dict[str, Any]:
        """What the task asks, once it does."""
        shown = await self.wait(task, lambda each: each["status"] == "input_required")
        return dict(shown["inputRequests"])

    async def _send(self, method: str, params: t.RequestParams) -> dict[str, Any]:
        request: Any = TaskRequest(method=method, params=params)
        answer = await self.client.session.send_request(request, Anything)
        return answer.model_dump(by_alias=True, mode="json", exclude_none=True)


ENDED = ("completed", "failed", "cancelled")


def tasks_server(folder: Path, **options: Any) -> Server:
    """A server of the tools above that serves tasks."""
    (folder / "tools.py").write_text(TOOLS)
    clock = options.pop("clock", None)
    server = Server("s", base=folder, clock=clock)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    server.add(TasksModule("jobs", **options))
    return server


async def _accepts(_context: Any, _params: t.ElicitRequestParams) -> t.ElicitResult:
    return t.ElicitResult(action="decline")


@asynccontextmanager
async def task_client(server: Server, *, can_elicit: bool = True) -> AsyncIterator[TaskClient]:
    """A client of 2026-07-28 that declares the extension."""
    options: dict[str, Any] = {"elicitation_callback": _accepts} if can_elicit else {}
    async with connect(server, extensions=[TasksDeclared()], **options) as client:
        yield TaskClient(client)
