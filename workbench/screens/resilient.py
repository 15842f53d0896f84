"""An application that no error ends: it reports what failed, reloads the screen and goes on."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import textual
from textual._context import active_message_pump
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.await_remove import AwaitRemove
from textual.command import CommandPalette
from textual.dom import DOMNode, NoScreen
from textual.events import Event, MouseEvent, ScreenResume
from textual.notifications import Notify
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import WorkerFailed, active_worker

from .broken import BrokenScreen
from .threads import DaemonThreads
from .toasts import make_room

ResultT = TypeVar("ResultT")

SIGNALLED = 128
"""The exit code of a program that a signal ended is this and the signal's number."""

AGAIN_SECONDS = 2.0
"""A screen that fails again so soon after it was reloaded gives way to a `BrokenScreen`."""


class StrayCancellationError(Exception):
    """A message handler awaited something that somebody else cancelled."""


class WholeRemoval(AwaitRemove):
    """Waits for widgets to go. Textual's own waiting, when it is cancelled, cancels their message loops half way, and
    with them whoever else waits for them: the application."""

    def __await__(self) -> Any:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]

        async def wait() -> None:
            if tasks:
                await asyncio.wait(tasks)
            if self._post_remove is not None:
                self._post_remove()

        return wait().__await__()


class ResilientApp(App[ResultT]):
    """Contains the errors of screens, widgets, handlers, actions, timers, painting and workers.

    Also, the workers of a widget end before it is removed: what comes back after an `await` finds its widget there.
    Threads hand over what they found by their widget's `call_later`, which does nothing once the widget is going.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turns = False
        self._early: list[Exception] = []
        self._reloaded: dict[str, float] = {}
        self._told: dict[str, float] = {}

    # -- what a subclass says

    def record_error(self, error: BaseException, where: str) -> None:
        """Log `error`, which was caught in the screen called `where`."""
        raise NotImplementedError

    def expects(self, error: BaseException) -> bool:
        """Whether `error` is an ordinary failure whose text is all that the user needs."""
        return False

    # -- catching

    async def run_async(self, **options: Any) -> ResultT | None:
        asyncio.get_running_loop().set_default_executor(DaemonThreads())
        return await super().run_async(**options)

    async def _process_messages(self, *args: Any, **options: Any) -> None:
        await super()._process_messages(*args, **options)
        for error in self._early:  # there never was a screen to go on with
            try:
                raise error
            except Exception:
                super()._handle_exception(error)

    async def _process_messages_loop(self) -> None:
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        loop.set_exception_handler(self._task_failed)
        self._turns = True
        try:
            early, self._early = self._early, []
            for error in early:
                self._contain(error, _screen_of(_failed_widget(error)))
            while not (self._exit or self._closed):
                # Textual leaves the loop after an error in a handler.
                try:
                    await super()._process_messages_loop()
                except asyncio.CancelledError as error:
                    task = asyncio.current_task()
                    if self._exit or (task is not None and task.cancelling()):
                        raise
                    stray = StrayCancellationError("what a handler waited for was cancelled")
                    self._handle_exception(stray.with_traceback(error.__traceback__))
        finally:
            self._turns = False
            loop.set_exception_handler(before)

    async def on_event(self, event: Event) -> None:
        try:
            await super().on_event(event)
        except AttributeError as error:
            # The mouse is pressed on a widget that has just gone: Textual 8.2.8 asks for its parent.
            if not (
                isinstance(event, MouseEvent) and _is_textuals(traceback.extract_tb(error.__traceback__)[-1])
            ):
                raise

    def _handle_exception(self, error: Exception) -> None:
        if isinstance(error, WorkerFailed):
            error = getattr(error, "error", error)
        if self.expects(error):
            self.notify(str(error), severity="error", markup=False)
            return
        if self._exit:
            return  # Textual makes no more widgets: what looks for one now fails by that
        widget = _failed_widget(error)
        if widget is not None and _is_gone(widget):
            return  # a message or an action that came just too late
        screen = _screen_of(widget)
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(screen, CommandPalette) and frames and _is_textuals(frames[-1]):
            # Textual's list of commands trips over a click or a page while it changes (8.2.8).
            self._reload(screen, "")
            return
        if self._exception is None:
            self._exception = error  # a test's pilot raises it
            self._exception_event.set()
        if self._turns:
            self._contain(error, screen)
        else:
            self._early.append(error)

    def check_screen(self) -> None:
        """Contain that the screen's message loop has ended without a word; to be called now and then."""
        for screen in self.screen_stack[-1:] if self.is_running else ():
            if screen.is_mounted and not (screen.is_running or screen._closing):
                self._contain(StrayCancellationError("its message loop was cancelled"), screen)

    def _task_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)
        else:
            loop.default_exception_handler(context)

    def _contain(self, error: Exception, screen: Screen[Any] | None) -> None:
        where = type(screen).__name__ if screen is not None else type(self).__name__
        self._record(error, where)
        what = f"{where}: {_summary(error)}"
        if screen is None:
            self._tell(f"{what}. Health has the details.")
        elif self._reload(screen, what):
            self._tell(f"{what}. The screen was reloaded; Health has the details.")

    def _record(self, error: BaseException, where: str) -> None:
        with contextlib.suppress(Exception):  # what reports errors must not add one
            self.record_error(error, where)

    def _tell(self, text: str) -> None:
        now = time.monotonic()
        if now - self._told.get(text, -AGAIN_SECONDS) >= AGAIN_SECONDS:
            self._told[text] = now
            self.notify(text, severity="error", markup=False, timeout=10)

    def on_notify(self, event: Notify) -> None:
        make_room(self, event)

    def heed_signals(self) -> None:
        """Leave orderly, and the terminal whole, when the process is told to end. Asks nothing: nobody may be there."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            # Not everywhere are there both, and an event loop that hears them.
            with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
                number = getattr(signal, name)
                loop.add_signal_handler(number, partial(self.exit, return_code=SIGNALLED + number))

    # -- going on

    def _reload(self, screen: Screen[Any], what: str) -> bool:
        """Replace `screen` by a new one of its kind, close it if it is a dialog, or show a `BrokenScreen` where that
        was done just before. Whether it was replaced or closed."""
        mode = next((mode for mode, stack in self._screen_stacks.items() if screen in stack), None)
        if mode is None:
            return False  # it is on its way out
        stack = self._screen_stacks[mode]
        if screen is not stack[0]:
            doomed = stack[stack.index(screen) :]
            del stack[-len(doomed) :]
            if mode == self._current_mode:
                stack[-1].post_message(ScreenResume())
            self._discard(doomed)
            return True
        now = time.monotonic()
        again = now - self._reloaded.get(mode, -AGAIN_SECONDS) < AGAIN_SECONDS
        self._reloaded[mode] = now
        self._replace(mode, partial(BrokenScreen, mode, what) if again else type(self).MODES[mode])  # type: ignore[arg-type]
        return not again

    def reload_mode(self, mode: str) -> None:
        """Show the screen of `mode` again in place of its `BrokenScreen`."""
        self._reloaded.pop(mode, None)
        self._replace(mode, type(self).MODES[mode])  # type: ignore[arg-type]

    def _replace(self, mode: str, make: Callable[[], Screen[Any]]) -> None:
        doomed = self._screen_stacks[mode]
        self._modes[mode] = make
        if mode != self._current_mode:
            del self._screen_stacks[mode]  # made when it is shown
        else:
            try:
                screen = make()
            except Exception as error:
                self._record(error, mode)
                screen = BrokenScreen(mode, _summary(error))
            self._get_screen(screen)
            self._load_screen_css(screen)
            self._screen_stacks[mode] = [screen]
            screen._screen_resized(self.size)
            screen.post_message(ScreenResume())
        self._discard(doomed)

    def _discard(self, screens: list[Screen[Any]]) -> None:
        self.capture_mouse(None)
        for screen in reversed(screens):
            screen.remove()

    # -- removing screens and widgets

    def pop_screen(self) -> AwaitComplete:
        """Close the dialog on top; the palette, which Textual may tell so twice, only itself."""
        asking = _screen_of(active_message_pump.get(None))
        if len(self.screen_stack) < 2 or (isinstance(asking, CommandPalette) and asking is not self.screen):
            return AwaitComplete(asyncio.sleep(0))
        return super().pop_screen()

    def is_open(self, dialog: Screen[Any]) -> bool:
        """Whether `dialog` stands on a screen, perhaps below another one or on a screen that is not shown."""
        return any(dialog in stack[1:] for stack in self._screen_stacks.values())

    def close(self, dialog: Screen[Any]) -> None:
        """Take an open dialog off its screen, wherever it stands."""
        stack = next(stack for stack in self._screen_stacks.values() if dialog in stack)
        stack.remove(dialog)
        dialog._pop_result_callback()
        self._discard([dialog])

    def action_command_palette(self) -> None:
        # Textual gives it an id, which the one that has just been closed may still have.
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette())

    def _prune(self, *nodes: Widget, parent: DOMNode | None = None) -> AwaitRemove:
        doomed = {each for node in nodes for each in node.walk_children(with_self=True)}
        for worker in list(self.workers):
            if worker.node in doomed and worker is not active_worker.get(None):
                worker.cancel()
        removal = super()._prune(*nodes, parent=parent)
        return WholeRemoval(removal._tasks, removal._post_remove)


def _failed_widget(error: BaseException) -> Widget | None:
    """The innermost widget whose method `error` passed, else of who handled a message."""
    found: object = active_message_pump.get(None)
    trace = error.__traceback__
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        found = owner if isinstance(owner, Widget) else found
        trace = trace.tb_next
    return found if isinstance(found, Widget) else None


def _is_gone(widget: Widget) -> bool:
    """Whether `widget` was on the screen and is not any more, or not for long."""
    return widget._pruning or (widget.is_mounted and not widget.is_attached)


def _screen_of(node: object) -> Screen[Any] | None:
    try:
        return node.screen if isinstance(node, Widget) else None
    except NoScreen:
        return None


def _is_textuals(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(str(Path(textual.__file__).parent))


def _summary(error: BaseException) -> str:
    """What it says and where in our own code, in one line."""
    from workbench.text import one_line

    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if not _is_textuals(frame)] or frames
    place = f" ({Path(places[-1].filename).name}:{places[-1].lineno})" if places else ""
    return one_line(f"{type(error).__name__}: {error}{place}")
