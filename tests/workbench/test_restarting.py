"""A server that is stuck in somebody's code is restarted by ctrl+r, after a question."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import until, within
from tests.workbench.screens.shown import screen_text, sees, settled
from workbench.app import WorkbenchApp
from workbench.engine import EngineError
from workbench.session import Session

pytestmark = pytest.mark.anyio

SERVER = """
[server]
name = "stuck"

[modules.tools]
kind = "functions"
path = "tools.py"
"""

TOOLS = """
from pathlib import Path

from server_core import tool

PIPE = Path(__file__).with_name("pipe")


@tool
def add(a: int, b: int) -> int:
    return a + b


@tool
async def computes() -> str:
    while True:
        pass


@tool
async def waits() -> str:
    return PIPE.read_text()  # until somebody writes: no interruption reaches it
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "server.toml").write_text(SERVER, "utf-8")
    (tmp_path / "tools.py").write_text(TOOLS, "utf-8")
    os.mkfifo(tmp_path / "pipe")
    yield tmp_path
    with contextlib.suppress(OSError):  # nobody reads, or not any more
        writer = os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK)
        os.write(writer, b"late")
        os.close(writer)


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.mark.parametrize(
    ("tool", "kept"),
    [
        pytest.param("computes", ["add", "computes", "add"], id="interrupted"),
        pytest.param("waits", ["add", "add"], id="abandoned"),
    ],
)
async def test_a_stuck_server_is_restarted_after_a_question_and_the_screens_go_on(
    tool: str, kept: list[str], folder: Path, session: Session
) -> None:
    app = WorkbenchApp(folder, session.open)
    app.animation_level = "none"
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(lambda: app.has_engine and app.snapshot.phase == "running", "the server running")
        await pilot.press("2")
        await sees(app, "add")
        old = app.engine
        await old.call_tool("add", {"a": 1, "b": 2})
        call = asyncio.ensure_future(old.call_tool(tool, {}))
        await until(lambda: app.snapshot.blocked is not None, "the loop blocked")
        await pilot.press("ctrl+r")
        await sees(app, f"{tool} has not let the server do anything else")
        assert f"Restarting it ends {tool}" in " ".join(screen_text(app).split())
        await pilot.press("y")
        await until(lambda: app.engine is not old, "another engine")
        await _ends(call)
        await until(lambda: app.snapshot.phase == "running", "the server running again")
        told = [toast.message for toast in app._notifications]
        assert any(f"{tool} was stuck at tools.py:" in text and f"Ended: {tool}" in text for text in told)
        assert app.snapshot.blocked is None
        assert not app.snapshot.active
        record = await within(app.engine.call_tool("add", {"a": 2, "b": 3}), "the new server's answer")
        assert record.outcome == "ok"
        await settled(app, pilot)
        assert app.engine.store is not None
        targets = [record.target for record in await asyncio.to_thread(app.engine.store.calls)]
        assert targets == kept
        with pytest.raises(EngineError):
            await within(old.inspect(), "the old engine's refusal")


async def _ends(call: asyncio.Future[object]) -> None:
    """The call on the old server gets an answer, or is told that there will be none."""
    await within(asyncio.wait([call]), "the end of the old call")
    assert isinstance(call.exception(), EngineError | None)


async def test_a_healthy_server_is_not_restarted(folder: Path, session: Session) -> None:
    app = WorkbenchApp(folder, session.open)
    async with app.run_test(notifications=True) as pilot:
        await until(lambda: app.has_engine and app.snapshot.phase == "running", "the server running")
        engine = app.engine
        await pilot.press("ctrl+r")

        def applied() -> bool:
            return any("server.toml applied" in each.message for each in app._notifications)

        await until(applied, "the reload")
        assert app.engine is engine
