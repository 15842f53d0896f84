"""The keys of the tools screen."""

from __future__ import annotations

from workbench.actions import Action, define

TOOLS = define(
    Action("tools.run", "f5,ctrl+j,alt+enter", "Run", "Call the tool with these arguments", "run"),
    Action("tools.cancel", "x,ctrl+g", "Cancel", "Cancel the call that is under way", "cancel"),
    Action("tools.filter", "slash", "Filter", "Find a tool or a prompt by words", "filter"),
    Action("tools.fault", "f", "Fault", "Let it, or its module, fail, hang, … on purpose", "fault"),
    Action(
        "tools.error",
        "e",
        "Error",
        "Where the call's unexpected error was raised: its lines, its variables, its traceback",
        "tell_error",
    ),
    Action("tools.json", "f3", "JSON", "The arguments as JSON, or as a form again", "json", shown=False),
    Action("tools.protocol", "f9", "Revision", "Speak the other protocol revision", "protocol", shown=False),
    Action(
        "tools.limit",
        "ctrl+l",
        "Limit",
        "How long to wait for an answer or a sign of progress",
        "limit",
        shown=False,
    ),
    Action("tools.clear", "ctrl+n", "New", "Empty the form", "clear", shown=False),
    Action(
        "tools.back",
        "escape",
        "Back",
        "Out of the field, the result, the filter; then to where you came from",
        "back",
        shown=False,
    ),
)
