"""The terminal application: which screen is shown, how events reach the screens, and the global actions.

It paints its frame before anything heavy is imported; the engine is created and started after that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.command import Provider
from textual.events import Event, InputEvent
from textual.message import Message
from textual.reactive import Reactive, var
from textual.theme import Theme

from server_core.clock import Clock, SystemClock
from server_core.faults.jumping import JumpingClock
from workbench.actions import APP, GO
from workbench.feed import Feed
from workbench.preferences import save_theme, saved_theme
from workbench.screens import MODES
from workbench.screens.resilient import ResilientApp
from workbench.session import Next, planned_modules, reload, run_projects
from workbench.state import Snapshot
from workbench.text import clean
from workbench.widgets.binding import bind
from workbench.widgets.themes import DARK, LIGHT, THEMES, theme_defaults

if TYPE_CHECKING:
    from workbench.engine import Engine
    from workbench.screens.questions.bringing import Bringer


MOST_NOTIFIED = 2_000
"""Maximum length of a toast, in characters."""


def _palette() -> type[Provider]:
    from workbench.screens.palette import ActionsProvider

    return ActionsProvider


class WorkbenchApp(ResilientApp[Next]):
    """The workbench for one project, or its start screen. Its result is what to open next.

    Attributes:
        snapshot: the current state of the server; screens watch it.
        now: epoch seconds of `clock`, updated once a second.
        clock: the server's clock, including its jumps.
    """

    TITLE = "workbench"
    CSS_PATH: ClassVar = [
        "app.tcss",
        "screens/overview/overview.tcss",
    ]  # together: one parse for the first paint
    BINDINGS = bind(*GO, *APP)
    COMMANDS: ClassVar = {_palette}
    MODES: ClassVar = MODES

    # No watcher at the start: it would trigger a second layout.
    theme: Reactive[str] = Reactive(DARK.name, init=False)
    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    class InboxFilled(Message):
        """The engine has new events; posted from its threads."""

    def __init__(
        self,
        project: Path | None,
        open_engine: Callable[[Path], Engine],
        *,
        clock: Clock | None = None,
        painted: Callable[[], None] = lambda: None,
        idle: Callable[[float], None] = lambda seconds: None,
        released: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Args:
        project: folder or `server.toml` of the project to open; `None` shows the start screen.
        open_engine: creates a project's engine without starting it. Called on a thread after the first
            paint; may be slow; raises what is wrong with the project.
        painted: called after the first paint.
        idle: called once a second with the number of seconds since the user's last input.
        released: hands the terminal to another program while its block runs, with the screen suspended.
        """
        # The first screen differs from run to run; Textual reads it from the class.
        self.DEFAULT_MODE = "overview" if project else "start"  # type: ignore[misc]
        super().__init__()
        self.project = project
        self.clock = JumpingClock(clock or SystemClock())
        self._open_engine = open_engine
        self._painted = painted
        self._idle = idle
        self.released = released
        self._touched = self.clock.monotonic()
        self._engine: Engine | None = None
        self._opens = False
        self._came_from: list[str] = []
        self.now = self.clock.now()
        chosen = saved_theme()
        if chosen in self.available_themes:
            self.set_reactive(WorkbenchApp.theme, chosen)
            self.stylesheet.set_variables(self.get_css_variables())
        if project is not None:
            self.snapshot = Snapshot(name=(project.parent if project.is_file() else project).resolve().name)
        self.feed = Feed(
            self.snapshot, self.clock, publish=self._publish, later=self.set_timer, spawn=self.run_worker
        )

    @cached_property
    def bringer(self) -> Bringer:
        """Presents the server's questions to the user."""
        from workbench.screens.questions.bringing import Bringer

        return Bringer(self)

    @property
    def available_themes(self) -> dict[str, Theme]:
        return {**super().available_themes, **THEMES}

    def get_theme(self, theme_name: str) -> Theme | None:
        # Called for every line that is drawn.
        return THEMES.get(theme_name) or super().get_theme(theme_name)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_defaults(self.current_theme)

    # -- the engine and its events

    @property
    def engine(self) -> Engine:
        """The open project's engine.

        Raises:
            EngineError: the project is not open yet; see `has_engine`.
        """
        if self._engine is None:
            from workbench.engine import EngineError

            raise EngineError("The project is not open yet; try again in a moment")
        return self._engine

    @property
    def has_engine(self) -> bool:
        """Whether the engine accepts commands."""
        return self._engine is not None

    def on_ready(self) -> None:
        self._painted()
        self.heed_signals()
        self.watch(self, "theme", save_theme, init=False)
        self.set_interval(1.0, self._tick)
        if self.project is not None:
            self._open(self.project)

    @work(name="open the project")
    async def _open(self, project: Path, told: str = "") -> None:
        self._opens = True
        try:
            engine = await asyncio.to_thread(self._open_engine, project)
            modules = await asyncio.to_thread(planned_modules, engine.project.config_path)
        except Exception as error:
            self.feed.change(phase="failed", reason=str(error) or type(error).__name__)
            return
        finally:
            self._opens = False
        self._engine = engine
        self.feed.change(**vars(Snapshot(name=self.snapshot.name, modules=modules)))
        self.feed.connect(engine, self._wake)
        if told:
            self.notify(told, markup=False, timeout=10)

    def restart(self, told: str) -> None:
        """Open the project again, which closes the engine whatever it does; `told` is said then."""
        if self.project is not None and not self._opens:
            self._open(self.project, told)

    def _wake(self) -> None:  # on the engine's threads
        self.post_message(self.InboxFilled())

    def on_workbench_app_inbox_filled(self) -> None:
        self.feed.drain_soon()

    def _tick(self) -> None:
        self.check_screen()
        self.now = self.clock.now()
        self.feed.tick(self.now)
        if self.snapshot.questions:
            self.bringer.look()  # a dialog may have been in the way
        self._idle(self.clock.monotonic() - self._touched)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self._touched = self.clock.monotonic()
        await super().on_event(event)

    def _publish(self, snapshot: Snapshot) -> None:
        waiting = (self.snapshot.questions, self.snapshot.asking_tasks)
        jumped = snapshot.clock_ahead - self.clock.ahead
        if jumped:
            # The screens show times by the server's clock.
            self.clock.jump(jumped)
            self.now = self.clock.now()
        try:
            self.snapshot = snapshot
        except Exception as error:
            self._handle_exception(error)  # from a watching screen; publishing goes on
        if (snapshot.questions, snapshot.asking_tasks) != waiting:
            self.screen.refresh_bindings()
        if snapshot.questions:
            self.bringer.look()

    def notify(self, message: str, **options: Any) -> None:
        # The message may quote text from outside.
        super().notify(clean(message[:MOST_NOTIFIED]), **options)

    @work(name="command")
    async def do(self, command: Coroutine[Any, Any, Any], done: str = "") -> None:
        """Await an engine command, then show the toast `done`; an `EngineError` is shown like any other."""
        await command
        if done:
            self.notify(done, markup=False)

    # -- errors of the application itself

    def record_error(self, error: BaseException, where: str) -> None:
        if self._engine is None:
            logging.getLogger(__name__).error("%s failed", where, exc_info=error)
            return
        from server_core.reporting import ErrorReporter

        reporter = ErrorReporter(self._engine.bus, self.clock, keeps_frames=True, logger_name=__name__)
        reporter.report(error, where, method="workbench")

    def expects(self, error: BaseException) -> bool:
        from workbench.engine import EngineError

        return isinstance(error, EngineError)

    # -- global actions

    def action_go(self, mode: str) -> None:
        """Show a main screen."""
        if self.project is not None and mode != self.current_mode:
            self._came_from.clear()
            self.switch_mode(mode)

    def go_into(self, mode: str) -> None:
        """Show a main screen from another one, to which `back` returns."""
        self._came_from.append(self.current_mode)
        self.switch_mode(mode)

    async def action_back(self) -> None:
        if self._came_from:
            self.switch_mode(self._came_from.pop())

    def action_zoom(self) -> None:
        """Maximize the focused widget, or restore it."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif self.screen.focused is not None:
            self.screen.maximize(self.screen.focused)

    def action_toggle_theme(self) -> None:
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_help(self) -> None:
        from workbench.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def action_faults(self) -> None:
        """Show the injected faults."""
        if self.has_engine:
            from workbench.screens.faults.listing import FaultsScreen

            self.push_screen(FaultsScreen())

    def action_problems(self) -> None:
        """Show every problem, in full."""
        from workbench.screens.details import DetailsScreen
        from workbench.screens.overview.about import about_problems

        self.push_screen(DetailsScreen("Problems", about_problems(self.snapshot.problems)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "answer_waiting":  # the key is a field's own otherwise
            return bool(self.snapshot.questions or self.snapshot.asking_tasks)
        return super().check_action(action, parameters)

    def action_answer_waiting(self) -> None:
        if not self.screen.is_modal:
            self.action_answer()

    def action_answer(self) -> None:
        """Show the server's question."""
        if self.has_engine:
            self.bringer.bring()

    def action_reload_project(self) -> None:
        """Apply the current `server.toml`."""
        if self.project is None:
            return
        if self.snapshot.phase == "failed":
            self.exit(Next(self.project))
        elif self.snapshot.blocked is not None:
            from workbench.screens.restarting import offer_restart

            offer_restart(self)
        elif self.has_engine:
            self.do(reload(self.engine), "server.toml applied")

    def action_close_project(self) -> None:
        self._leave(Next(None), "Close it")

    async def action_quit(self) -> None:
        self._leave(None, "Quit")

    def _leave(self, following: Next | None, word: str) -> None:
        """Exit the application; ask first if that would lose something."""
        busy = self.snapshot.busy
        if not busy:
            self.exit(following)
            return
        from workbench.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.exit(following)

        question = f"{' and '.join(busy)} would be stopped."
        self.push_screen(ConfirmScreen("Still running", question, word), answered)


def run(project: Path | None) -> int:
    """Run the terminal interface until the user leaves it; returns the exit code.

    Args:
        project: a folder or a `server.toml`; without a project there, the start screen is shown.
    """
    return run_projects(project, WorkbenchApp)
