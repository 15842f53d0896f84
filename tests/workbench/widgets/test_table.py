"""The table: rows that come and go under a highlight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from workbench.widgets.columns import Column, Row
from workbench.widgets.table import Table
from workbench.widgets.themes import DARK, theme_defaults

pytestmark = pytest.mark.anyio


class TableApp(App[None]):
    """A table, and what it said."""

    CSS = "Table { height: 1fr; }"

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table
        self.moved: list[str] = []
        self.opened: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.table

    def on_table_moved(self, event: Table.Moved) -> None:
        self.moved.append(event.key)

    def on_table_opened(self, event: Table.Opened) -> None:
        self.opened.append(event.key)


def row(key: object, *more: str) -> Row:
    return Row(str(key), (f"row {key}", *more))


@asynccontextmanager
async def table(
    *rows: Row, height: int = 10, **options: object
) -> AsyncIterator[tuple[Table, TableApp, Pilot[None]]]:
    shown = Table((Column("name", flex=1),), empty="Nothing here. Press n.", **options)  # type: ignore[arg-type]
    app = TableApp(shown)
    async with app.run_test(size=(30, height)) as pilot:
        shown.set_rows(rows)
        shown.focus()
        await pilot.pause()
        yield shown, app, pilot


def texts(shown: Table) -> list[str]:
    return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]


async def test_keys_move_the_highlight_and_it_stays_in_sight():
    async with table(*(row(n) for n in range(50))) as (shown, _, pilot):
        await pilot.press("j", "j", "down", "k")
        assert shown.cursor == 2
        await pilot.press("G")
        assert shown.cursor == 49
        assert texts(shown)[-1] == "row 49"
        await pilot.press("j", "pageup")
        assert shown.cursor == 40
        await pilot.press("g")
        assert (shown.cursor, texts(shown)[0]) == (0, "row 0")


async def test_the_highlight_follows_its_row_when_others_come_and_go():
    async with table(*(row(n) for n in range(5))) as (shown, app, pilot):
        await pilot.press("j", "j")
        shown.set_rows([row(9), row(8), *(row(n) for n in range(5))])
        assert (shown.cursor, shown.current) == (4, row(2))
        shown.set_rows([row(2), row(4)])
        assert shown.current == row(2)
        await pilot.pause()
        assert app.moved[-1] == "2"


async def test_on_the_first_row_the_highlight_stays_first_so_that_news_run_through():
    async with table(row(1), row(2)) as (shown, _, _pilot):
        shown.set_rows([row(3), row(1), row(2)])
        assert shown.current == row(3)


async def test_when_the_highlighted_row_goes_one_near_it_is_highlighted():
    async with table(*(row(n) for n in range(5))) as (shown, _, pilot):
        await pilot.press("G")
        shown.set_rows([row(0), row(1)])
        assert shown.current == row(1)
        shown.set_rows([])
        assert shown.current is None
        await pilot.press("j", "enter", "y")


async def test_without_rows_it_says_what_to_do():
    async with table(header=True) as (shown, _, _pilot):
        assert texts(shown)[0] == "Nothing here. Press n."
        shown.set_rows([row(1)])
        assert texts(shown)[:2] == ["name", "row 1"]


async def test_the_header_stays_when_rows_scroll():
    async with table(*(row(n) for n in range(50)), header=True) as (shown, _, pilot):
        await pilot.press("G")
        assert texts(shown)[0] == "name"
        assert texts(shown)[-1] == "row 49"


async def test_a_click_highlights_and_a_second_one_opens():
    async with table(*(row(n) for n in range(5))) as (_, app, pilot):
        await pilot.click(Table, offset=(3, 3))
        assert (app.moved[-1], app.opened) == ("3", [])
        await pilot.click(Table, offset=(3, 3), times=2)
        assert app.opened == ["3"]


async def test_enter_opens_where_there_is_something_to_open():
    async with table(row(1)) as (_, app, pilot):
        await pilot.press("enter")
        assert app.opened == ["1"]
    async with table(row(1), opens=False) as (_, app, pilot):
        await pilot.press("enter")
        assert app.opened == []


async def test_copying_takes_the_whole_row_even_where_it_is_cut():
    long = Row("1", ("a name that is much longer than thirty cells",))
    async with table(long) as (_, app, pilot):
        await pilot.press("y")
        assert app.clipboard == "a name that is much longer than thirty cells"


async def test_markup_and_controls_are_only_text():
    hostile = Row("1", ("[@click=app.quit]\x1b[2J[/x]",))
    async with table(hostile) as (shown, _, pilot):
        assert texts(shown)[0] == "[@click=app.quit]␛[2J[/x]"
        await pilot.click(Table, offset=(2, 0))


async def test_thousands_of_rows_are_shown_at_once():
    async with table(*(row(n) for n in range(20_000))) as (shown, _, pilot):
        await pilot.press("G")
        assert texts(shown)[-1] == "row 19999"


def test_our_own_themes_have_every_variable_and_others_get_them():
    from textual.theme import BUILTIN_THEMES

    ours = set(theme_defaults(BUILTIN_THEMES["nord"]))
    assert ours <= set(DARK.variables)
    assert theme_defaults(DARK) == {}
