"""Over HTTP every request gets an answer that explains, in both revisions, and the next one works."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client, MCPError

from server_core.errors import TOO_LARGE
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.server_core.protocol.http_for_tests import (
    MISBEHAVIOUR,
    connected,
    misbehaving,
    raw_client,
    served,
    text_of,
)
from tests.waiting import within

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])


@pytest.fixture(scope="module", name="url")
async def server_url() -> AsyncIterator[str]:
    async with served(misbehaving()) as url:
        yield url


async def call(client: Client, name: str, **arguments: Any) -> Any:
    return await within(client.call_tool(name, arguments), f"an answer of {name}")


@REVISIONS
@pytest.mark.parametrize(("name", "said"), MISBEHAVIOUR)
async def test_a_tool_that_misbehaves_is_answered_with_what_is_wrong(
    name: str, said: str, url: str, protocol: ProtocolRevision
) -> None:
    arguments = {"size": 20_000_000} if name == "huge" else {}
    async with connected(url, protocol) as client:
        answer = await call(client, name, **arguments)
        assert answer.is_error
        assert said in text_of(answer)
        assert text_of(await call(client, "echo", text="next")) == "next"


@REVISIONS
async def test_text_that_json_cannot_carry_is_cleaned_wherever_it_comes_from(
    url: str, protocol: ProtocolRevision
) -> None:
    heard: list[str | None] = []

    async def progressed(_progress: float, _total: float | None, message: str | None) -> None:
        heard.append(message)

    async with connected(url, protocol) as client:
        assert text_of(await call(client, "lone_surrogate")) == "a\ufffdb"
        answer = await within(
            client.call_tool("odd_progress", {}, progress_callback=progressed), "an answer with progress"
        )
        assert (text_of(answer), heard) == ("done", ["a\ufffdb"])
        assert text_of(await call(client, "odd_log")) == "done"
        with pytest.raises(MCPError) as failed:
            await call(client, "odd_error")
        assert (failed.value.message, failed.value.data) == ("a\ufffdb", {"object": "c\ufffdd"})
        prompt = await within(client.get_prompt("odd_prompt"), "a prompt")
        assert prompt.messages[0].content.text == "a\ufffdb"  # type: ignore[union-attr]
        read = await within(client.read_resource("bad://odd"), "a read")
        assert read.contents[0].text == "a\ufffdb"  # type: ignore[union-attr]


@REVISIONS
async def test_prompts_and_resources_that_misbehave_are_answered_with_errors(
    url: str, protocol: ProtocolRevision
) -> None:
    async with connected(url, protocol) as client:
        for work, said in (
            (client.get_prompt("leaving_prompt"), "Internal error (reference"),
            (client.get_prompt("closing_prompt"), "Internal error (reference"),
            (client.read_resource("bad://closing"), "Internal error (reference"),
            (client.read_resource("bad://cached"), "Internal error (reference"),
            (client.get_prompt("huge_prompt"), "The prompt is 20.0 MB"),
            (client.read_resource("bad://leaving"), "Internal error (reference"),
            (client.read_resource("bad://huge"), "The resource is 20.0 MB"),
        ):
            with pytest.raises(MCPError) as failed:
                await within(work, said)
            assert said in failed.value.message


@REVISIONS
async def test_an_answer_of_some_megabytes_reaches_a_client_that_takes_events_of_one(
    url: str, protocol: ProtocolRevision
) -> None:
    async with connected(url, protocol) as client:
        assert text_of(await call(client, "huge", size=3_900_000)) == "x" * 3_900_000


@REVISIONS
async def test_an_answer_too_large_for_a_stream_that_has_begun_is_explained(
    url: str, protocol: ProtocolRevision
) -> None:
    async def progressed(_progress: float, _total: float | None, _message: str | None) -> None:
        return

    async with connected(url, protocol) as client:
        with pytest.raises(MCPError, match="over the 1 MB limit for one event of a stream") as failed:
            await within(
                client.call_tool("huge_with_progress", {"size": 1_500_000}, progress_callback=progressed),
                "an answer",
            )
        assert failed.value.code == TOO_LARGE
        answer = await within(
            client.call_tool("huge_with_progress", {"size": 900_000}, progress_callback=progressed),
            "an answer",
        )
        assert len(text_of(answer)) == 900_000


@REVISIONS
@pytest.mark.parametrize("given", ["1", "-1", '"a"', '"\\ud800"'])
async def test_a_request_is_answered_under_the_id_that_it_has(
    given: str, url: str, protocol: ProtocolRevision
) -> None:
    async with raw_client(url, protocol) as client:
        response = await client.post(client.request("tools/list", given))
        if response.status_code == 200:
            assert response.json()["id"] == json.loads(given)
        else:  # a lone surrogate is no text in JSON
            assert (response.status_code, response.json()["error"]["code"]) == (400, -32700)


@REVISIONS
async def test_an_id_inside_the_arguments_may_be_anything(url: str, protocol: ProtocolRevision) -> None:
    async with raw_client(url, protocol) as client:
        client.headers["mcp-name"] = "echo"
        body = client.request("tools/call", name="echo", arguments={"text": "x", "id": None})
        response = await client.post(body)
        assert "id is unknown" in response.json()["result"]["content"][0]["text"], "the tool has been reached"


@REVISIONS
async def test_a_body_over_the_limit_is_refused_and_the_connection_serves_on(
    url: str, protocol: ProtocolRevision
) -> None:
    async with raw_client(url, protocol) as raw:
        response = await raw.post(b"x" * 5_000_000)
        assert response.status_code == 413
        assert "over the limit of 4 MiB" in response.json()["error"]["message"]
    async with connected(url, protocol) as client:
        with pytest.raises(MCPError, match="over the limit of 4 MiB"):
            await call(client, "echo", text="x" * 4_300_000)
        assert text_of(await call(client, "echo", text="next")) == "next"


@REVISIONS
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("host", "evil.example", 421),
        ("host", "localhost.evil.example", 421),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost:3000", 200),
        ("host", "localhost:80", 200),
    ],
)
async def test_the_names_in_host_and_origin_are_checked(
    header: str, value: str, status: int, url: str, protocol: ProtocolRevision
) -> None:
    async with raw_client(url, protocol) as client:
        response = await client.post(client.request("tools/list"), **{header: value})
        assert response.status_code == status
        if status != 200:
            assert "allowed_hosts" in response.json()["error"]["message"]


async def test_a_name_that_was_allowed_is_welcome() -> None:
    async with (
        served(misbehaving(), allowed_hosts=["tools.example"]) as url,
        raw_client(url, NEWEST) as client,
    ):
        response = await client.post(client.request("tools/list"), host="tools.example")
        assert response.status_code == 200


async def test_another_path_says_where_the_server_is(url: str) -> None:
    async with raw_client(url, NEWEST) as client:
        response = await client.http.get(url.replace("/mcp", "/"))
        assert (response.status_code, response.json()["error"]["message"]) == (
            404,
            "There is nothing at this path; the server is at /mcp",
        )
