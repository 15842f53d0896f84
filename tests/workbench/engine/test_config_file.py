"""A saved server.toml comes into force by itself; one that can't be is told of, and nothing else changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import until
from tests.workbench.engine.trial import SERVER, Seen
from workbench.engine import Engine
from workbench.facts import ConfigApplied, ConfigRejected
from workbench.project import Project

pytestmark = pytest.mark.anyio

MORE = '\n[modules.more]\nkind = "functions"\npath = "tools.py"\nprefix = "more"\n'


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    engine = Engine(Project.find(folder), follows_config=True)
    engine.start()
    await asyncio.wrap_future(engine.ready)
    yield engine
    await asyncio.to_thread(engine.stop)


async def test_a_saved_config_comes_into_force(engine: Engine, folder: Path) -> None:
    seen = Seen(engine)
    (folder / "server.toml").write_text(SERVER + MORE, encoding="utf-8")
    await until(lambda: seen.of(ConfigApplied), "the config is in force", 10)
    assert seen.of(ConfigApplied) == [ConfigApplied(False, ("more",))]
    assert "more_add" in {tool.name for tool in await engine.list_tools()}


async def test_a_broken_one_is_told_of_with_its_place_and_a_mended_one_is_taken(
    engine: Engine, folder: Path
) -> None:
    seen = Seen(engine)
    (folder / "server.toml").write_text(SERVER + "\n[modules.more\n", encoding="utf-8")
    await until(lambda: seen.of(ConfigRejected), "the config was rejected", 10)
    [rejected] = seen.of(ConfigRejected)
    assert "server.toml:13" in rejected.reason
    assert "add" in {tool.name for tool in await engine.list_tools()}
    (folder / "server.toml").write_text(SERVER + MORE, encoding="utf-8")
    await until(lambda: seen.of(ConfigApplied), "the config is in force", 10)


async def test_a_module_that_can_not_start_keeps_nobody_from_following_on(
    engine: Engine, folder: Path
) -> None:
    seen = Seen(engine)
    (folder / "server.toml").write_text(SERVER + MORE.replace("tools.py", "none.py"), encoding="utf-8")
    await until(lambda: len(seen.of(ConfigApplied)) == 1, "the config is in force", 10)
    (folder / "server.toml").write_text(SERVER, encoding="utf-8")
    await until(lambda: len(seen.of(ConfigApplied)) == 2, "the next one is in force", 10)


async def test_a_changed_module_that_can_t_start_is_told_while_the_one_before_serves_on(
    engine: Engine, folder: Path
) -> None:
    seen = Seen(engine)
    (folder / "server.toml").write_text(SERVER.replace("tools.py", "none.py"), encoding="utf-8")
    await until(lambda: seen.of(ConfigApplied), "the config is taken as far as it can be", 10)
    assert seen.of(ConfigApplied) == [ConfigApplied(False, ())]
    [module] = [each for each in (await engine.inspect()).modules if each.name == "tools"]
    assert (module.status, module.trouble) == ("running", True)
    assert "none.py; create it, or correct `path`; its previous version keeps running" in module.note
    assert "add" in {tool.name for tool in await engine.list_tools()}
    (folder / "server.toml").write_text(SERVER, encoding="utf-8")
    await until(lambda: len(seen.of(ConfigApplied)) == 2, "the mended one is in force", 10)
    [module] = [each for each in (await engine.inspect()).modules if each.name == "tools"]
    assert (module.status, module.trouble) == ("running", False)
