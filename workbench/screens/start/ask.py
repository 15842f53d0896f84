"""A dialog that asks for a folder."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label

from workbench.actions import ASK
from workbench.screens.dialog import Dialog
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.keyline import KeyLine


class AskPathScreen(Dialog[Path | None]):
    """Its result is the folder typed; `None` if closed."""

    CSS_PATH = "start.tcss"
    BINDINGS = bind(*ASK)

    def __init__(self, title: str, label: str, proposed: Path) -> None:
        super().__init__()
        self._heading = title
        self._label = label
        self._proposed = proposed

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel dialog") as dialog:
            set_panel_title(dialog, self._heading)
            yield Label(self._label, markup=False)
            yield Input(str(self._proposed), select_on_focus=False)
        yield KeyLine()

    @on(Input.Submitted)
    def chosen(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(Path(event.value.strip()).expanduser().absolute())

    def action_close(self) -> None:
        self.dismiss(None)
