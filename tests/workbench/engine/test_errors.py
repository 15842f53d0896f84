"""What fails unexpectedly in the engine is told with its lines and variables, also where nobody waits for it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_core.events import ErrorReported
from tests.waiting import until
from tests.workbench.engine.trial import TOOLS, seen
from workbench.engine import Engine

pytestmark = pytest.mark.anyio

MORE = '''
import threading

@tool
async def fails(title: str, api_key: str = "hunter2") -> str:
    """Fails."""
    copies = {"The Small Harbour": 3}
    return str(copies[title])  # FAILS HERE

@tool
async def leaves_work_behind() -> str:
    """Starts what fails later."""
    async def later() -> None:
        raise LookupError("task")

    def elsewhere() -> None:
        raise OSError("thread")

    asyncio.create_task(later())
    threading.Thread(target=elsewhere, name="elsewhere").start()
    return "done"
'''


async def reported(engine: Engine, where: str) -> ErrorReported:
    """The error that is reported of `where`."""
    told = seen(engine)
    await until(lambda: any(fact.where == where for fact in told.of(ErrorReported)), f"{where} is reported")
    return next(fact for fact in told.of(ErrorReported) if fact.where == where)


@pytest.fixture(autouse=True)
def plain_hooks() -> Iterator[None]:
    """Python's own hooks instead of pytest's, which would take the errors for the test's."""
    before = threading.excepthook, sys.unraisablehook
    threading.excepthook, sys.unraisablehook = threading.__excepthook__, sys.__unraisablehook__
    yield
    threading.excepthook, sys.unraisablehook = before


async def test_an_error_has_its_line_its_variables_and_its_request(engine: Engine, folder: Path):
    await seen(engine).started("tools")
    (folder / "tools.py").write_text(TOOLS + MORE)
    await engine.restart_module("tools")
    record = await engine.call_tool("fails", {"title": "The Slow Clock"})
    assert record.outcome == "tool_error"
    fact = await reported(engine, "fails")
    assert (fact.method, fact.source, fact.error) == ("tools/call", "request", "KeyError: 'The Slow Clock'")
    assert Path(fact.file) == folder / "tools.py"
    line = (TOOLS + MORE).splitlines()[fact.line - 1]
    assert "FAILS HERE" in line
    frame = fact.frames[-1]
    assert (frame.own, frame.function, frame.line) == (True, "fails", fact.line)
    assert frame.source[frame.line - frame.first] == line
    variables = dict(frame.variables)
    assert variables["copies"] == "{'The Small Harbour': 3}"
    assert "hunter2" not in str(variables)
    assert "copies" not in str(record.result), "a client is told none of it"


async def test_what_nobody_waits_for_is_told_too_until_the_engine_stops(engine: Engine, folder: Path):
    await seen(engine).started("tools")
    (folder / "tools.py").write_text(TOOLS + MORE)
    await engine.restart_module("tools")
    await engine.call_tool("leaves_work_behind", {})
    thread = await reported(engine, "thread elsewhere")
    assert (thread.source, thread.error) == ("uncaught", "OSError: thread")
    task = await reported(engine, "task leaves_work_behind.<locals>.later")
    assert (task.source, task.error) == ("uncaught", "LookupError: task")
    assert task.frames[-1].own
    assert threading.excepthook is not threading.__excepthook__
    await asyncio.to_thread(engine.stop)
    assert threading.excepthook is threading.__excepthook__
