"""Changes of a widget's children are made one after another, each to its end."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App
from textual.containers import Vertical
from textual.widgets import Static

from tests.waiting import loop_turns
from workbench.widgets.whole import whole

pytestmark = pytest.mark.anyio


class Box(Vertical):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.goes_on = asyncio.Event()

    @whole
    async def change(self, word: str) -> None:
        self.told.append(f"{word} begins")
        await self.remove_children()
        await self.goes_on.wait()
        await self.mount(Static(word))
        self.told.append(f"{word} ends")


async def test_a_change_that_has_begun_ends_though_its_caller_is_cancelled() -> None:
    app, box = App[None](), Box()
    async with app.run_test():
        await app.mount(box)
        first = asyncio.ensure_future(box.change("first"))
        await loop_turns()
        first.cancel()
        box.goes_on.set()
        await box.change("second")
        assert box.told == ["first begins", "first ends", "second begins", "second ends"]
        assert len(box.children) == 1


async def test_a_change_that_waits_for_another_is_dropped_with_its_caller() -> None:
    app, box = App[None](), Box()
    async with app.run_test():
        await app.mount(box)
        first, second = (asyncio.ensure_future(box.change(word)) for word in ("first", "second"))
        await loop_turns()
        second.cancel()
        box.goes_on.set()
        await first
        await loop_turns()
        assert box.told == ["first begins", "first ends"]


async def test_a_widget_on_its_way_out_is_not_changed_any_more() -> None:
    app, box = App[None](), Box()
    async with app.run_test():
        await app.mount(box)
        box.remove()
        await box.change("late")
        assert box.told == []
