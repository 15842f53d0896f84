"""A module whose trouble may pass comes up by itself."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from server_core.errors import ModuleStartError
from server_core.events import ModuleFailed, ModuleStarted, ModuleStarting
from server_core.manual_clock import ManualClock
from server_core.module import Module, ModuleContext
from server_core.modules.database import DatabaseModule
from server_core.server import Server
from server_core.testing import connect
from tests.waiting import loop_turns, until

pytestmark = pytest.mark.anyio


class Late(Module):
    """Starts at the try of that number."""

    kind = "late"

    def __init__(self, good: int, *, passing: bool = True) -> None:
        super().__init__("late")
        self.good = good
        self.passing = passing
        self.tries = 0
        self.stops = 0

    async def start(self, context: ModuleContext) -> None:
        self.tries += 1
        if self.tries < self.good:
            raise ModuleStartError("nobody answers", passing=self.passing)

    async def stop(self) -> None:
        self.stops += 1


def told_by(server: Server) -> list[object]:
    told: list[object] = []

    def take(event: Any) -> None:
        if isinstance(event.fact, ModuleStarting | ModuleStarted | ModuleFailed):
            told.append(type(event.fact))

    server.bus.subscribe(take)
    return told


async def test_it_is_tried_again_in_growing_pauses_until_it_runs() -> None:
    clock = ManualClock()
    server = Server("s", clock=clock)
    late = server.add(Late(9))
    told = told_by(server)
    async with server.running():
        assert (late.tries, server.inspect().modules[0].status) == (1, "failed")
        for tries, pause in enumerate((1, 2, 4, 8, 16, 30, 30), 2):
            await loop_turns()
            clock.advance(pause - 0.1)
            await loop_turns()
            assert late.tries == tries - 1
            clock.advance(0.1)
            await until(lambda tries=tries: late.tries == tries, "it was tried again")  # type: ignore[misc]
        await loop_turns()
        clock.advance(30)
        await until(lambda: server.inspect().modules[0].status == "running", "it runs")
    # The same reason is told once, however often it is tried.
    assert told == [ModuleStarting, ModuleFailed, ModuleStarted]
    assert late.stops == 9


@pytest.mark.parametrize("gone", ["for good", "removed"])
async def test_what_can_t_pass_or_was_removed_is_left_alone(gone: str) -> None:
    clock = ManualClock()
    server = Server("s", clock=clock)
    late = server.add(Late(2, passing=gone != "for good"))
    async with server.running():
        await loop_turns()
        if gone == "removed":
            await server.remove_module("late")
        clock.advance(100)
        await loop_turns()
        assert late.tries == 1


async def test_a_database_that_is_made_later_is_there_then(tmp_path: Path) -> None:
    clock = ManualClock()
    server = Server("s", base=tmp_path, clock=clock)
    server.add(DatabaseModule("shop", url="sqlite:///shop.db"))
    async with server.running(), connect(server) as client:
        assert "does not exist" in server.inspect().modules[0].reason
        with sqlite3.connect(tmp_path / "shop.db") as database:
            database.execute("create table books (title text)")
        await loop_turns()
        clock.advance(1)
        await until(lambda: server.inspect().modules[0].status == "running", "it runs")
        async with asyncio.timeout(20):
            assert "db://table/books" in {str(each.uri) for each in (await client.list_resources()).resources}
