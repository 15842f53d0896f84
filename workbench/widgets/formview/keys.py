"""The keys of a form. They are function keys, since letters belong to what is typed."""

from __future__ import annotations

from workbench.actions import Action, define

FORM = define(
    Action("form.state", "f2", "Omit/null", "Go on to omitting the field, a value, or null", "state"),
    Action("form.json", "f3", "JSON", "Edit all arguments as JSON, and back to the form", "json"),
    Action("form.field_json", "f4", "Field JSON", "Edit only this field as JSON, and back", "field_json"),
    Action("form.reveal", "ctrl+o", "Reveal", "Show the secret in this field, or hide it again", "reveal"),
    Action("form.add", "f7", "Add", "Add an item to the list or an entry to the map here", "add"),
    Action("form.remove", "f8", "Remove", "Remove this item or entry", "remove"),
    Action("form.up", "alt+up", "Up", "Move this item up", "move_item(-1)", shown=False),
    Action("form.down", "alt+down", "Down", "Move this item down", "move_item(1)", shown=False),
)

EDITOR = define(
    Action("field.line", "f6", "New line", "Start a new line in this text", "new_line", shown=False),
)
