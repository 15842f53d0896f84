"""Over stdio every call gets an answer that explains, in both revisions, and the next one works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters

from tests.server_core.protocol.http_for_tests import MISBEHAVIOUR, text_of
from tests.waiting import PATIENCE_SECONDS, within

pytestmark = pytest.mark.anyio

REPOSITORY = Path(__file__).parents[3]
PROGRAM = "from tests.server_core.protocol.http_for_tests import misbehaving; misbehaving().run()"


@pytest.fixture(scope="module", params=["legacy", "auto"], ids=["2025-11-25", "2026-07-28"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A client of one process for all the tests of its revision."""
    process = StdioServerParameters(command=sys.executable, args=["-c", PROGRAM], cwd=REPOSITORY)
    async with Client(process, mode=request.param, cache=None) as client:
        yield client


async def call(client: Client, name: str, **arguments: Any) -> Any:
    return await within(client.call_tool(name, arguments), f"an answer of {name}")


@pytest.mark.parametrize(("name", "said"), MISBEHAVIOUR)
async def test_a_tool_that_misbehaves_is_answered_with_what_is_wrong(
    client: Client, name: str, said: str
) -> None:
    answer = await call(client, name, **({"size": 20_000_000} if name == "huge" else {}))
    assert answer.is_error
    assert said in text_of(answer)
    assert text_of(await call(client, "echo", text="next")) == "next"


async def test_text_that_json_cannot_carry_is_cleaned_wherever_it_comes_from(client: Client) -> None:
    assert text_of(await call(client, "lone_surrogate")) == "a\ufffdb"
    assert text_of(await call(client, "odd_progress")) == "done"
    assert text_of(await call(client, "odd_log")) == "done"
    with pytest.raises(MCPError) as failed:
        await call(client, "odd_error")
    assert (failed.value.message, failed.value.data) == ("a\ufffdb", {"object": "c\ufffdd"})


async def test_prompts_and_resources_that_misbehave_are_answered_with_errors(client: Client) -> None:
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
    assert text_of(await call(client, "echo", text="next")) == "next"


PRINTING = """
import sys
from pathlib import Path
from server_core import FunctionsModule, Server, tool

former = sys.stdout

@tool
def talk() -> str:
    "Prints in each way that there is."
    print("by print")
    former.write("by what was stdout before\\n")
    import os
    os.write(1, b"by the descriptor\\n")
    return "said"

server = Server("printing")
server.add(FunctionsModule("tools", functions=[talk]))
server.run()
"""


def test_what_tools_print_never_comes_between_the_frames_not_even_at_the_end() -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "talk", "arguments": {}}},
    ]
    with subprocess.Popen(
        [sys.executable, "-c", PRINTING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in requests))
        process.stdin.flush()
        frames = [process.stdout.readline(), process.stdout.readline()]
        out, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert [json.loads(frame)["id"] for frame in frames] == [1, 2]
    assert out == b""
    for said in (b"by print", b"by what was stdout before", b"by the descriptor"):
        assert said in errors
