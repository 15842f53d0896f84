"""Faults on purpose through the engine: its clients, its clock, what it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server_core.config import load_config
from server_core.events import BreakerChanged, FaultActed, LogWritten, ModuleStarted
from server_core.manual_clock import ManualClock
from tests.waiting import until, within
from tests.workbench.engine.trial import SERVER, Seen, seen
from workbench.demo.make import make_demo
from workbench.engine import PROTOCOLS, Engine, EngineError
from workbench.facts import NoticeReceived
from workbench.project import Project
from workbench.records import CallRecord

pytestmark = pytest.mark.anyio


async def add(engine: Engine, **options: str) -> CallRecord:
    return await within(engine.call_tool("add", {"a": 1, "b": 2}, **options), "add is answered")


def text_of(record: CallRecord) -> str:
    assert record.result is not None
    return str(record.result["content"][0]["text"])


async def test_a_fault_acts_on_both_revisions_and_shows_in_state_and_trace(engine: Engine) -> None:
    await seen(engine).started("tools")
    await engine.set_fault("add=fail:2")
    assert [(each.name, each.how) for each in (await engine.inspect()).faults] == [("add", "fail:2")]
    for protocol in PROTOCOLS:
        record = await add(engine, protocol=protocol)
        assert record.outcome == "tool_error"
        assert "injected fault" in text_of(record)
        assert "fault" in dict(record.stages)
    record = await add(engine)
    assert record.outcome == "ok"
    assert "fault" not in dict(record.stages)
    assert [fact.acted for fact in seen(engine).of(FaultActed)] == [1, 2]


async def test_mistakes_are_told_and_faults_are_cleared(engine: Engine) -> None:
    await seen(engine).started("tools", "docs")
    with pytest.raises(EngineError, match=r"did you mean fail\?"):
        await engine.set_fault("add=fial")
    with pytest.raises(EngineError, match=r"'ad'; did you mean add\?"):
        await engine.set_fault("ad=fail")
    await engine.set_fault("add=fail")
    await engine.set_fault("tools=delay:1")
    assert await engine.clear_faults("tools") == 1
    assert await engine.clear_faults() == 1
    assert (await add(engine)).outcome == "ok"


async def test_a_fault_outlives_a_restart_of_the_server_and_is_never_written(
    engine: Engine, folder: Path
) -> None:
    await seen(engine).started("tools")
    await engine.set_fault("add=fail:1")
    renamed = SERVER.replace('"trial"', '"again"')
    (folder / "server.toml").write_text(renamed)
    await engine.apply(load_config(folder / "server.toml"))
    await until(lambda: _starts(engine, "tools") == 2, "the tools are there again")
    assert (await engine.inspect()).faults[0].how == "fail:1"
    assert (await add(engine)).outcome == "tool_error"
    assert (folder / "server.toml").read_text() == renamed
    assert not [path for path in folder.rglob("*") if path.is_file() and b"fail:1" in path.read_bytes()]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_client_whose_connection_breaks_connects_again_with_its_subscriptions(
    engine: Engine, folder: Path, protocol: str
) -> None:
    await seen(engine).started("tools", "docs")
    uri = next(str(item.uri) for item in await engine.list_resources() if str(item.uri).endswith("/a.md"))
    await engine.subscribe(uri)
    await engine.set_fault("add=drop:1")
    record = await add(engine, protocol=protocol)
    assert record.outcome == "error"
    assert record.error is not None
    assert "onnection closed" in record.error.message
    assert (await add(engine, protocol=protocol)).outcome == "ok"
    assert any("connection was lost" in fact.text for fact in seen(engine).of(LogWritten))
    (folder / "docs" / "a.md").write_text("# B", encoding="utf-8")
    await until(
        lambda: NoticeReceived(protocol, "updated", uri) in seen(engine).of(NoticeReceived), "it still hears"
    )


async def test_the_clock_jumps_for_the_server_and_not_for_what_is_kept(engine: Engine) -> None:
    await seen(engine).started("tools")
    before = await engine.inspect()
    await engine.set_fault("clock:+3600")
    assert engine.clock.ahead == 3600
    after = await engine.inspect()
    assert after.started == before.started
    record = await add(engine)
    assert abs(record.started - engine.clock.inner.now()) < 1800, "the history bears the true time"


def _starts(engine: Engine, module: str) -> int:
    return sum(fact.module == module for fact in seen(engine).of(ModuleStarted))


@asynccontextmanager
async def demo_engine(folder: Path, clock: ManualClock) -> AsyncIterator[Engine]:
    make_demo(folder)
    engine = Engine(Project.find(folder), clock=clock)
    engine.seen = Seen(engine)  # type: ignore[attr-defined]
    engine.start()
    try:
        await asyncio.wrap_future(engine.ready)
        await seen(engine).started("tools")
        yield engine
    finally:
        await asyncio.to_thread(engine.stop)


async def test_in_the_demo_a_breaker_is_seen_to_open_half_open_and_close(tmp_path: Path) -> None:
    clock = ManualClock()
    async with demo_engine(tmp_path / "demo", clock) as engine:

        async def ask() -> str:
            return text_of(await within(engine.call_tool("ask_supplier", {"title": "x"}), "an answer"))

        await engine.set_fault("ask_supplier=fail:4")
        for _ in range(3):
            assert "failed: injected fault" in await ask()
        assert "is open: it allows a trial call in 5.0 s" in await ask()
        clock.advance(5)
        assert "failed: injected fault" in await ask(), "the probe fails, and it opens again"
        assert "is open" in await ask()
        await engine.set_fault("clock:+5")
        assert "sends 10 copies" in await ask(), "the fault is used up: the probe closes it"
        steps = [(fact.before, fact.after) for fact in seen(engine).of(BreakerChanged)]
        assert steps == [
            ("closed", "open"),
            ("open", "half_open"),
            ("half_open", "open"),
            ("open", "half_open"),
            ("half_open", "closed"),
        ]
        assert (await engine.inspect()).faults == ()
