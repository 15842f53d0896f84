"""`workbench bench`: many calls of a tool, and what came of them."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.engine import Engine
from workbench.engine.loading import LoadRun
from workbench.project import Project

TOOLS = '''
import asyncio
from pathlib import Path
from server_core import tool

most = 0
now = 0
met = asyncio.Event()

@tool
async def counted() -> int:
    """How many of it ran at once, at the most; the first ones wait until there are seven."""
    global most, now
    now += 1
    most = max(most, now)
    if now == 7:
        met.set()
    await met.wait()
    now -= 1
    return most

@tool
async def odd(n: int = 0) -> str:
    """Fails every second time."""
    global now
    now += 1
    if now % 2:
        raise RuntimeError("odd")
    return "even"

@tool
async def never() -> str:
    """Marks that it was called, and never ends."""
    Path(__file__).with_name("called").touch()
    await asyncio.Event().wait()
    return ""
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tools.py").write_text(TOOLS, "utf-8")
    (tmp_path / "server.toml").write_text(
        '[server]\nname = "b"\n[modules.tools]\nkind = "functions"\npath = "tools.py"\n', "utf-8"
    )
    return tmp_path


@pytest.mark.anyio
async def test_so_many_calls_are_made_and_so_many_at_once(project: Path) -> None:
    engine = Engine(Project.find(project))
    engine.start()
    try:
        await asyncio.wrap_future(engine.ready)
        while any(module.status != "running" for module in (await engine.inspect()).modules):
            await asyncio.sleep(0)
        run = LoadRun()
        await engine.load_tool("counted", {}, run, calls=50, at_once=7)
        assert (run.calls, run.errors, dict(run.outcomes)) == (50, 0, {"ok": 50})
        record = await engine.call_tool("counted", {})
        assert record.result is not None
        assert record.result["structuredContent"]["result"] == 7
        assert 0 < run.quantile(0.5) <= run.quantile(1.0) <= run.seconds
    finally:
        await asyncio.to_thread(engine.stop)


def test_quantiles_are_nearest_ranks() -> None:
    run = LoadRun()
    assert run.quantile(0.5) == 0
    for duration in (3, 1, 2, 4):
        run.add("ok", duration, "")
    assert [run.quantile(share) for share in (0.25, 0.5, 0.51, 0.99, 1)] == [1, 2, 3, 4, 4]


def test_errors_are_counted_and_the_first_is_told(
    project: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["-p", str(project), "bench", "odd", "n=1", "-n", "10", "-c", "2", "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    assert told["outcomes"] == {"tool_error": 5, "ok": 5}
    assert (told["calls"], told["at_once"], told["errors"]) == (10, 2, 5)
    assert told["first_error"].startswith("odd failed unexpectedly (reference ")
    assert len([record for record in caplog.records if "odd failed" in record.getMessage()]) == 1
    assert main(["bench", "odd", "-p", str(project), "-n", "4"]) == 1
    out = capfd.readouterr().out.splitlines()
    assert out[0].startswith("odd: 4 calls, concurrency 1, 2026-07-28, ")
    assert out[1].endswith("2 errors")
    assert out[3].startswith("  2 tool error, 2 ok; first failure: odd failed unexpectedly")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["cunted"], 3, "did you mean counted?"),
        (["counted", "-n", "0"], 2, "'0' is not a number from 1"),
        (["counted", "-c", "many"], 2, "'many' is not a number from 1"),
        (["odd", "n=x"], 2, "n"),
    ],
)
def test_a_mistake_is_one_line(
    project: Path, capfd: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    assert main(["-p", str(project), "bench", *words]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert says in err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT can't be sent to another process there")
def test_interrupted_it_tells_what_there_was(project: Path) -> None:
    command = [sys.executable, "-m", "workbench", "-p", str(project), "bench", "never", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while not (project / "called").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: these are the results so far" in err
    assert json.loads(out)["calls"] == 0
