"""The keys of the Export screen."""

from __future__ import annotations

from workbench.actions import Action, define

EXPORT = define(
    Action("export.write", "ctrl+s", "Write", "Write the script to its file", "write"),
    Action(
        "export.check", "c", "Check", "Run the script on its own and compare it with the project", "check"
    ),
    Action(
        "export.thin",
        "t",
        "Thin",
        "Leave out server_core, for machines where it is installed; press t again to include it",
        "thin",
    ),
    Action(
        "export.client", "e", "Client entry", "Show the entry for the next MCP client; y copies it", "client"
    ),
    Action("export.script", "s", "Script", "Show the script again", "script"),
    Action("export.refresh", "r", "Refresh", "Generate the script again from the current project", "refresh"),
)
