"""Restarting a server that is stuck in somebody's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.state import Snapshot
from workbench.text import one_line

from .confirm import ConfirmScreen

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp

MOST_NAMED = 5


def offer_restart(app: WorkbenchApp) -> None:
    """Ask whether to restart the server, and say what that ends."""
    blocked = app.snapshot.blocked
    if blocked is None:
        return
    who = one_line(blocked.target or blocked.function)
    place = f"{blocked.file.replace(chr(92), '/').rpartition('/')[2]}:{blocked.line}"
    seconds = max(1.0, app.clock.now() - blocked.since)
    ends = ended_by_restart(app.snapshot)
    stuck = f"{who} has not let the server do anything else for {seconds:.0f} s, at {place}."

    def answered(yes: bool | None) -> None:
        if yes:
            app.restart(f"The server was restarted: {who} was stuck at {place}. Ended: {ends}.")

    app.push_screen(
        ConfirmScreen("The server is stuck", f"{stuck} Restarting it ends {ends}.", "Restart", "Wait"),
        answered,
    )


def ended_by_restart(snapshot: Snapshot) -> str:
    """The calls, tasks and runs that a restart ends."""
    names = [request.target for request in snapshot.active]
    names += [f"task {task.name}" for task in snapshot.running_tasks]
    names += [f"workflow {run.workflow}" for run in snapshot.runs if run.status == "running"]
    shown = [one_line(name) for name in names[:MOST_NAMED]]
    if more := len(names) - len(shown):
        shown.append(f"{more} more")
    return ", ".join(shown) or "nothing else"
