"""The extension `io.modelcontextprotocol/tasks` (SEP-2663): how tasks are presented, and what clients must declare."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from mcp import MCPError
from mcp.types import INTERNAL_ERROR, ClientCapabilities

from ..inspection import TaskState
from ..items import ToolItem
from ..protocol.capabilities import missing_capability
from ..request import Request
from .store import TaskRow

TASKS_EXTENSION = "io.modelcontextprotocol/tasks"


@runtime_checkable
class TaskService(Protocol):
    """What a tasks module provides to clients that declare the extension. On the server's loop."""

    ttl: float
    """Seconds for which an ended task is kept."""
    poll: float
    """The suggested polling interval in seconds."""

    async def accept(
        self,
        request: Request,
        item: ToolItem,
        arguments: dict[str, Any],
        prepared: Mapping[str, Any] | None,
        able: ClientCapabilities,
    ) -> TaskState:
        """Run a call as a task, which has been stored when this returns. `able` is what its client can be asked for."""
        ...

    async def find(self, task: str) -> TaskRow | None:
        """A task; `None` if it is unknown or expired."""
        ...

    async def answer(self, task: str, responses: Mapping[str, Any]) -> None:
        """Answer its questions, by their ids; questions that are not open are ignored."""
        ...

    async def cancel_soon(self, task: str) -> None:
        """Request cancellation of a task, without waiting long for code that ignores it."""
        ...


def wire_task(state: TaskState, service: TaskService) -> dict[str, Any]:
    """A task in the extension's format (`Task`).

    `ttlMs` counts from the creation; an ended task is kept for `service.ttl`, so `ttlMs` grows until then.
    """
    shown: dict[str, Any] = {
        "taskId": state.task,
        "status": _wire_status(state),
        "createdAt": _iso(state.created),
        "lastUpdatedAt": _iso(state.updated),
        "ttlMs": max(1, round((state.updated - state.created + service.ttl) * 1000)),
        "pollIntervalMs": max(1, round(service.poll * 1000)),
    }
    said = state.detail or state.message
    if said:
        shown["statusMessage"] = said
    return shown


def detailed_task(row: TaskRow, service: TaskService) -> dict[str, Any]:
    """`wire_task` with the result, error or questions (`DetailedTask`)."""
    shown = wire_task(row.state, service)
    # A failed tool has a result that says so: only protocol errors make a failed task.
    if row.result is not None and row.state.status in ("completed", "failed"):
        shown["status"] = "completed"
        shown["result"] = row.result
    elif shown["status"] == "failed":
        shown["error"] = row.refusal or {"code": INTERNAL_ERROR, "message": row.error or "The task failed"}
    elif shown["status"] == "input_required":
        shown["inputRequests"] = row.asked
    return shown


def missing_extension(message: str) -> MCPError:
    """The error for a client that does not declare the extension (-32021)."""
    return missing_capability(ClientCapabilities(extensions={TASKS_EXTENSION: {}}), message)


def _wire_status(state: TaskState) -> str:
    if state.status == "queued":
        return "working"
    return "failed" if state.status == "interrupted" else state.status


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
