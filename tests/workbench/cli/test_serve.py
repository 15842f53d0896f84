"""`workbench serve --http` as a process of its own: both revisions, and an end by Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
