"""How long a client waits for an exported script, against a script written on the SDK alone."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from mcp import Client, StdioServerParameters

from .pairs import Row, paired

BARE = '''
from mcp.server.mcpserver import MCPServer

server = MCPServer("bare")

@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b

if __name__ == "__main__":
    server.run()
'''

CONFIG = '[server]\nname = "bare"\n[modules.tools]\nkind = "functions"\npath = "tools.py"\n'
TOOLS = '''
from server_core import tool

@tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b
'''


def _listed(script: Path) -> float:
    """Milliseconds from the start of a script's process to its list of tools."""

    async def wait() -> float:
        started = time.perf_counter()
        async with Client(StdioServerParameters(command=sys.executable, args=["-I", str(script)])) as client:
            await client.list_tools()
            return (time.perf_counter() - started) * 1000

    return asyncio.run(wait())


def script_start() -> Row:
    """An exported script with one function, to its list of tools, against `MCPServer` with the same one."""
    from workbench.exporter import export_script
    from workbench.project import Project

    with tempfile.TemporaryDirectory() as folder:
        bare, project, script = Path(folder, "bare.py"), Path(folder, "project"), Path(folder, "script.py")
        bare.write_text(BARE)
        project.mkdir()
        (project / "server.toml").write_text(CONFIG)
        (project / "tools.py").write_text(TOOLS)
        export_script(Project.find(project), script)
        return paired(
            "an exported script to its tools",
            lambda: _listed(script),
            lambda: _listed(bare),
            bound=1.0,
            unit="ms",
            against="MCPServer with the same tool",
        )
