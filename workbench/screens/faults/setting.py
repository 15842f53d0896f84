"""The dialog that sets a fault on a tool, a prompt, a resource or its module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from workbench.forms import Form, FormError, JsonError
from workbench.screens.dialog import Dialog
from workbench.state import Snapshot
from workbench.text import one_line
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.columns import Column, Row
from workbench.widgets.formview import Draft, FormView
from workbench.widgets.keyline import KeyLine
from workbench.widgets.spans import Span
from workbench.widgets.table import Table

from .keys import FAULT
from .kinds import KINDS, Kind, proposed, schema_of, written

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp
    from workbench.engine import Engine


INCOMPLETE = "Fill in the fields marked with * first."


class FaultScreen(Dialog[None]):
    """Offers every kind of fault on the first of `names`, or on the others: its template or module."""

    CSS_PATH = ["faults.tcss", "../../widgets/formview/formview.tcss"]  # noqa: RUF012 - Textual declares it so
    BINDINGS = bind(*FAULT)
    HELP = (
        "Injects a fault to test how the server and its clients handle it. It acts like a real one: breakers count "
        "it, time limits apply. Choose a kind; f5 sets it, x clears it. All faults end with the workbench."
    )

    def __init__(self, app: WorkbenchApp, names: Sequence[str] = ()) -> None:
        """Open the dialog; with empty `names` it asks for the name."""
        super().__init__()
        self._engine: Engine = app.engine
        self._names = list(dict.fromkeys(name for name in names if name))
        self._drafts = {
            kind.name: Draft(Form(schema_of(kind, self._names), proposed(kind, self._names)))
            for kind in KINDS
        }

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel dialog") as dialog:
            set_panel_title(dialog, f"Fault on {self._names[0]}" if self._names else "Inject a fault")
            with Horizontal():
                yield Table((Column(most=6), Column(most=12)), keeps_cursor=True, id="kinds", classes="kinds")
                with Vertical():
                    yield Static(id="about", markup=False)
                    yield FormView()
            yield Static(id="written", markup=False)
            yield Static(id="trouble", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        self.watch(self.app, "snapshot", self._show_active)
        self._kinds.focus()

    @property
    def _kinds(self) -> Table:
        return self.query_one("#kinds", Table)

    @property
    def _kind(self) -> Kind:
        return KINDS[self._kinds.cursor]

    def _show_active(self, snapshot: Snapshot) -> None:
        """Show next to each kind the fault that is set."""
        active = {fault.kind: fault.how for fault in reversed(snapshot.faults) if fault.name in self._names}
        self._kinds.set_rows(
            [
                Row(kind.name, (kind.name, Span(active.get(kind.name, "").partition(":")[2] or "on", "warn")))
                if kind.name in active
                else Row(kind.name, (kind.name, ""))
                for kind in KINDS
            ]
        )

    @on(Table.Moved, "#kinds")
    async def _show_form(self) -> None:
        kind = self._kind
        self.query_one("#about", Static).update(kind.does)
        self._tell("")
        await self.query_one(FormView).show(self._drafts[kind.name])
        self._show_written()
        self.refresh_bindings()

    @on(FormView.Changed)
    def _show_written(self) -> None:
        try:
            text = written(self._kind, self._drafts[self._kind.name].arguments())
        except (FormError, JsonError, KeyError, TypeError, ValueError):
            text = "…"
        self.query_one("#written", Static).update(f"--fault {one_line(text)}")

    @on(Table.Opened, "#kinds")
    def _into_form(self) -> None:
        self.focus_next()

    @on(FormView.Submitted)
    def action_set(self) -> None:
        values = self.query_one(FormView).ready()
        if values is None:
            return
        try:
            text = written(self._kind, values)
        except (KeyError, TypeError, ValueError):
            self._tell(INCOMPLETE)
        else:
            self._set(text)

    def _tell(self, trouble: str) -> None:
        self.query_one("#trouble", Static).update(one_line(trouble))

    @work(exclusive=True)
    async def _set(self, text: str) -> None:
        from workbench.engine import EngineError

        try:
            await self._engine.set_fault(text)
        except EngineError as error:
            self._tell(str(error))
            return
        self.dismiss()
        self.app.notify(f"Fault set: {text}", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "clear":
            row = self._kinds.current if self.query("#kinds") and self._kinds.has_focus else None
            return row is not None and bool(row.cells[1])
        return super().check_action(action, parameters)

    @work(exclusive=True)
    async def action_clear(self) -> None:
        from workbench.engine import EngineError

        try:
            for name in self._names:
                await self._engine.clear_faults(name, self._kind.name)
        except EngineError as error:
            self._tell(str(error))
