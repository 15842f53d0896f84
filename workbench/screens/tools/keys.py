"""The keys of the Tools screen."""

from __future__ import annotations

from workbench.actions import Action, define

TOOLS = define(
    Action("tools.run", "f5,ctrl+j,alt+enter", "Run", "Call the tool with these arguments", "run"),
    Action("tools.cancel", "x,ctrl+g", "Cancel", "Cancel the running call", "cancel"),
    Action("tools.filter", "slash", "Filter", "Filter tools and prompts", "filter"),
    Action("tools.fault", "f", "Fault", "Inject a fault into the tool or its module", "fault"),
    Action(
        "tools.error",
        "e",
        "Error",
        "Show the call's unexpected error: source lines, variables and traceback",
        "tell_error",
    ),
    Action("tools.json", "f3", "JSON", "Switch between the form and JSON", "json", shown=False),
    Action(
        "tools.protocol", "f9", "Revision", "Switch to the other protocol revision", "protocol", shown=False
    ),
    Action(
        "tools.limit",
        "ctrl+l",
        "Limit",
        "Change how long to wait for a result or progress",
        "limit",
        shown=False,
    ),
    Action("tools.clear", "ctrl+n", "New", "Clear the form", "clear", shown=False),
    Action(
        "tools.back",
        "escape",
        "Back",
        "Leave the field, result or filter; then go back",
        "back",
        shown=False,
    ),
)
