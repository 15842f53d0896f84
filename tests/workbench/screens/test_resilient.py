"""No error ends the application: it is shown, counted on Health, and the screen goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.containers import Vertical
from textual.events import MouseDown
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from tests.waiting import until
from tests.workbench.fakes import FakeEngine
from workbench.app import WorkbenchApp
from workbench.screens.broken import BrokenScreen
from workbench.screens.confirm import ConfirmScreen
from workbench.screens.details import DetailsScreen
from workbench.screens.overview import OverviewScreen
from workbench.screens.overview.panels import HappenedPanel
from workbench.screens.toasts import LastingNotification
from workbench.session import Next
from workbench.widgets.header import Header

from .shown import quiet_app, screen_text, settled, shown


class BoomError(Exception):
    """What goes wrong in these tests."""


def boom(*_arguments: object, **_options: object) -> Any:
    raise BoomError("it went wrong")


async def async_boom() -> None:
    raise BoomError("it went wrong")


def forgive(app: WorkbenchApp) -> None:
    """The error was expected: the pilot does not raise it, now or at the end."""
    app._exception = None
    app._exception_event.clear()


def in_a_worker(app: WorkbenchApp, _patch: pytest.MonkeyPatch) -> None:
    app.screen.run_worker(async_boom())


def in_a_thread_worker(app: WorkbenchApp, _patch: pytest.MonkeyPatch) -> None:
    app.screen.run_worker(boom, thread=True)


def in_a_timer(app: WorkbenchApp, _patch: pytest.MonkeyPatch) -> None:
    app.screen.set_timer(0.001, boom)


def in_an_interval(app: WorkbenchApp, _patch: pytest.MonkeyPatch) -> None:
    app.screen.set_interval(0.001, boom, repeat=1)


def in_a_handler_of_a_widget(app: WorkbenchApp, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HappenedPanel, "on_resize", boom)
    app.screen.query_one(HappenedPanel).styles.height = 5


def in_a_handler_of_the_screen(app: WorkbenchApp, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OverviewScreen, "on_screen_resume", boom)
    app.switch_mode("health")
    app.switch_mode("overview")


def in_a_watcher(app: WorkbenchApp, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OverviewScreen, "watch_snapshot", boom)
    app.feed.change(name="another")


def in_an_action(app: WorkbenchApp, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WorkbenchApp, "action_toggle_theme", boom)
    app.simulate_key("ctrl+t")


def in_an_action_that_is_cancelled(app: WorkbenchApp, patch: pytest.MonkeyPatch) -> None:
    async def cancelled(_app: WorkbenchApp) -> None:
        raise asyncio.CancelledError

    patch.setattr(WorkbenchApp, "action_toggle_theme", cancelled)
    app.simulate_key("ctrl+t")


def in_a_callback_after_the_refresh(app: WorkbenchApp, _patch: pytest.MonkeyPatch) -> None:
    app.screen.call_after_refresh(boom)


def in_a_task_of_nobody(app: WorkbenchApp, _patch: pytest.MonkeyPatch) -> None:
    context = {"message": "Task exception was never retrieved", "exception": BoomError("it went wrong")}
    asyncio.get_running_loop().call_exception_handler(context)


def while_a_screen_is_made(app: WorkbenchApp, patch: pytest.MonkeyPatch) -> None:
    from workbench.screens.health import HealthScreen

    patch.setattr(HealthScreen, "body", boom)
    app.switch_mode("health")


PLACES = [
    in_a_worker,
    in_a_thread_worker,
    in_a_timer,
    in_an_interval,
    in_a_handler_of_a_widget,
    in_a_handler_of_the_screen,
    in_a_watcher,
    in_an_action,
    in_an_action_that_is_cancelled,
    in_a_callback_after_the_refresh,
    in_a_task_of_nobody,
    while_a_screen_is_made,
]


def _told(app: WorkbenchApp) -> bool:
    return any("Health has the details" in toast.message for toast in app._notifications)


@pytest.mark.anyio
@pytest.mark.parametrize("fail", PLACES, ids=lambda fail: fail.__name__)
async def test_an_error_anywhere_is_shown_and_counted_and_the_application_goes_on(
    fail: Callable[[WorkbenchApp, pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        with monkeypatch.context() as patch:
            fail(app, patch)
            await until(lambda: _told(app) or isinstance(app.screen, BrokenScreen), "the error being shown")
        await until(lambda: bool(app.snapshot.failures), "the error on Health")
        forgive(app)
        failure = app.snapshot.failures[-1].fact
        assert "BoomError: it went wrong" in failure.error or "CancelledError" in failure.traceback
        assert "Traceback" in failure.traceback or fail is in_a_task_of_nobody
        app.clear_notifications()
        app.reload_mode(app.current_mode)
        await pilot.press("5")
        await settled(app, pilot)
        assert "Errors" in screen_text(app)
        assert app.is_running


@pytest.mark.anyio
async def test_a_fault_at_every_paint_gives_way_to_a_panel_from_which_the_screen_is_reloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        with monkeypatch.context() as patch:
            patch.setattr(HappenedPanel, "render_line", boom)
            app.screen.query_one(HappenedPanel).refresh()
            await until(lambda: isinstance(app.screen, BrokenScreen), "the panel")
        forgive(app)
        await settled(app, pilot)
        text = screen_text(app)
        assert "This screen failed twice in a row" in text
        assert "BoomError: it went wrong (test_resilient.py:" in text or "BoomError: it went wrong (" in text
        await pilot.press("5")
        await settled(app, pilot)
        assert app.current_mode == "health"
        assert "Pools" in screen_text(app)
        await pilot.press("1", "r")
        await settled(app, pilot)
        assert isinstance(app.screen, OverviewScreen)
        assert "Timeline" in screen_text(app)


@pytest.mark.anyio
async def test_a_broken_header_leaves_a_panel_on_each_screen_and_no_endless_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        patch = monkeypatch
        patch.setattr(Header, "render_line", boom)
        app.screen.query_one(Header).refresh()
        await until(lambda: isinstance(app.screen, BrokenScreen), "the panel")
        forgive(app)
        count = sum(failure.times for failure in app.snapshot.failures)
        await pilot.press("tab")
        assert sum(failure.times for failure in app.snapshot.failures) <= count + 2
        forgive(app)


@pytest.mark.anyio
async def test_a_dialog_that_fails_is_closed_and_the_screen_behind_it_stays() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        behind = app.screen
        app.push_screen(DetailsScreen("Details", []))
        await settled(app, pilot)
        app.screen.set_timer(0.001, boom)
        await until(lambda: app._exception is not None, "the error being caught")
        forgive(app)
        await settled(app, pilot)
        assert app.screen is behind
        assert behind.is_running


@pytest.mark.anyio
async def test_a_dialog_closes_itself_only_once_and_wherever_it_stands() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        below, dialog, above = (DetailsScreen(title, []) for title in ("below", "dialog", "above"))
        answers: list[None] = []
        for each in (below, dialog, above):
            app.push_screen(each, answers.append)
        await settled(app, pilot)
        dialog.dismiss()  # not the one on top
        dialog.dismiss()
        await settled(app, pilot)
        assert app.screen_stack[1:] == [below, above]
        assert answers == [None]
        app.switch_mode("health")
        above.dismiss()
        await settled(app, pilot)
        assert app.current_mode == "health"
        app.switch_mode("overview")
        assert app.screen is below


@pytest.mark.anyio
async def test_a_toast_always_has_time_left() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        app.notify("late", timeout=0.0)
        await settled(app, pilot)
        late = LastingNotification("late", timeout=-1.0)
        assert late.time_left > 0
        assert late.has_expired


@pytest.mark.anyio
async def test_a_dialog_whose_result_nobody_waits_for_any_more_closes() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        dialog = ConfirmScreen("Stop?", "1 task is running.", "Stop")
        app.push_screen(dialog)
        await settled(app, pilot)
        waiting = dialog._result_callbacks[-1].future
        assert waiting is not None
        waiting.cancel()
        dialog.dismiss(True)
        await settled(app, pilot)
        assert app.screen is not dialog


@pytest.mark.anyio
async def test_an_action_that_comes_too_late_for_its_widget_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def needs_its_screen(panel: HappenedPanel, _topics: int) -> None:
        panel.screen.focus_next()

    monkeypatch.setattr(HappenedPanel, "action_topic", needs_its_screen)
    async with shown(FakeEngine([])) as (app, pilot):
        panel = app.screen.query_one(HappenedPanel)
        await panel.remove()
        app.call_later(app.run_action, "topic(1)", panel)
        await settled(app, pilot)
        assert app._exception is None


@pytest.mark.anyio
async def test_the_mouse_may_be_pressed_on_a_widget_that_has_just_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        gone = Static("gone")
        await app.screen.mount(gone)
        await gone.remove()
        screen = app.screen
        monkeypatch.setattr(screen, "get_widget_and_offset_at", lambda *_: (gone, Offset(0, 0)))
        app.post_message(
            MouseDown(None, 1, 1, 0, 0, 1, shift=False, meta=False, ctrl=False, screen_x=1, screen_y=1)
        )
        await settled(app, pilot)
        assert app._exception is None


@pytest.mark.anyio
async def test_the_palette_is_opened_again_while_it_is_being_closed() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        app.action_command_palette()
        await settled(app, pilot)
        palette = app.screen
        app.pop_screen()
        app.action_command_palette()
        assert isinstance(app.screen, CommandPalette)
        assert app.screen is not palette
        await settled(app, pilot)


@pytest.mark.anyio
async def test_cancelling_who_waits_for_a_removal_cancels_no_widget() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        box = Vertical(*(Static(str(number)) for number in range(20)))
        await app.screen.mount(box)
        for _ in range(5):
            waiting = asyncio.ensure_future(_remove(box))
            await asyncio.sleep(0)
            waiting.cancel()
        await settled(app, pilot)
        assert not box.children
        assert app.is_running
        await pilot.press("5")
        await settled(app, pilot)
        assert app.current_mode == "health"


async def _remove(box: Widget) -> None:
    await box.remove_children()


@pytest.mark.anyio
async def test_the_workers_of_a_widget_end_before_it_is_removed() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        box = Vertical(Static("inside", id="inside"))
        await app.screen.mount(box)
        going_on = asyncio.Event()

        async def work() -> None:
            await going_on.wait()
            box.query_one("#inside")

        box.run_worker(work())
        await asyncio.sleep(0)
        removal = box.remove()
        going_on.set()
        await removal
        await settled(app, pilot)
        assert app._exception is None


def test_a_thread_that_a_screen_waits_for_does_not_keep_the_application_from_ending() -> None:
    blocked, release = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        release.wait(600)

    async def leave(pilot: Pilot[Next]) -> None:
        pilot.app.screen.run_worker(block, thread=True)
        await until(blocked.is_set, "the thread running")
        pilot.app.exit()

    app = quiet_app(FakeEngine([]))
    try:
        app.run(headless=True, auto_pilot=leave)  # type: ignore[arg-type]
    finally:
        release.set()


@pytest.mark.anyio
async def test_the_same_toast_is_shown_once_and_never_more_than_a_few() -> None:
    async with shown(FakeEngine([])) as (app, pilot):
        for number in (1, 2, 1, 3, 4, 5, 6, 6):
            app.notify(f"toast {number}")
            await settled(app, pilot)
        assert [toast.message for toast in app._notifications] == [
            f"toast {number}" for number in (3, 4, 5, 6)
        ]
