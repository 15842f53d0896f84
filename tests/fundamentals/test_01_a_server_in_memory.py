"""A server, and a client in the same process: the quickest way to test what you build.

`connect` gives you a real `mcp.Client`. True JSON-RPC messages go between the two, but no process is started.
"""

from pathlib import Path

import pytest

from server_core import FunctionsModule, Server
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
