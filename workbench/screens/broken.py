"""The replacement for a screen that fails again as soon as it is reloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from workbench.actions import BROKEN
from workbench.widgets.binding import bind

if TYPE_CHECKING:
    from .resilient import ResilientApp

NEXT = "Press r to reload it. The other screens (1 to 7) still work; Health (5) has the traceback. q quits."


class BrokenScreen(Screen[None]):
    """Shows what failed, with as little code as possible that could fail as well."""

    BINDINGS = bind(*BROKEN)
    HELP = "This screen failed twice in a row. r reloads it; Health has the traceback."

    def __init__(self, mode: str, what: str) -> None:
        super().__init__()
        self._mode = mode
        self._what = what

    def compose(self) -> ComposeResult:
        yield Static(f"This screen failed twice in a row.\n\n{self._what}\n\n{NEXT}", markup=False)

    def action_reload(self) -> None:
        cast("ResilientApp[object]", self.app).reload_mode(self._mode)
