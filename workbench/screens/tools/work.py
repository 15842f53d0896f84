"""The state of each tool and prompt: its arguments and its calls."""

from __future__ import annotations

from workbench.forms import Form
from workbench.screens.calling import Job
from workbench.widgets.formview import Draft

from .entries import Entry


class Work(Job):
    """A tool or prompt with the arguments being edited.

    Attributes:
        touched: whether the user edited the arguments, instead of those of the last call in the history.
    """

    def __init__(self, entry: Entry) -> None:
        super().__init__("tools/call" if entry.kind == "tool" else "prompts/get", entry.name)
        self.entry = entry
        self.touched = False
        self.draft = Draft(self.empty_form())

    def empty_form(self) -> Form:
        """An empty form."""
        return Form(self.entry.schema)

    def change_to(self, entry: Entry) -> bool:
        """Switch to a new version of the entry and keep the arguments; return whether the form changed."""
        changed = bool(entry.schema != self.entry.schema)
        self.entry = entry
        if changed:
            text = self.draft.text
            self.draft = Draft(self.draft.form.changed_to(entry.schema))
            self.draft.text = text
        return changed
