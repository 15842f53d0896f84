"""The keys of a text."""

from __future__ import annotations

from workbench.actions import LIST, Action, define

LINES = (
    *(action for action in LIST if action.id != "list.open"),
    *define(
        Action("text.next", "n", "Next", "Go to the next match", "next(1)", shown=False),
        Action("text.previous", "N", "Previous", "Go to the previous match", "next(-1)", shown=False),
        Action("text.wrap", "w", "Wrap", "Wrap or unwrap long lines", "wrap"),
        Action("text.left", "left", "Left", "Scroll to the left", "aside(-8)", shown=False),
        Action("text.right", "right", "Right", "Scroll to the right", "aside(8)", shown=False),
    ),
)

VIEW = define(
    Action("text.find", "slash", "Find", "Search this text", "find"),
)

FINDING = define(
    Action("find.leave", "escape", "Close", "Close the search", "leave"),
)
