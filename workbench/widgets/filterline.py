"""A line of words that narrows the list below it."""

from __future__ import annotations

from textual.message import Message
from textual.widgets import Input

from workbench.actions import Action, define

from .binding import bind

FILTER = define(
    Action("filter.leave", "escape", "Clear", "Clear the filter, back to the list", "leave"),
    Action("filter.down", "down,enter", "List", "Into the list", "down"),
)


class FilterLine(Input):
    """Words that the shown entries must have."""

    BINDINGS = bind(*FILTER)
    HELP = "Type words that the names or descriptions must have. Enter goes into the list, Esc clears."

    class Left(Message):
        """Back to the list; `cleared` if the words are gone."""

    def action_leave(self) -> None:
        self.value = ""
        self.post_message(self.Left())

    def action_down(self) -> None:
        self.post_message(self.Left())
