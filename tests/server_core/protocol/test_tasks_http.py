"""Over HTTP, a task's id stands in `Mcp-Name`, and `notifications/tasks` come on a listen stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server_core.tasking.extension import TASKS_EXTENSION
from server_core.testing import NEWEST
from tests.server_core.protocol.http_for_tests import ENVELOPE, served
from tests.server_core.protocol.tasks_for_tests import tasks_server
from tests.waiting import PATIENCE_SECONDS, within

pytestmark = pytest.mark.anyio

DECLARED = {"elicitation": {}, "extensions": {TASKS_EXTENSION: {}}}
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


class TasksHttp:
    """Sends requests that declare the extension, unless told otherwise."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        self.http = http
        self.url = url

    def parts(
        self, method: str, params: dict[str, Any], name: str | None, able: Any = DECLARED
    ) -> dict[str, Any]:
        meta = {**ENVELOPE, "io.modelcontextprotocol/clientCapabilities": able}
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": NEWEST,
            "mcp-method": method,
        }
        if name is not None:
            headers["mcp-name"] = name
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {**params, "_meta": meta}}
        return {"url": self.url, "headers": headers, "json": body}

    async def send(
        self, method: str, params: dict[str, Any], name: str | None, able: Any = DECLARED
    ) -> tuple[int, dict[str, Any]]:
        """The status and the message that answers."""
        response = await within(
            self.http.post(**self.parts(method, params, name, able)), f"an answer to {method}"
        )
        return response.status_code, response.json()

    async def start(self, tool: str) -> str:
        _status, answer = await self.send("tools/call", {"name": tool, "arguments": {}}, tool)
        return str(answer["result"]["taskId"])

    @asynccontextmanager
    async def listening(self, *tasks: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """The messages of a listen stream for these tasks."""
        parts = self.parts("subscriptions/listen", {"notifications": {"taskIds": tasks}}, None)
        async with self.http.stream("POST", **parts, timeout=PATIENCE_SECONDS) as response:
            assert response.status_code == 200

            async def messages() -> AsyncIterator[dict[str, Any]]:
                async for line in response.aiter_lines():
                    if line.startswith("data:") and line[5:].strip():
                        yield json.loads(line[5:])

            yield messages()


@asynccontextmanager
async def tasks_over_http(folder: Path) -> AsyncIterator[TasksHttp]:
    async with served(tasks_server(folder)) as url, httpx2.AsyncClient() as http:
        yield TasksHttp(http, url)


async def test_a_name_that_is_missing_or_another_ones_is_refused(tmp_path: Path) -> None:
    async with tasks_over_http(tmp_path) as client:
        task = await client.start("endless")
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            for name in (None, "somebody-else"):
                status, answer = await client.send(method, {"taskId": task}, name)
                assert (status, answer["error"]["code"]) == (400, -32020)
        status, answer = await client.send("tasks/get", {"taskId": task}, task)
        assert (status, answer["result"]["status"]) == (200, "working")
        status, answer = await client.send("tasks/cancel", {"taskId": task}, task)
        assert (status, answer["result"]["resultType"]) == (200, "complete")
        status, answer = await client.send("tasks/get", {"taskId": task}, task)
        assert answer["result"]["status"] == "cancelled"


async def test_each_request_declares_for_itself(tmp_path: Path) -> None:
    async with tasks_over_http(tmp_path) as client:
        task = await client.start("endless")
        status, answer = await client.send("tasks/get", {"taskId": task}, task, able={})
        assert (status, answer["error"]["code"]) == (400, -32021)
        status, answer = await client.send(
            "subscriptions/listen", {"notifications": {"taskIds": [task]}}, None, able={}
        )
        assert (status, answer["error"]["code"]) == (400, -32021)
        _status, answer = await client.send(
            "tools/call", {"name": "plain", "arguments": {}}, "plain", able={}
        )
        assert answer["result"]["resultType"] == "complete"


async def test_who_listens_is_told_of_each_change_until_the_end_and_its_result(tmp_path: Path) -> None:
    async with tasks_over_http(tmp_path) as client:
        task, other = await client.start("asks"), await client.start("endless")

        async def told() -> list[dict[str, Any]]:
            heard: list[dict[str, Any]] = []
            async with client.listening(task, "nobody") as messages:
                async for message in messages:
                    heard.append(message)
                    shown = message["params"]
                    if shown.get("status") == "input_required":
                        [question] = shown["inputRequests"]
                        answer = {"action": "accept", "content": {"name": "Ada"}}
                        given = {"taskId": task, "inputResponses": {question: answer}}
                        await client.send("tasks/cancel", {"taskId": other}, other)
                        await client.send("tasks/update", given, task)
                    if shown.get("status") == "completed":
                        break
            return heard

        first, *changes = await within(told(), "the task has ended")
        assert first["method"] == "notifications/subscriptions/acknowledged"
        assert first["params"]["notifications"] == {"taskIds": [task]}
        assert {message["method"] for message in changes} == {"notifications/tasks"}
        assert {message["params"]["taskId"] for message in changes} == {task}
        assert {message["params"]["_meta"][SUBSCRIPTION] for message in changes} == {7}
        assert changes[-1]["params"]["result"]["content"][0]["text"] == "Hello Ada"


async def test_a_list_of_tasks_that_is_none_is_refused(tmp_path: Path) -> None:
    async with tasks_over_http(tmp_path) as client:
        for wrong in ("x", [1], {"a": 1}):
            status, answer = await client.send(
                "subscriptions/listen", {"notifications": {"taskIds": wrong}}, None
            )
            assert (status, answer["error"]["code"]) == (400, -32602)
