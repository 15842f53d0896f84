"""The keys of a form: function keys, since letters are for typing."""

from __future__ import annotations

from workbench.actions import Action, define

FORM = define(
    Action("form.state", "f2", "Omit/null", "Switch between omitted, a value and null", "state"),
    Action("form.json", "f3", "JSON", "Edit all arguments as JSON, or return to the form", "json"),
    Action(
        "form.field_json", "f4", "Field JSON", "Edit this field as JSON, or return to the form", "field_json"
    ),
    Action("form.reveal", "ctrl+o", "Reveal", "Show or hide the secret in this field", "reveal"),
    Action("form.add", "f7", "Add", "Add an item to this list or an entry to this map", "add"),
    Action("form.remove", "f8", "Remove", "Remove this item or entry", "remove"),
    Action("form.up", "alt+up", "Up", "Move this item up", "move_item(-1)", shown=False),
    Action("form.down", "alt+down", "Down", "Move this item down", "move_item(1)", shown=False),
)

EDITOR = define(
    Action("field.line", "f6", "New line", "Start a new line in this text", "new_line", shown=False),
)
