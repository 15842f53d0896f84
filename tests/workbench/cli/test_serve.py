"""`workbench serve` as a process of its own: both revisions, edits while it serves, and an end by Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import ToolListChangedNotification

from server_core.testing import NEWEST, OLDEST
from tests.server_core.protocol.http_for_tests import connected, text_of
from tests.waiting import until, within

pytestmark = pytest.mark.anyio

TOOLS = """
from server_core import tool

@tool
def add(a: int, b: int) -> int:
    return a + b
"""

CONFIG = """
[server]
name = "sums"
[modules.tools]
kind = "functions"
path = "tools.py"
[modules.lost]
kind = "functions"
path = "lost.py"
"""


async def test_a_project_is_served_by_http_until_it_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(CONFIG)
    (tmp_path / "tools.py").write_text(TOOLS)
    with subprocess.Popen(  # noqa: ASYNC220 - its pipes are read in threads
        [sys.executable, "-m", "workbench", "-p", str(tmp_path), "serve", "--http", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            lost = await within(asyncio.to_thread(process.stderr.readline), "a module failed")
            line = await within(asyncio.to_thread(process.stderr.readline), "it serves")
            url = line.removeprefix("Serving at ").partition(" ")[0]
            for protocol in (NEWEST, OLDEST):
                async with connected(url, protocol) as client:
                    answer = await within(client.call_tool("add", {"a": 1, "b": 2}), "an answer")
                    assert text_of(answer) == "3"
            process.send_signal(signal.SIGINT)
            await until(lambda: process.poll() is not None, "it has ended")
            out, err = process.communicate()
        finally:
            process.kill()
    assert lost.startswith("module lost failed: There is no Python file")
    assert (process.returncode, out, err) == (130, "", "")


async def test_what_is_saved_while_it_serves_comes_into_force_with_a_line_each(tmp_path: Path) -> None:
    config = CONFIG.partition("[modules.lost]")[0]
    (tmp_path / "server.toml").write_text(config)
    (tmp_path / "tools.py").write_text(TOOLS)
    (tmp_path / "more.py").write_text(TOOLS.replace("add", "sub"))
    said = tmp_path / "stderr.txt"
    changes: list[str] = []

    async def hear(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            changes.append("tools")

    def says(text: str) -> bool:
        return text in said.read_text()

    command = StdioServerParameters(
        command=sys.executable, args=["-m", "workbench", "-p", str(tmp_path), "serve"], cwd=str(tmp_path)
    )
    with said.open("w") as stderr:
        async with Client(
            stdio_client(command, errlog=stderr), mode="legacy", message_handler=hear
        ) as client:
            await within(client.list_tools(), "it serves")
            (tmp_path / "server.toml").write_text(
                config + '[modules.more]\nkind = "functions"\npath = "more.py"\n'
            )
            await until(lambda: says("server.toml applied: more\n"), "the new module is applied")
            await until(lambda: changes == ["tools"], "the client hears of it")
            assert {tool.name for tool in (await client.list_tools()).tools} == {"add", "sub"}
            (tmp_path / "server.toml").write_text(config + "[modules.more\n")
            await until(lambda: says("server.toml:7: this is not TOML"), "the broken one is refused")
            assert {tool.name for tool in (await client.list_tools()).tools} == {"add", "sub"}
            (tmp_path / "tools.py").write_text(TOOLS.replace("add", "plus"))
            await until(
                lambda: says("module tools: tools.py reloaded: +plus, -add\n"), "the file is reloaded"
            )
            (tmp_path / "server.toml").write_text(config.replace("sums", "other"))
            await until(lambda: says("need a restart"), "a new name waits for the next start")
            await until(lambda: said.read_text().count("applied: more") == 2, "the rest is applied")
            assert {tool.name for tool in (await client.list_tools()).tools} == {"plus"}
