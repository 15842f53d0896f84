"""A dialog to choose one of many options, with a filter."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from workbench.actions import Action, define
from workbench.screens.dialog import Dialog
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.keyline import KeyLine
from workbench.widgets.outline import Outline
from workbench.widgets.spans import Line, Span

PICK = define(
    Action("pick.close", "escape", "Close", "Close without choosing", "close"),
    Action("pick.take", "enter", "Choose", "Choose the highlighted option", "take"),
    Action("pick.down", "down", "Down", "Move down one row", "step(1)", shown=False),
    Action("pick.up", "up", "Up", "Move up one row", "step(-1)", shown=False),
)


class Options(Outline[tuple[int, str]]):
    """The options that match the filter, with their indexes."""

    can_focus = False

    def key_of(self, row: tuple[int, str]) -> str:
        return str(row[0])

    def line_of(self, row: tuple[int, str], width: int) -> Line:
        return (Span(row[1]),)


class PickScreen(Dialog[int | None]):
    """Its result is the index of the chosen option, or `None`."""

    CSS_PATH = "pick.tcss"
    BINDINGS = bind(*PICK)
    HELP = "Type to filter. Enter chooses the highlighted option, Esc closes."

    def __init__(self, title: str, options: Sequence[str], chosen: int = 0) -> None:
        super().__init__()
        self._title = title
        self._options = list(enumerate(options))
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel pick") as box:
            set_panel_title(box, self._title)
            yield Input(placeholder="filter", compact=True)
            yield Options(empty="No matches.")
        yield KeyLine()

    def on_mount(self) -> None:
        rows = self.query_one(Options)
        rows.styles.height = min(len(self._options), 16)
        rows.set_rows(self._options, str(self._chosen))

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        words = event.value.casefold().split()
        found = [row for row in self._options if all(word in row[1].casefold() for word in words)]
        self.query_one(Options).set_rows(found)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_take()

    @on(Options.Opened, "Options")
    def action_take(self) -> None:
        row = self.query_one(Options).current
        self.dismiss(None if row is None else row[0])

    def action_step(self, step: int) -> None:
        self.query_one(Options).action_move(step)

    def action_close(self) -> None:
        self.dismiss(None)
