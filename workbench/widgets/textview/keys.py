"""The keys of a text."""

from __future__ import annotations

from workbench.actions import LIST, Action, define

LINES = (
    *(action for action in LIST if action.id != "list.open"),
    *define(
        Action("text.next", "n", "Next", "The next match", "next(1)", shown=False),
        Action("text.previous", "N", "Previous", "The match before", "next(-1)", shown=False),
        Action("text.wrap", "w", "Wrap", "Wrap long lines, or scroll them sideways", "wrap"),
        Action("text.left", "left", "Left", "Scroll to the left", "aside(-8)", shown=False),
        Action("text.right", "right", "Right", "Scroll to the right", "aside(8)", shown=False),
    ),
)

VIEW = define(
    Action("text.find", "slash", "Find", "Find something in this text", "find"),
)

FINDING = define(
    Action("find.leave", "escape", "Leave", "Stop finding", "leave"),
)
