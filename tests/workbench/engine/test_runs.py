"""Workflow runs are stopped and started again through the engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server_core.events import RequestProgressed, StepStarted, WorkflowFinished, WorkflowStarted
from tests.waiting import until
from workbench.engine import Engine, EngineError
from workbench.project import Project

pytestmark = pytest.mark.anyio

CONFIG = """
[server]
name = "flows"
version = "1"
[modules.tools]
kind = "functions"
path = "tools.py"
[modules.flows]
kind = "workflows"
[[modules.flows.workflows.w.steps]]
id = "first"
type = "tool_call"
tool = "count"
output_variable = "first"
[[modules.flows.workflows.w.steps]]
id = "second"
type = "tool_call"
tool = "wait_once"
[[modules.flows.workflows.w.steps]]
id = "third"
type = "data_transform"
value = "${first}"
output_variable = "third"
"""
TOOLS = '''
import asyncio
from server_core import Context, tool

counted = 0
waited = False

@tool
async def count() -> int:
    """Counts."""
    global counted
    counted += 1
    return counted

@tool
async def wait_once(ctx: Context) -> str:
    """Waits for ever the first time."""
    global waited
    if not waited:
        waited = True
        await ctx.report_progress(1)
        await asyncio.Event().wait()
    return "done"
'''


async def test_a_run_is_stopped_and_goes_on_from_there(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(CONFIG, "utf-8")
    (tmp_path / "tools.py").write_text(TOOLS, "utf-8")
    engine = Engine(Project.find(tmp_path))
    facts: list[object] = []
    engine.bus.subscribe(lambda event: facts.append(event.fact))
    engine.start()
    await asyncio.wrap_future(engine.ready)
    try:
        call = asyncio.create_task(engine.call_tool("w", {}))
        second = await until(
            lambda: next((f for f in facts if isinstance(f, StepStarted) and f.step == "second"), None),
            "the second step began",
        )
        # A step begins before its function does, which has to know that it was called.
        # The workflow reports progress, too, under its own name.
        await until(
            lambda: any(isinstance(f, RequestProgressed) and f.target == "wait_once" for f in facts),
            "the function waits",
        )
        await engine.cancel_run(second.run)
        record = await call
        assert record.outcome == "tool_error"
        assert "Workflow cancelled: it was cancelled" in str(record.result)
        with pytest.raises(EngineError, match="already ended"):
            await engine.cancel_run(second.run)
        assert await engine.resume_run(second.run) == "completed"
        assert [f.resumed for f in facts if isinstance(f, WorkflowStarted)] == ["", second.run]
        assert [f.status for f in facts if isinstance(f, WorkflowFinished)] == ["cancelled", "ok"]
        (count,) = [r for r in [await engine.call_tool("count", {})] if r.result]
        assert count.result["structuredContent"] == {"result": 2}  # type: ignore[index]
        with pytest.raises(EngineError, match="no longer available"):
            await engine.resume_run("nothing")
    finally:
        await asyncio.to_thread(engine.stop)
