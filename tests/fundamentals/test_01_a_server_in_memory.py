"""A server, and a client in the same process: the quickest way to test what you build.

`connect` gives you a real `mcp.Client`. True JSON-RPC messages go between the two, but no process is started.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server_core import Context, FunctionsModule, Server
from server_core.testing import connect

pytestmark = pytest.mark.anyio

TOOLS = '''
from server_core import ToolError, tool

@tool
def greet(name: str, times: int = 1) -> str:
    """Greets somebody."""
    if times > 100:
        raise ToolError("That is too often; 100 times are enough")
    return "hello " * times + name
'''


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A server with one module: the functions of a plain Python file."""
    (tmp_path / "tools.py").write_text(TOOLS)
    server = Server("greeter", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py"))
    return server


async def test_a_server_can_be_a_few_decorated_functions() -> None:
    server = Server("greeter")

    @server.tool
    def greet(name: str) -> str:
        """Greet somebody."""
        return f"hello {name}"

    @server.resource("note://{name}")
    def note(name: str) -> str:
        """A note about somebody."""
        return f"{name} was here"

    async with server.running(), connect(server) as client:
        result = await client.call_tool("greet", {"name": "Ada"})
        assert result.structured_content == {"result": "hello Ada"}
        (content,) = (await client.read_resource("note://Ada")).contents
        assert content.text == "Ada was here"  # type: ignore[union-attr]
        with pytest.raises(ValueError, match="decorate functions before it starts"):
            server.tool(lambda: "too late")
    assert greet("Bob") == "hello Bob"  # they stay plain functions


async def test_what_the_lifespan_opens_is_there_for_all_functions_and_closed_at_the_end() -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[dict[str, int]]:
        happened.append("opened")
        yield {"answer": 42}
        happened.append("closed")

    server = Server("answers", lifespan=lifespan)

    @server.tool
    def answer(ctx: Context) -> int:
        """Look it up."""
        return int(ctx.lifespan["answer"])

    for _ in range(2):  # a server can be started again
        async with server.running(), connect(server) as client:
            assert (await client.call_tool("answer", {})).structured_content == {"result": 42}
    assert happened == ["opened", "closed"] * 2


async def test_a_server_whose_lifespan_fails_does_not_start() -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        raise OSError("no model file")
        yield

    server = Server("answers", lifespan=lifespan)
    for _ in range(2):
        with pytest.raises(OSError, match="no model file"):
            await server.start()
    assert not server.inspect().running


async def test_a_client_sees_the_tools_with_their_schemas(server: Server) -> None:
    async with server.running(), connect(server) as client:
        (tool,) = (await client.list_tools()).tools
        assert tool.name == "greet"
        assert tool.description == "Greets somebody."
        assert tool.input_schema["required"] == ["name"]


async def test_a_client_calls_a_tool(server: Server) -> None:
    async with server.running(), connect(server) as client:
        result = await client.call_tool("greet", {"name": "Ada", "times": 2})
        assert result.structured_content == {"result": "hello hello Ada"}


async def test_a_failure_that_you_raise_as_a_tool_error_is_told_to_the_model(server: Server) -> None:
    async with server.running(), connect(server) as client:
        result = await client.call_tool("greet", {"name": "Ada", "times": 1000})
        assert result.is_error
        assert "100 times are enough" in result.content[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize("protocol", ["2025-11-25", "2026-07-28"])
async def test_clients_of_both_revisions_are_served_alike(server: Server, protocol: str) -> None:
    async with server.running(), connect(server, protocol) as client:  # type: ignore[arg-type]
        assert client.protocol_version == protocol
        result = await client.call_tool("greet", {"name": "Ada"})
        assert result.structured_content == {"result": "hello Ada"}
