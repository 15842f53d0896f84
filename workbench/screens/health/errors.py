"""The unexpected errors, and the code of the highlighted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.screens.errors import ErrorScreen
from workbench.screens.errors.editor import edit
from workbench.screens.errors.keys import ERRORS
from workbench.state import Snapshot
from workbench.widgets.binding import bind
from workbench.widgets.card import Card
from workbench.widgets.live import Live
from workbench.widgets.table import Table

from . import error_rows as rows

if TYPE_CHECKING:
    from workbench.state.parts import Failure

NO_ERROR = (
    "No unexpected errors.\n"
    "To see one in the demo, press 2 and run ask_supplier with reachable off. Three failures also open the "
    "breaker; after 5 s the next call is the trial call that can close it."
)


class ErrorsPanel(Table, Live):
    """The unexpected errors, newest first."""

    BINDINGS = bind(*ERRORS)
    HELP = (
        "Unexpected errors, newest first, each kind once with its count; ! marks errors of background tasks "
        "and threads. The code of the highlighted error is below, with its variables. Enter "
        "shows the details, e opens your editor there. Clients receive the reference at the right, and in "
        "development mode also the traceback."
    )

    def __init__(self) -> None:
        super().__init__(rows.ERROR_COLUMNS, title="Errors", empty=NO_ERROR, keeps_cursor=True, id="errors")

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.failures,)

    def redraw(self) -> None:
        self.set_title("Errors", rows.errors_aside(self.snapshot))
        self.set_rows(rows.error_rows(self.snapshot))

    @property
    def chosen(self) -> Failure | None:
        """The highlighted error."""
        key = self.current.key if self.current else ""
        return next((failure for failure in self.snapshot.failures if rows.row_key(failure) == key), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "edit":
            return self.chosen is not None and bool(self.chosen.fact.file)
        return super().check_action(action, parameters)

    def action_edit(self) -> None:
        if self.chosen is not None:
            edit(self.workbench, self.chosen.fact.file, self.chosen.fact.line)

    def on_table_moved(self) -> None:
        self.refresh_bindings()

    def on_table_opened(self) -> None:
        if self.chosen is not None:
            self.app.push_screen(ErrorScreen(self.chosen))


class CodePanel(Card):
    """Where an error was raised: its source lines and variables."""

    def __init__(self) -> None:
        super().__init__("Code", id="code")
        self._failure: Failure | None = None

    def show(self, failure: Failure | None) -> None:
        """Show the code of `failure`."""
        self._failure = failure
        self.redraw()

    def redraw(self) -> None:
        fact = self._failure.fact if self._failure is not None else None
        self.set_title("Code", rows.code_title(fact))
        self.set_lines(rows.code_lines(fact, *self.content_size))

    def on_resize(self) -> None:
        self.redraw()
