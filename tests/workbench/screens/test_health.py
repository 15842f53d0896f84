"""The Health screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from server_core.events import (
    BreakerChanged,
    BreakerFailed,
    ErrorFrame,
    ErrorReported,
    PoolChanged,
)
from tests.workbench.fakes import FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, settled, shown
from workbench.app import WorkbenchApp

pytestmark = pytest.mark.anyio

SOURCE = (
    "async def ask_supplier(title: str, reachable: bool = True) -> str:",
    '    """Asks the supplier for a book."""',
    "    await asyncio.sleep(0.15)",
    "    if not reachable:",
    '        raise ConnectionError("the supplier does not answer")',
    "    return answer",
)
FRAME = ErrorFrame(
    "/home/ann/shop/tools.py",
    62,
    "ask_supplier",
    True,
    58,
    SOURCE,
    (("title", "'The Slow Clock'"), ("reachable", "False"), ("api_key", "••••••")),
    "ConnectionError: the supplier does not answer",
)
CAUSE = ErrorFrame(
    "/home/ann/shop/net.py", 3, "connect", True, 3, ("    raise OSError",), (), "OSError: no route"
)
LIBRARY = ErrorFrame("/usr/lib/python3.11/asyncio/tasks.py", 12, "sleep", False, 12)


def failure(
    reference: str = "4b1d77aa", error: str = "ConnectionError: the supplier does not answer", **more: object
) -> ErrorReported:
    """An error of a tool."""
    fields = {
        "file": FRAME.file,
        "line": 62,
        "method": "tools/call",
        "source": "request",
        "frames": (CAUSE, LIBRARY, FRAME),
        **more,
    }
    trace = "Traceback (most recent call last):\n  File tools.py, line 62, in ask_supplier"
    return ErrorReported(reference, "ask_supplier", error, trace, **fields)  # type: ignore[arg-type]


class HandledEngine(FakeEngine):
    """Tells what came of a probe, as the engine does."""

    async def probe(self, breaker: str) -> str:
        self.commands.append(("probe", breaker))
        return "it works again, now closed"


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_breakers_stand_there_with_their_state_and_the_time_to_the_next_probe(size: tuple[int, int]):
    engine = FakeEngine()
    async with shown(engine, size, "5") as (app, _pilot):
        text = screen_text(app)
        assert "○ supplier" in text
        assert "trial in 4 s" in text
        assert "half-open" in text
        engine.clock.at += 3
        app._tick()
        await sees(app, "trial in 1 s")
        engine.clock.at += 3
        app._tick()
        await sees(app, "trial next")


async def test_the_changes_of_the_highlighted_breaker_stand_beside_it():
    engine = FakeEngine()
    async with shown(engine, LARGE, "5") as (app, pilot):
        await sees(app, "Always closed so far.")
        engine.emit(BreakerFailed("shop", 4, 5, "no route"))
        await sees(app, "4 of 5 failures in a row: no route")
        assert "■■■■□ 4/5" in screen_text(app)
        engine.emit(
            BreakerFailed("shop", 5, 5, "no route"),
            BreakerChanged("shop", "closed", "open", 5, 60.0, "no route"),
        )
        await sees(app, "closed → open  no route")
        app.screen.query_one("#history").focus()
        await pilot.press("enter")
        await sees(app, "opens at 5")


async def test_a_breaker_is_tripped_reset_and_probed_by_hand():
    engine = HandledEngine()
    async with shown(engine, SMALL, "5", "t", "r", "p") as (app, _pilot):
        assert engine.commands == [("trip", "shop"), ("reset", "shop"), ("probe", "shop")]
        await sees(app, "shop: it works again, now closed")


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_who_holds_the_connections_and_who_waits_stands_beside_the_pool(size: tuple[int, int]):
    engine = FakeEngine()
    async with shown(engine, size, "5") as (app, pilot):
        await sees(app, "2/10")
        assert "db://table/books" in screen_text(app)
        engine.emit(
            PoolChanged("shop", "acquired", 0, 10, 0, 10, "export (request 7)", 50),
            PoolChanged("shop", "waiting", 0, 10, 1, 10, "report (request 9)", 51),
        )
        await sees(app, "report (request 9)")
        engine.clock.at += 15
        app._tick()
        await sees(app, "0:15")
        text = screen_text(app)
        assert "10/10  1 waiting" in text
        assert "in use" in text
        assert "waiting  report" in text
        engine.emit(PoolChanged("shop", "timed_out", 0, 10, 0, 10, "report (request 9)", 51))
        await sees(app, "1 timed out")
        assert "report (request 9)" not in screen_text(app)
        app.screen.query_one("#pools").focus()
        await pilot.press("enter")
        await sees(app, "Held by")


async def test_without_an_error_the_screen_says_how_to_see_one():
    async with shown(FakeEngine(), LARGE, "5") as (app, _pilot):
        await sees(app, "No unexpected errors.")
        assert "run ask_supplier" in screen_text(app)
        assert not app.screen.query_one("#code").display


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_an_error_stands_there_with_its_place_and_on_large_screens_its_code(size: tuple[int, int]):
    engine = FakeEngine()
    async with shown(engine, size, "5") as (app, _pilot):
        engine.emit(failure("a"), failure("b", "KeyError: 'isbn'", source="uncaught", method=""))
        await sees(app, "KeyError")
        text = screen_text(app)
        assert text.index("KeyError") < text.index("ConnectionError"), "the newest first"
        assert "tools.py:62" in text
        assert "2  1 uncaught" in text
        if size == LARGE:
            await sees(app, "❱ 62 │         raise ConnectionError(")
            text = screen_text(app)
            assert "title      'The Slow Clock'" in text
            assert "await asyncio.sleep" in text


async def test_enter_shows_an_error_in_full():
    engine = FakeEngine()
    async with shown(engine, LARGE, "5") as (app, pilot):
        engine.emit(failure())
        await settled(app, pilot)
        app.screen.query_one("#errors").focus()
        await pilot.press("enter")
        await sees(app, "raised in ask_supplier")
        text = screen_text(app)
        assert "tools/call ask_supplier" in text
        assert "Caused by OSError: no route" in text
        assert "api_key    ••••••" in text
        assert "❱ 62" in text
        assert "Traceback (most recent call last):" in text


async def test_an_error_without_frames_says_why_and_still_has_its_traceback():
    engine = FakeEngine()
    async with shown(engine, LARGE, "5") as (app, pilot):
        engine.emit(failure(frames=(), file="", line=0))
        await sees(app, "Its frames were not stored")
        app.screen.query_one("#errors").focus()
        await settled(app, pilot)
        assert "e Edit" not in screen_text(app), "there is nothing to edit"


async def test_hostile_errors_are_drawn_harmless():
    engine = FakeEngine()
    async with shown(engine, LARGE, "5") as (app, pilot):
        engine.emit(failure(error="ValueError: \x1b[31mred\x07 [bold]x[/nope]\nsecond\u202e"))
        await sees(app, "␛[31mred␇ [bold]x[/nope] second")
        app.screen.query_one("#errors").focus()
        await pilot.press("enter")
        await sees(app, "[/nope]")
        assert "\x1b" not in screen_text(app)


@contextmanager
def editing(monkeypatch: pytest.MonkeyPatch, app: WorkbenchApp, command: str) -> Iterator[list[list[str]]]:
    """`command` as the user's editor; what was started with the screen suspended."""
    started: list[list[str]] = []

    @contextmanager
    def suspended() -> Iterator[None]:
        yield

    def call(words: list[str]) -> int:
        started.append(words)
        return 0

    monkeypatch.setenv("VISUAL", command)
    monkeypatch.setattr(app, "suspend", suspended)
    monkeypatch.setattr("subprocess.call", call)
    yield started


