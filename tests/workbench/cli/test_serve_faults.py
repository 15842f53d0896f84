"""`workbench serve --fault`: what acts is told on stderr, and mistakes before anybody is served."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.server_core.protocol.http_for_tests import text_of
from tests.waiting import within
from tests.workbench.cli.test_serve import CONFIG, TOOLS
from workbench.cli import main

pytestmark = pytest.mark.anyio


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "server.toml").write_text(CONFIG.partition("[modules.lost]")[0])
    (tmp_path / "tools.py").write_text(TOOLS)
    return tmp_path


@asynccontextmanager
async def served_by_stdio(project: Path, errors: Path, *faults: str) -> AsyncIterator[Client]:
    words = [word for fault in faults for word in ("--fault", fault)]
    params = StdioServerParameters(
        command=sys.executable,
        args=["-m", "workbench", "-p", str(project), "serve", *words],
        env=dict(os.environ),
    )
    with errors.open("w") as log:
        async with Client(stdio_client(params, errlog=log), cache=None) as client:
            yield client


async def test_a_fault_acts_and_is_told_of(project: Path, tmp_path: Path) -> None:
    async with served_by_stdio(project, tmp_path / "err", "add=fail:1", "clock:+60") as client:
        failed = await within(client.call_tool("add", {"a": 1, "b": 2}), "an answer")
        assert text_of(failed) == "add failed: injected fault add=fail:1."
        assert text_of(await within(client.call_tool("add", {"a": 1, "b": 2}), "an answer")) == "3"
    assert (tmp_path / "err").read_text().splitlines() == [
        "injected fault: add=fail:1",
        "the server's clock jumped by +60 s",
        "fault on add: add fails (1 of 1)",
        "fault on add: fail is used up",
    ]


async def test_over_stdio_a_broken_connection_is_a_process_that_is_gone(
    project: Path, tmp_path: Path
) -> None:
    async with served_by_stdio(project, tmp_path / "err", "add=drop:1") as client:
        with pytest.raises(MCPError, match="Connection closed"):
            await within(client.call_tool("add", {"a": 1, "b": 2}), "the connection breaks")
    assert "by ending this process" in (tmp_path / "err").read_text()


def test_a_fault_that_is_none_is_one_line_and_status_2(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-p", str(project), "serve", "--fault", "add=fial:3"]) == 2
    assert capsys.readouterr().err == (
        "workbench: --fault 'add=fial:3': 'fial' is not a kind of fault; did you mean fail?\n"
    )


@pytest.mark.parametrize("where", [(), ("--http", "127.0.0.1:0")])
def test_a_name_that_nothing_has_is_one_line_and_status_3(project: Path, where: tuple[str, ...]) -> None:
    words = ["-p", str(project), "serve", *where, "--fault", "ad=fail:3"]
    ended = subprocess.run(
        [sys.executable, "-m", "workbench", *words],
        capture_output=True,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == (
        "workbench: --fault: No tool, prompt, resource, template or module is called 'ad'; did you mean add?\n"
    )
