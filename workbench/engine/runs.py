"""Cancels and resumes workflow runs. Call it on the core's loop."""

from __future__ import annotations

from server_core.errors import CoreError
from server_core.modules.workflows import WorkflowsModule
from server_core.request import Request
from server_core.server import Server

from .errors import EngineError


def cancel_run(server: Server, run: str) -> None:
    """Cancel a run in progress.

    Raises:
        EngineError: It has ended.
    """
    try:
        _module_of(server, run).cancel_run(run)
    except CoreError as error:
        raise EngineError("This run has already ended") from error


async def resume_run(server: Server, run: str) -> str:
    """Resume a run from where it failed or was cancelled, wait for it, and return how it ended.

    Raises:
        EngineError: It is no longer available, or can't be started.
    """
    module = _module_of(server, run)
    request = Request("tools/call", "execute_workflow", clock=server.clock, bus=server.bus)
    try:
        return (await module.resume_run(run, request)).status
    except CoreError as error:
        raise EngineError(str(error)) from error


def _module_of(server: Server, run: str) -> WorkflowsModule:
    for host in server.modules.values():
        if isinstance(host.instance, WorkflowsModule) and host.instance.knows_run(run):
            return host.instance
    raise EngineError("This run was already resumed or is no longer available; start the workflow again")
