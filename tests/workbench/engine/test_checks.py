"""A running project is checked at every change, so that the screen does not call it sound while it is not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import until
from tests.workbench.engine.trial import SERVER, Seen
from workbench.engine import Engine
from workbench.facts import ConfigRejected, ProjectChecked
from workbench.project import Project
from workbench.store import Store

pytestmark = pytest.mark.anyio

FLOWS = """
[modules.flows]
kind = "workflows"
[modules.flows.workflows.buy]
[[modules.flows.workflows.buy.steps]]
id = "first"
type = "tool_call"
tool = "ad"
"""


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    (folder / "server.toml").write_text(SERVER + FLOWS, encoding="utf-8")
    project = Project.find(folder)
    store = Store(project)
    engine = Engine(project, follows_config=True, store=store)
    seen = engine.seen = Seen(engine)  # type: ignore[attr-defined]
    engine.start()
    await asyncio.wrap_future(engine.ready)
    await until(lambda: seen.of(ProjectChecked), "the findings")
    yield engine
    await asyncio.to_thread(engine.stop)
    await asyncio.to_thread(store.close)


def found(engine: Engine) -> list[tuple[str, str]]:
    return [(module, str(each)) for module, each in engine.seen.of(ProjectChecked)[-1].findings]  # type: ignore[attr-defined]


async def test_a_step_that_names_no_tool_is_found_and_gone_when_it_is_fixed(
    engine: Engine, folder: Path
) -> None:
    place = 1 + next(
        i for i, line in enumerate((SERVER + FLOWS).splitlines()) if line.startswith("[[modules")
    )
    await until(lambda: [module for module, _text in found(engine)] == ["flows"], "one finding")
    text = found(engine)[0][1]
    assert text.startswith(f"server.toml:{place}: workflow buy: step first calls")
    (folder / "server.toml").write_text(SERVER + FLOWS.replace('"ad"', '"add"'), encoding="utf-8")
    await until(lambda: not any("first calls" in text for _module, text in found(engine)), "no such finding")


async def test_a_project_that_is_deleted_is_missed_and_nothing_of_it_is_made_again(
    engine: Engine, folder: Path
) -> None:
    shutil.rmtree(folder)
    await until(lambda: engine.seen.of(ConfigRejected), "it is missed")  # type: ignore[attr-defined]
    [missed] = engine.seen.of(ConfigRejected)  # type: ignore[attr-defined]
    assert (
        missed.reason
        == f"the project's folder {folder} is gone; the server keeps running with its last config"
    )
    await engine.call_tool("add", {"a": 1, "b": 2})
    await asyncio.to_thread(engine.store.flush)  # type: ignore[union-attr]
    assert not folder.exists()
