"""A project on the disk, and an engine that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.workbench.engine.trial import SERVER, TOOLS, Seen
from workbench.engine import Engine
from workbench.project import Project
from workbench.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.toml").write_text(SERVER, encoding="utf-8")
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A", encoding="utf-8")
    return tmp_path


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    engine = Engine(Project.find(folder), store=Store(folder / "history.db"))
    engine.seen = Seen(engine)  # type: ignore[attr-defined]
    engine.start()
    await asyncio.wrap_future(engine.ready)
    yield engine
    await asyncio.to_thread(engine.stop)
    assert engine.store is not None
    engine.store.close()
