"""A confirmation dialog for actions that lose something."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from workbench.actions import CONFIRM
from workbench.screens.dialog import Dialog
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title


class ConfirmScreen(Dialog[bool]):
    """Asks yes or no; the result is whether the answer was yes. The button that changes nothing has the focus."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = bind(*CONFIRM)
    AUTO_FOCUS = "#no"

    def __init__(self, title: str, question: str, yes: str, no: str = "Stay") -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._words = (yes, no)

    def compose(self) -> ComposeResult:
        yes, no = self._words
        with Vertical(classes="panel dialog") as dialog:
            set_panel_title(dialog, self._title)
            yield Static(self._question, markup=False)
            with Horizontal():
                yield Button(f"{yes} (y)", id="yes", variant="warning")
                yield Button(f"{no} (esc)", id="no")

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
