"""Clients that declare `io.modelcontextprotocol/tasks` get tasks for calls; the others are served as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError

from server_core.errors import NotFoundError
from server_core.modules.functions import FunctionsModule
from server_core.modules.tasks import TasksModule
from server_core.server import Server
from server_core.tasking.extension import TASKS_EXTENSION
from server_core.testing import OLDEST, ManualClock, connect
from tests.server_core.protocol.tasks_for_tests import (
    TOOLS,
    TaskClient,
    TasksDeclared,
    task_client,
    tasks_server,
)
from tests.waiting import loop_turns, skip_time, within

pytestmark = pytest.mark.anyio

YES: dict[str, Any] = {"action": "accept", "content": {"name": "Ada"}}


async def code_of(awaitable: Any) -> tuple[int, Any]:
    with pytest.raises(MCPError) as caught:
        await awaitable
    return caught.value.error.code, caught.value.error.data


async def test_a_call_is_answered_with_a_task_that_ends_with_the_tools_own_result(tmp_path: Path) -> None:
    server = tasks_server(tmp_path, ttl=60, poll=0.25)
    async with server.running(), task_client(server) as client:
        answer = await client.call("add", a=1, b=2)
        assert answer["resultType"] == "task"
        assert answer["pollIntervalMs"] == 250
        assert answer["ttlMs"] >= 60_000
        assert answer["createdAt"].endswith("Z")
        assert not {"result", "error", "inputRequests", "requestState"} & set(answer)
        shown = await client.wait(answer["taskId"])
        assert (shown["resultType"], shown["status"]) == ("complete", "completed")
        assert shown["result"]["content"][0]["text"] == "3"
        assert [(task.task, task.status) for task in server.inspect().tasks] == [
            (answer["taskId"], "completed")
        ]


async def test_what_is_no_task_and_who_declares_nothing_is_answered_at_once(tmp_path: Path) -> None:
    server = tasks_server(tmp_path)
    async with server.running():
        async with task_client(server) as client:
            assert (await client.call("plain"))["content"][0]["text"] == "plain"
            assert (await client.call("add", a="many", b=2))["isError"] is True
        async with connect(server) as other:
            assert (await other.call_tool("add", {"a": 1, "b": 2})).content[0].text == "3"  # type: ignore[union-attr]
        assert server.inspect().tasks == ()


async def test_only_2026_clients_are_told_of_the_extension_and_only_by_servers_with_tasks(
    tmp_path: Path,
) -> None:
    server = tasks_server(tmp_path)
    async with server.running():
        async with connect(server) as client:
            assert (client.server_capabilities.extensions or {}) == {TASKS_EXTENSION: {}}
        async with connect(server, OLDEST) as client:
            assert not client.server_capabilities.extensions
        await server.remove_module("jobs")
        async with connect(server) as client:
            assert not client.server_capabilities.extensions


async def test_requests_without_the_extension_are_refused_and_say_what_is_missing(tmp_path: Path) -> None:
    server = tasks_server(tmp_path)
    required = {"requiredCapabilities": {"extensions": {TASKS_EXTENSION: {}}}}
    async with server.running():
        async with connect(server) as plain:
            client = TaskClient(plain)
            assert await code_of(client.get("x")) == (-32021, required)
            assert await code_of(client.update("x")) == (-32021, required)
            assert await code_of(client.cancel("x")) == (-32021, required)
            assert await code_of(client.call("heavy")) == (-32021, required)
        async with connect(server, OLDEST, extensions=[TasksDeclared()]) as old:
            assert (await code_of(TaskClient(old).get("x")))[0] == -32601
            assert (await code_of(old.call_tool("heavy", {})))[0] == -32021
            started = await old.call_tool("start_long_task", {"task": "heavy"})
            assert started.is_error is not True


async def test_an_unknown_task_is_refused_and_one_whose_life_is_over_is_unknown(tmp_path: Path) -> None:
    clock = ManualClock()
    server = tasks_server(tmp_path, clock=clock, ttl=60)
    async with server.running(), task_client(server) as client:
        assert await code_of(client.get("nobody")) == (-32602, {"taskId": "nobody"})
        assert (await code_of(client.cancel("nobody")))[0] == -32602
        assert (await code_of(client.update("nobody", q=YES)))[0] == -32602
        task = await client.start("add", a=1, b=1)
        shown = await client.wait(task)
        assert shown["ttlMs"] == 60_000
        clock.advance(59)
        assert (await client.get(task))["status"] == "completed"

        async def forgotten() -> int:
            while True:
                clock.advance(1)
                await loop_turns()
                try:
                    await client.get(task)
                except MCPError as unknown:
                    return unknown.code

        assert await within(forgotten(), "the task is forgotten") == -32602


async def test_failures_of_tools_are_results_and_those_of_the_protocol_errors(tmp_path: Path) -> None:
    server = tasks_server(tmp_path)
    async with server.running(), task_client(server) as client:
        shown = await client.wait(await client.start("fails"))
        assert (shown["status"], shown["result"]["isError"]) == ("completed", True)
        assert shown["result"]["content"][0]["text"] == "there is no paper"
        shown = await client.wait(await client.start("refuses"))
        assert shown["status"] == "failed"
        assert shown["error"] == {"code": -32050, "message": "no such job", "data": {"job": 7}}
        assert "result" not in shown


async def test_a_task_is_cancelled_by_its_client_or_on_the_screen(tmp_path: Path) -> None:
    server = tasks_server(tmp_path)
    async with server.running(), task_client(server) as client:
        first, second = await client.start("endless"), await client.start("endless")
        shown = await client.wait(first, lambda each: "statusMessage" in each)
        assert (shown["status"], shown["statusMessage"]) == ("working", "one of four")
        acknowledged = await client.cancel(first)
        assert not {"taskId", "status", "result", "error"} & set(acknowledged)
        assert (await client.wait(first))["status"] == "cancelled"
        assert not {"taskId", "status"} & set(await client.cancel(first))
        module = server.modules["jobs"].instance
        assert isinstance(module, TasksModule)
        assert (await module.cancel(second)).status == "cancelled"
        assert (await client.get(second))["status"] == "cancelled"
        with pytest.raises(NotFoundError):
            await module.cancel("nobody")


async def test_a_task_asks_its_client_and_goes_on_with_the_answer(tmp_path: Path) -> None:
    server = tasks_server(tmp_path, max_running=1)
    async with server.running(), task_client(server) as client:
        task = await client.start("asks")
        asked = await client.asked(task)
        [(question, request)] = asked.items()
        assert (request["method"], request["params"]["message"]) == ("elicitation/create", "Who are you?")
        shown = [(each.status, each.message) for each in server.inspect().tasks]
        assert shown == [("input_required", "asks: Who are you?")]
        # It holds up no other task meanwhile, and its time limit stands still.
        skip_time(301)
        await loop_turns()
        assert (await client.wait(await client.start("add", a=2, b=2)))["status"] == "completed"
        await client.update(task, unknown=YES)
        assert await client.asked(task) == asked
        code, _data = await code_of(client.update(task, **{question: {"action": "perhaps"}}))
        assert code == -32602
        # What does not fit the question is refused, too, and the task goes on waiting.
        misfit = {"action": "accept", "content": {"name": ["Ada"]}}
        with pytest.raises(MCPError, match=r"name: .*is not a string"):
            await client.update(task, **{question: misfit})
        assert await client.asked(task) == asked
        assert set(await client.update(task, **{question: YES})) <= {"resultType", "_meta"}
        assert (await client.wait(task))["result"]["content"][0]["text"] == "Hello Ada"


async def test_a_task_that_asks_by_returning_is_called_again_with_its_state(tmp_path: Path) -> None:
    server = tasks_server(tmp_path)
    async with server.running(), task_client(server) as client:
        task = await client.start("asks_again")
        [question] = await client.asked(task)
        await client.update(task, **{question: YES})
        assert (await client.wait(task))["result"]["content"][0]["text"] == "Hello Ada"


async def test_a_task_that_waits_for_its_client_can_be_cancelled_and_does_not_wait_for_ever(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    server = tasks_server(tmp_path, clock=clock, ttl=60)
    async with server.running(), task_client(server) as client:
        first, second = await client.start("asks"), await client.start("asks")
        await client.asked(first)
        await client.asked(second)
        await client.cancel(first)
        assert (await client.wait(first))["status"] == "cancelled"
        clock.advance(61)
        shown = await client.wait(second)
        assert shown["result"]["content"][0]["text"] == "The client did not answer within 60 s."


async def test_parameters_ask_before_the_task_is_made(tmp_path: Path) -> None:
    server = tasks_server(tmp_path)
    async with server.running(), task_client(server) as client:
        first = await client.client.session.call_tool(
            "knows", {}, allow_claimed=True, allow_input_required=True
        )
        answer = first.model_dump(by_alias=True, mode="json", exclude_none=True)
        assert answer["resultType"] == "input_required"
        assert "taskId" not in answer
        assert server.inspect().tasks == ()
        [question] = answer["inputRequests"]
        second = await client.client.session.call_tool(
            "knows",
            {},
            input_responses={question: YES},
            request_state=answer.get("requestState"),
            allow_claimed=True,
        )
        shown = await client.wait(second.task_id)  # type: ignore[attr-defined]
        assert shown["result"]["content"][0]["text"] == "Hello Ada"


async def test_where_no_module_runs_tasks_they_are_calls_and_what_is_only_a_task_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "tools.py").write_text(TOOLS)
    server = Server("s", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    async with server.running(), connect(server) as client:
        assert not (await client.call_tool("add", {"a": 1, "b": 2})).is_error
        refused = await client.call_tool("heavy", {})
        assert refused.is_error
        assert 'there is no tasks module: add one with kind = "tasks"' in str(refused.content)
        # A client that can't be asked is told so.
        refused = await client.call_tool("asks", {})
        assert refused.is_error
        assert "asks its client's user, but this client can't be asked" in str(refused.content)


async def test_who_can_not_be_asked_is_not_asked(tmp_path: Path) -> None:
    server = tasks_server(tmp_path)
    async with server.running(), task_client(server, can_elicit=False) as client:
        shown = await client.wait(await client.start("asks"))
        assert shown["error"]["code"] == -32021
        assert "elicitation" in shown["error"]["data"]["requiredCapabilities"]
        started = await client.call("start_long_task", task="asks")
        task = started["structuredContent"]["taskId"]
        shown = await client.wait(task)
        assert "this client can't be asked" in shown["result"]["content"][0]["text"]
