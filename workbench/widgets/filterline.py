"""A filter for the list below it."""

from __future__ import annotations

from textual.message import Message
from textual.widgets import Input

from workbench.actions import Action, define

from .binding import bind

FILTER = define(
    Action("filter.leave", "escape", "Clear", "Clear the filter and go back to the list", "leave"),
    Action("filter.down", "down,enter", "List", "Go to the list", "down"),
)


class FilterLine(Input):
    """The words that the entries must contain."""

    BINDINGS = bind(*FILTER)
    HELP = "Type words to filter by name and description. Enter goes to the list, Esc clears the filter."

    class Left(Message):
        """Go back to the list; `cleared` if the filter was cleared."""

    def action_leave(self) -> None:
        self.value = ""
        self.post_message(self.Left())

    def action_down(self) -> None:
        self.post_message(self.Left())
