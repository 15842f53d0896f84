"""The selected tool: its description, form and buttons."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Static

from workbench.text import clean, span
from workbench.widgets.card import set_panel_title
from workbench.widgets.formview import FormView

from .entries import Entry


class SideButton(Button, can_focus=False):
    """A button for the mouse, labelled with its key."""


class ToolForm(Vertical):
    """The panel with the form."""

    class Wanted(Message):
        """A button was pressed; `action` is a screen action."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__(id="form", classes="panel")

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(id="about", markup=False)
            yield FormView()
        with Horizontal(classes="buttons"):
            yield Button("Run f5", id="run", compact=True)
            yield SideButton("JSON f3", id="json", compact=True)
            yield SideButton("", id="protocol", compact=True)
            yield SideButton("", id="limit", compact=True)

    @property
    def view(self) -> FormView:
        return self.query_one(FormView)

    def show_entry(self, entry: Entry | None) -> None:
        """Show the tool's description."""
        about = self.query_one("#about", Static)
        if entry is None:
            set_panel_title(self, "Tool")
            about.update("Select a tool in the list.")
        else:
            set_panel_title(self, entry.title or entry.name, entry.aside)
            about.update(clean(entry.description).strip())
        about.display = entry is None or bool(entry.description.strip())
        self.query_one(".buttons").display = entry is not None
        self.view.display = entry is not None

    def show_choices(self, protocol: str, limit: float | None) -> None:
        """Show the protocol revision and the time limit."""
        self.query_one("#protocol", Button).label = f"{protocol} f9"
        self.query_one("#limit", Button).label = f"limit {span(limit)} ^l" if limit else "server's limit ^l"

    def show_running(self, running: bool) -> None:
        """Show Cancel in place of Run while a call is running."""
        button = self.query_one("#run", Button)
        button.label = "Cancel ^g" if running else "Run f5"
        button.set_class(running, "-running")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        name = event.button.id or ""
        if name == "run" and event.button.has_class("-running"):
            name = "cancel"
        self.post_message(self.Wanted(name))
