"""The same kind of server as a process of its own, with a real client over stdio: what your users will run."""

import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

pytestmark = pytest.mark.anyio

SCRIPT = """
from pathlib import Path
from server_core import FilesModule, FunctionsModule, Server

server = Server("library", base=Path(__file__).parent)
server.add(FilesModule("docs", path="docs"))
server.add(FunctionsModule("tools", path="tools.py"))
server.run()
"""

TOOLS = '''
from server_core import tool

@tool
def chatter() -> str:
    """Prints, as debugging people do: it goes to stderr, never between the frames."""
    print("here I am")
    return "done"
'''


@pytest.fixture
def process(tmp_path: Path) -> StdioServerParameters:
    """How to start the server: any program that speaks MCP over stdio is started like this."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("once upon a time")
    (tmp_path / "tools.py").write_text(TOOLS)
    (tmp_path / "library.py").write_text(SCRIPT)
    return StdioServerParameters(command=sys.executable, args=[str(tmp_path / "library.py")])


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_real_client_reads_a_file_and_calls_a_tool(process: StdioServerParameters, mode: str) -> None:
    async with Client(process, mode=mode) as client:
        (resource,) = (await client.list_resources()).resources
        assert resource.name == "a.txt"
        (content,) = (await client.read_resource(str(resource.uri))).contents
        assert content.text == "once upon a time"  # type: ignore[union-attr]
        assert (await client.call_tool("chatter", {})).structured_content == {"result": "done"}
