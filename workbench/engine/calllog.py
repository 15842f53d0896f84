"""Log messages that a tool sends to its client, as lines of the log with the tool as source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server_core.events import LogWritten
from workbench.records import Side

from .lines import LINE_CHARS, LogLevel

_LEVELS: dict[str, LogLevel] = {
    "debug": "debug",
    "info": "info",
    "notice": "info",
    "warning": "warning",
    "error": "error",
    "critical": "error",
    "alert": "error",
    "emergency": "error",
}


class CallLog:
    """Observes a connection's messages: the SDK's client does not say which call a log message belongs to."""

    def __init__(self, name: str, emit: Callable[[object], None]) -> None:
        """Args:
        name: The source of messages that belong to no call.
        """
        self._name = name
        self._emit = emit
        self._targets: dict[Any, str] = {}

    def take(self, side: Side, item: Any) -> None:
        """Observe a message."""
        message = item.message
        method = getattr(message, "method", "")
        params = getattr(message, "params", None) or {}
        if side == "client":
            target = params.get("name") or params.get("uri")
            if method and target:
                self._targets[getattr(message, "id", None)] = str(target)
        elif method == "notifications/message":
            self._log(params, getattr(item.metadata, "related_request_id", None))
        elif not method:
            self._targets.pop(message.id, None)

    def _log(self, params: dict[str, Any], request: Any) -> None:
        data, logger = params.get("data"), str(params.get("logger") or "")
        target = self._targets.get(request, "")
        source = f"{target} ({logger})" if target and logger else target or logger or self._name
        text = data if isinstance(data, str) else repr(data)
        self._emit(LogWritten(source, _LEVELS.get(str(params.get("level")), "info"), text[:LINE_CHARS]))
