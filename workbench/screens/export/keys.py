"""What one can do on the Export screen."""

from __future__ import annotations

from workbench.actions import Action, define

EXPORT = define(
    Action("export.write", "ctrl+s", "Write", "Write the script to its file", "write"),
    Action("export.check", "c", "Check", "Run the script by itself and compare it with the project", "check"),
    Action(
        "export.thin",
        "t",
        "Thin",
        "Leave out server_core, for machines where it is installed; t again puts it back",
        "thin",
    ),
    Action(
        "export.client", "e", "Client entry", "Show the entry for the next MCP client; y copies it", "client"
    ),
    Action("export.script", "s", "Script", "Show the script again", "script"),
    Action("export.refresh", "r", "Refresh", "Make the script again, of the project as it is now", "refresh"),
)
