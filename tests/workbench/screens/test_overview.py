"""The overview: one glance, two layouts, hands on what it shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Static

from server_core.events import LogWritten, ModuleNoted, RequestStarted, ServerStarted
from server_core.inspection import ModuleState
from tests.waiting import until
from tests.workbench.fakes import NOON, STATE, STORY, FakeEngine, request
from tests.workbench.screens.shown import LARGE, SMALL, busy_engine, screen_text, sees, settled, shown
from tests.workbench.state.test_fold import after
from workbench.facts import ProjectChecked, ServerInspected
from workbench.finding import Finding
from workbench.screens.overview.about import about, about_problems
from workbench.screens.overview.figures import cache_lines, calls_lines
from workbench.screens.overview.rows import breaker_rows, module_rows, pool_rows, running_rows
from workbench.state import Snapshot
from workbench.widgets.spans import Span, cells

WHOLE = after(*(fact for _, fact in STORY), ServerInspected(STATE))


def text_of(spans: object) -> str:
    return "".join(text for text, _ in spans)  # type: ignore[attr-defined]


# -- what it says


def test_breakers_that_are_not_closed_come_first_with_what_comes_next():
    rows = breaker_rows(WHOLE, NOON)
    assert [row.key for row in rows] == ["api.books", "supplier", "shop"]
    assert [text_of(row.cells[3]) for row in rows] == [
        "half-open  trying",
        "open  trial in 4 s",
        "closed",
    ]


def test_what_runs_is_told_once_even_if_a_task_is_a_request_too():
    s = after(RequestStarted(9, "tools/call", "reindex", "c1", ""), at=NOON - 11, start=WHOLE)
    keys = [row.key for row in running_rows(s, NOON, 60)]
    assert keys == ["task:3f2ac811", "task:c0ffee42", "run:r2", "request:1203"]


def test_a_quick_request_is_not_worth_a_line():
    rows = running_rows(WHOLE, NOON - 3.8, 60)
    assert not [row for row in rows if row.key.startswith("request")]


def test_a_failed_module_shows_its_reason_instead_of_what_it_offers():
    feed = module_rows(WHOLE)[-1]
    assert "ticker.log: no such file" in text_of(feed.cells[3])


def test_a_pool_with_waiters_is_in_trouble():
    s = replace(WHOLE, pools=(replace(STATE.pools[0], in_use=10, idle=0, waiting=3),))
    detail = pool_rows(s)[0].cells[3]
    assert detail == ("3 waiting", "bad")


@pytest.mark.parametrize("width", [20, 26, 38, 60])
@pytest.mark.parametrize("height", [2, 4, 5, 9])
@pytest.mark.parametrize("snapshot", [Snapshot(), after(ServerInspected(STATE)), WHOLE])
def test_the_figures_fit_their_cards(width: int, height: int, snapshot: Snapshot):
    for lines in (calls_lines(snapshot, NOON, width, height), cache_lines(snapshot, NOON, width, height)):
        assert len(lines) <= height
        assert max(map(cells, lines), default=0) <= width


def test_everything_can_be_told_in_full():
    for thing in (*STATE.modules, *STATE.breakers, *STATE.pools, *WHOLE.happened):
        text = "\n".join(text_of(line) for line in about(thing, NOON, WHOLE))
        assert text.strip()
    failed = "\n".join(text_of(line) for line in about(STATE.modules[-1], NOON, WHOLE))
    assert "ctrl+r" in failed, "what to do next"


def test_a_module_with_something_to_fix_is_not_green_and_says_it_in_full():
    finding = Finding(
        "server.toml", 40, "workflow restock: " + "its step calls a tool that nobody offers " * 5
    )
    s = after(
        ServerInspected(STATE), ProjectChecked((("flows", finding),)), ModuleNoted("shop", "gone", True)
    )
    dots = {row.key: row.cells[0] for row in module_rows(s)}
    assert dots["tools"] == Span("●", "ok")
    assert dots["flows"] == Span("!", "warn")
    assert dots["shop"] == Span("!", "bad")
    flows = next(module for module in s.modules if module.name == "flows")
    assert str(finding) in "\n".join(text_of(line) for line in about(flows, NOON, s))
    problems = "\n".join(text_of(line) for line in about_problems(s.problems))
    assert str(finding) in problems
    assert problems.index("✗ shop") < problems.index("! flows")


# -- how it is laid out

PANELS = ("calls", "cache", "breakers", "pools", "running", "modules", "happened")


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SMALL, (109, 50), (110, 24), LARGE])
async def test_panels_cover_the_body_without_a_gap_or_an_overlap(size: tuple[int, int]):
    async with shown(busy_engine(), size) as (app, _pilot):
        covered = {}
        for name in PANELS:
            region = app.screen.query_one(f"#{name}").region
            assert region.height >= 3, name
            for y in range(region.y, region.bottom):
                for x in range(region.x, region.right):
                    assert (x, y) not in covered, (name, covered.get((x, y)))
                    covered[x, y] = name
        assert len(covered) == size[0] * (size[1] - 3)


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_resources_tasks_hit_rate_and_breakers_are_in_sight(size: tuple[int, int]):
    async with shown(busy_engine(), size) as (app, _pilot):
        text = screen_text(app)
        for words in (
            "53 resources",
            "reindex",
            "57 %",
            "87.3 %",
            "supplier",
            "open",
            "trial in 4 s",
            "24/s",
        ):
            assert words in text, words


@pytest.mark.anyio
async def test_a_terminal_that_is_resized_gets_the_other_layout():
    async with shown(busy_engine(), LARGE) as (app, pilot):
        for size in (SMALL, LARGE):
            await pilot.resize_terminal(*size)
            breakers = app.screen.query_one("#breakers")
            large = size == LARGE
            await until(lambda: (breakers.region.y == 2) == large, "the other layout")  # noqa: B023 - awaited here
            await settled(app, pilot)
            assert screen_text(app).splitlines()[-1].rstrip().endswith("q Quit")


# -- what can be done


@pytest.mark.anyio
async def test_a_breaker_is_tripped_reset_and_probed_by_hand():
    engine = FakeEngine()
    async with shown(engine) as (app, pilot):
        app.screen.query_one("#breakers").focus()
        for key, command in (("t", "trip"), ("r", "reset"), ("p", "probe")):
            await pilot.press(key)
            await settled(app, pilot)
            assert engine.commands[-1] == (command, "api.books")


@pytest.mark.anyio
async def test_the_cache_is_cleared_and_a_task_cancelled():
    engine = FakeEngine()
    async with shown(engine) as (app, pilot):
        app.screen.query_one("#cache").focus()
        await pilot.press("c")
        app.screen.query_one("#running").focus()
        await pilot.press("x")
        await settled(app, pilot)
        assert engine.commands == [("clear_cache",), ("cancel_task", "3f2ac811")]


@pytest.mark.anyio
async def test_a_line_of_what_happened_opens_with_its_trace_and_closes_by_escape():
    engine = FakeEngine([(0.0, request(1, "query", "shop"))])
    async with shown(engine) as (app, pilot):
        await pilot.press("enter")
        await sees(app, "Where the time went")
        assert "1.6 ms" in screen_text(app)
        await pilot.press("escape")
        await settled(app, pilot)
        assert "Where the time went" not in screen_text(app)


@pytest.mark.anyio
async def test_what_happened_is_narrowed_to_one_topic_after_the_other():
    engine = FakeEngine([(0.0, request(1, "query", "shop")), (1.0, LogWritten("tool", "info", "hello"))])
    async with shown(engine) as (app, pilot):
        await pilot.press("f")
        await sees(app, "Timeline  calls")
        assert "hello" not in screen_text(app)
        await pilot.press("F", "F")
        await sees(app, "Timeline  log")
        assert "query" not in screen_text(app)


@pytest.mark.anyio
async def test_what_was_logged_is_not_pushed_out_by_calls():
    story = [
        (0.0, LogWritten("tool", "info", "hello")),
        *((1.0, request(n, "query", "shop")) for n in range(600)),
    ]
    async with shown(FakeEngine(story)) as (app, pilot):
        assert "hello" not in [line.text for line in app.snapshot.happened]
        await pilot.press("F")
        await sees(app, "hello")
        await pilot.press("enter")
        await sees(app, "level")


@pytest.mark.anyio
async def test_hostile_names_are_only_text():
    evil = "[@click=app.quit]x[/]\x1b]0;pwned\x07\u202e"
    modules = (ModuleState("feed", "streams", "failed", reason=evil),)
    story = [(0.0, ServerStarted(evil, evil)), (0.0, LogWritten(evil, "error", evil))]
    engine = FakeEngine(story, replace(STATE, name=evil, modules=modules))
    async with shown(engine) as (app, pilot):
        await sees(app, "[@click=app.quit]x[/]␛]0;pwned␇")
        assert "\x1b" not in screen_text(app)
        for panel in ("modules", "happened"):
            app.screen.query_one(f"#{panel}").focus()
            await pilot.press("enter")
            await settled(app, pilot)
            assert "[@click=app.quit]x[/]" in str(app.screen.query_one(Static).render())
            await pilot.press("escape")
