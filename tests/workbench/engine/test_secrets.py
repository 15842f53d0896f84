"""What a tool's schema marks as a secret is not in the history of its calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server_core.masking import MASKED
from tests.workbench.engine.trial import Seen
from workbench.engine import Engine
from workbench.project import Project
from workbench.store import Store

TOOLS = """
from pydantic import SecretStr
from server_core import task, tool

@tool
def log_in(code: SecretStr) -> str:
    '''Logs in.'''
    return "in with " + code.get_secret_value()

@task
async def log_in_slowly(code: SecretStr) -> int:
    '''Logs in.'''
    return 1
"""
SERVER = """
[server]
name = "s"
[modules.tools]
kind = "functions"
path = "tools.py"
[modules.jobs]
kind = "tasks"
"""


@pytest.mark.anyio
async def test_secrets_of_calls_and_of_the_tasks_that_they_start_are_not_stored(tmp_path: Path):
    (tmp_path / "tools.py").write_text(TOOLS)
    (tmp_path / "server.toml").write_text(SERVER)
    store = Store(Project.find(tmp_path))
    engine = Engine(Project.find(tmp_path), store=store)
    seen = Seen(engine)
    engine.start()
    await asyncio.wrap_future(engine.ready)
    await seen.started("tools", "jobs")
    given = await engine.call_tool("log_in", {"code": "hunter2"})
    assert given.result is not None
    assert given.result["structuredContent"] == {"result": "in with hunter2"}
    await engine.call_tool("start_long_task", {"task": "log_in_slowly", "arguments": {"code": "hunter2"}})
    await engine.call_tool("log_inn", {"code": "hunter2"})
    await engine.call_tool("start_long_task", {"task": "log_in_slow", "arguments": {"code": "hunter2"}})
    await asyncio.to_thread(engine.stop)
    unknown_task, unknown, slow, call = store.calls()
    assert unknown.arguments == unknown_task.arguments["arguments"] == {"code": MASKED}
    store.close()
    assert call.arguments == {"code": MASKED}
    assert call.result is not None
    assert call.result["structuredContent"] == {"result": f"in with {MASKED}"}
    assert slow.arguments["arguments"] == {"code": MASKED}
    for file in (tmp_path / ".workbench").iterdir():
        assert b"hunter2" not in file.read_bytes(), file
