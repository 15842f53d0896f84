"""The sessions of 2025-11-25 clients over HTTP: limited in number, and ended when abandoned."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from ..rate_limited import RateLimitedLines
from ..settings import LimitSettings
from .http_requests import BODY_BYTES

if TYPE_CHECKING:
    from .handlers import ProtocolServer


class BoundedSessions(StreamableHTTPSessionManager):
    """The SDK's manager, which ends sessions that were idle for too long; at the limit, the longest idle one makes room
    for a new one. A client whose session has ended gets a 404 response, and starts another session.
    """

    def __init__(self, server: ProtocolServer, limits: LimitSettings) -> None:
        super().__init__(
            server,
            session_idle_timeout=limits.session_idle_seconds,
            max_sessions=limits.sessions,
            max_request_body_size=BODY_BYTES,
            # The endpoint has already checked the names, more strictly than the SDK's lists can.
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._limits = limits
        self._log = logging.getLogger("server_core")
        self._full = RateLimitedLines(self._log.warning, first=1)
        self._displaced: set[str] = set()

    def why_ended(self, session: str | None) -> str:
        """Why the server ended a session; empty if its client did."""
        if session is None or session in self._displaced:
            return "" if session is None else f"over the limit of {self._limits.sessions} sessions"
        transport = self._server_instances.get(session)
        scope = transport.idle_scope if transport is not None else None
        return f"idle for {self._limits.session_idle_seconds:g} s" if scope and scope.cancel_called else ""

    def _admit_session(self, requestor: Any) -> Any:
        if len(self._server_instances) >= self._limits.sessions:
            self._end_longest_idle()
        return super()._admit_session(requestor)

    def _end_longest_idle(self) -> None:
        # The deadline of a session with a request in flight is infinite.
        idle = [
            (transport.idle_scope.deadline, session)
            for session, transport in self._server_instances.items()
            if transport.idle_scope is not None and transport.idle_scope.deadline < math.inf
        ]
        if not idle:
            return
        _deadline, session = min(idle)
        self._displaced.add(session)
        self._full.add(
            f"{self._limits.sessions} sessions are open ([limits] sessions): the longest idle one was ended"
        )
        scope = self._server_instances.pop(session).idle_scope
        if scope is not None:
            scope.cancel()

    async def _discard_session(self, session_id: str, transport: Any) -> None:
        self._displaced.discard(session_id)
        await super()._discard_session(session_id, transport)