async def test_e_opens_the_editor_where_the_error_was_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    engine = FakeEngine()
    file = tmp_path / "tools.py"
    file.write_text("…", encoding="utf-8")
    async with shown(engine, LARGE, "5") as (app, pilot):
        engine.emit(failure(file=str(file)))
        await settled(app, pilot)
        app.screen.query_one("#errors").focus()
        with editing(monkeypatch, app, "nvim -p") as started:
            await pilot.press("e")
            await pilot.press("enter", "e")
        assert started == [["nvim", "-p", "+62", str(file)]] * 2


async def test_without_an_editor_or_without_the_file_e_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    engine = FakeEngine()
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    file = tmp_path / "tools.py"
    file.write_text("…", encoding="utf-8")
    async with shown(engine, LARGE, "5") as (app, pilot):
        engine.emit(failure(file=str(file)))
        await settled(app, pilot)
        app.screen.query_one("#errors").focus()
        await pilot.press("e")
        await sees(app, "No editor is set")
        monkeypatch.setenv("EDITOR", "no-such-editor-anywhere")
        await pilot.press("e")
        await sees(app, "can't use this terminal")
        monkeypatch.setattr(app, "suspend", nullcontext)
        await pilot.press("e")
        await sees(app, "Can't start no-such-editor-anywhere: No such file")
        file.unlink()
        await pilot.press("e")
        await sees(app, "does not exist")


async def test_an_error_among_what_happened_is_shown_in_full_too():
    engine = FakeEngine()
    async with shown(engine, LARGE) as (app, pilot):
        engine.emit(failure())
        await settled(app, pilot)
        await pilot.press("g", "enter")
        await sees(app, "raised in ask_supplier")
        assert "e Edit" in screen_text(app)
