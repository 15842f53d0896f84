"""A whole project in the engine: functions and files, seen and handled from another thread."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server_core.config import load_config
from server_core.events import (
    FilesChanged,
    LogWritten,
    LoopBlocked,
    LoopFreed,
    ModuleFailed,
    ModuleStarted,
    RequestStarted,
)
from tests.waiting import until
from tests.workbench.engine.trial import SERVER, TOOLS, Seen, seen
from workbench.engine import NEWEST, PROTOCOLS, ConsoleGuard, Engine, EngineError
from workbench.facts import ConfigApplied, EngineFailed, NoticeReceived
from workbench.project import Project

pytestmark = pytest.mark.anyio


async def test_tools_and_files_are_there_for_clients_of_both_revisions(engine: Engine):
    await seen(engine).started("tools", "docs")
    for protocol in PROTOCOLS:
        assert {tool.name for tool in await engine.list_tools(protocol)} >= {"add", "blocks", "hangs"}
        assert any(str(item.uri).endswith("/a.md") for item in await engine.list_resources(protocol))
        record = await engine.call_tool("add", {"a": 1, "b": 2}, protocol=protocol)
        assert record.outcome == "ok"
        assert record.result is not None
        assert record.result["content"][0]["text"] == "3"


async def test_commands_that_come_before_the_server_is_ready_wait_for_it(folder: Path):
    engine = Engine(Project.find(folder))
    engine.start()
    state = await engine.inspect()
    assert state.name == "trial"
    await asyncio.to_thread(engine.stop)


async def test_every_fact_is_in_the_inbox_too(engine: Engine):
    await seen(engine).started("tools")
    facts = [event.fact for event in engine.inbox.drain()]
    assert any(isinstance(fact, ModuleStarted) and fact.module == "tools" for fact in facts)


async def test_calls_are_remembered_by_the_store(engine: Engine):
    await seen(engine).started("tools")
    record = await engine.call_tool("add", {"a": 1, "b": 2})
    assert engine.store is not None
    assert await asyncio.to_thread(engine.store.calls) == [record]


async def test_a_changed_file_is_told_to_the_subscribers_of_both_revisions(engine: Engine, folder: Path):
    await seen(engine).started("docs")
    uri = next(str(item.uri) for item in await engine.list_resources() if str(item.uri).endswith("/a.md"))
    await engine.subscribe(uri)
    (folder / "docs" / "a.md").write_text("# B", encoding="utf-8")
    for protocol in PROTOCOLS:
        await until(
            lambda: NoticeReceived(protocol, "updated", uri) in seen(engine).of(NoticeReceived),  # noqa: B023
            f"{protocol} hears of the change",
        )
    record = await engine.read(uri)
    assert record.result is not None
    assert record.result["contents"][0]["text"] == "# B"


async def test_an_async_tool_that_blocks_is_named_with_its_line(engine: Engine, folder: Path):
    await seen(engine).started("tools")
    blocking = asyncio.create_task(engine.call_tool("blocks", {}))
    # A busy machine may keep the loop from turning before, with nobody of ours to name.
    blocked = await until(
        lambda: next((fact for fact in seen(engine).of(LoopBlocked) if fact.target == "blocks"), None),
        "the blocked loop is noticed",
    )
    lines = TOOLS.splitlines()
    assert blocked.function == "blocks"
    assert Path(blocked.file) == folder / "tools.py"
    assert "BLOCKS HERE" in lines[blocked.line - 1]
    (folder / "release").touch()
    assert (await blocking).outcome == "ok"
    await until(lambda: seen(engine).of(LoopFreed), "the freed loop is noticed")


async def test_prints_of_tools_land_in_the_log(engine: Engine, capsys: pytest.CaptureFixture[str]):
    await seen(engine).started("tools")
    with ConsoleGuard(engine.bus.emit, descriptors=False):
        await engine.call_tool("add", {"a": 1, "b": 2})
        await until(
            lambda: LogWritten("add", "info", "adding 1 2") in seen(engine).of(LogWritten),
            "the print is logged",
        )
    assert capsys.readouterr().out == ""


async def test_cancelling_an_awaiting_task_cancels_the_tool(engine: Engine):
    await seen(engine).started("tools")
    with ConsoleGuard(engine.bus.emit, descriptors=False):
        task = asyncio.create_task(engine.call_tool("hangs", {}))
        await until(lambda: seen(engine).of(RequestStarted), "the call runs")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(
            lambda: "the hanging tool was cancelled" in {fact.text for fact in seen(engine).of(LogWritten)},
            "the tool is cancelled",
        )
    assert (await engine.inspect()).active == ()


async def test_a_module_that_can_not_start_does_not_stop_the_rest(folder: Path):
    config = folder / "server.toml"
    config.write_text(SERVER.replace('"docs"', '"nowhere"'), encoding="utf-8")
    engine = Engine(Project.find(folder))
    seen = Seen(engine)
    engine.start()
    await seen.started("tools")
    await until(lambda: seen.of(ModuleFailed), "the files module fails")
    assert (await engine.call_tool("add", {"a": 1, "b": 2})).outcome == "ok"
    await asyncio.to_thread(engine.stop)


async def test_a_server_that_can_not_be_made_is_told_of(folder: Path):
    project = Project.find(folder)
    (folder / "server.toml").write_text("[server]\nnam = 'x'\n", encoding="utf-8")
    engine = Engine(project)
    seen = Seen(engine)
    engine.start()
    with pytest.raises(Exception, match="nam"):
        await asyncio.wrap_future(engine.ready)
    with pytest.raises(EngineError, match="The server is not running"):
        await engine.inspect()
    assert seen.of(EngineFailed)
    await asyncio.to_thread(engine.stop)


async def test_only_the_changed_module_is_replaced_and_clients_stay_connected(engine: Engine, folder: Path):
    await seen(engine).started("tools", "docs")
    clients = {client.client for client in (await engine.inspect()).clients}
    (folder / "server.toml").write_text(
        SERVER + '\n[modules.more]\nkind = "functions"\npath = "tools.py"\nprefix = "more"\n',
        encoding="utf-8",
    )
    await engine.apply(load_config(folder / "server.toml"))
    assert seen(engine).of(ConfigApplied) == [ConfigApplied(False, ("more",))]
    assert [fact.module for fact in seen(engine).of(ModuleStarted)].count("tools") == 1
    assert "more_add" in {tool.name for tool in await engine.list_tools()}
    (folder / "server.toml").write_text(SERVER, encoding="utf-8")
    await engine.apply(load_config(folder / "server.toml"))
    assert "more_add" not in {tool.name for tool in await engine.list_tools()}
    assert {client.client for client in (await engine.inspect()).clients} == clients
    for protocol in PROTOCOLS:
        await until(
            lambda: NoticeReceived(protocol, "tools", "") in seen(engine).of(NoticeReceived),  # noqa: B023
            f"{protocol} hears of the changed list",
        )


async def test_a_change_of_the_servers_own_settings_restarts_it_with_the_same_engine(
    engine: Engine, folder: Path
):
    await seen(engine).started("tools", "docs")
    uri = next(str(item.uri) for item in await engine.list_resources() if str(item.uri).endswith("/a.md"))
    await engine.subscribe(uri)
    (folder / "server.toml").write_text(SERVER.replace("trial", "another"), encoding="utf-8")
    await engine.apply(load_config(folder / "server.toml"))
    state = await engine.inspect()
    assert state.name == "another"
    assert sorted(client.protocol for client in state.clients) == list(PROTOCOLS)
    assert [client.subscriptions for client in state.clients] == [(uri,), (uri,)]


async def test_a_module_that_can_not_be_replaced_is_told_of_and_tried_again(engine: Engine, folder: Path):
    await seen(engine).started("tools", "docs")
    config = folder / "server.toml"
    config.write_text(SERVER.replace('"docs"', '"nowhere"'), encoding="utf-8")
    with pytest.raises(EngineError, match=r"docs: .*nowhere"):
        await engine.apply(load_config(config))
    (folder / "nowhere").mkdir()
    (folder / "nowhere" / "b.md").write_text("# B", encoding="utf-8")
    await engine.apply(load_config(config))
    await until(lambda: seen(engine).of(ConfigApplied), "the config is in force")
    assert any(str(item.uri).endswith("/b.md") for item in await engine.list_resources())


async def test_every_published_notice_has_arrived_after_a_flush(engine: Engine, folder: Path):
    await seen(engine).started("docs")
    uris = [f"{folder.as_uri()}/docs/{number}.md" for number in range(300)]
    await engine.subscribe(*uris)
    module = (await engine.inspect()).modules[1]
    assert module.name == "docs"
    for number in range(300):
        (folder / "docs" / f"{number}.md").write_text("x", encoding="utf-8")
    await until(lambda: _changed(engine) >= 300, "the files are noticed")
    await engine.flush_notices()
    for protocol in PROTOCOLS:
        told = {fact.uri for fact in seen(engine).of(NoticeReceived) if fact.protocol == protocol}
        assert told >= set(uris)


def _changed(engine: Engine) -> int:
    return len({change.path for fact in seen(engine).of(FilesChanged) for change in fact.changes})


async def test_an_unknown_revision_or_breaker_is_refused(engine: Engine):
    with pytest.raises(EngineError, match="Unknown protocol revision"):
        await engine.list_tools("2024-01-01")
    with pytest.raises(EngineError, match="No breaker 'x'"):
        await engine.trip("x")
    assert NEWEST in PROTOCOLS
