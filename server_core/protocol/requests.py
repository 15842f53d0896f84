"""Converts the SDK's requests to our own."""

from __future__ import annotations

from typing import Any

from mcp.server.context import ServerRequestContext

from ..core import Core
from ..request import Request


def request_of(core: Core, ctx: ServerRequestContext[Any, Any], target: str, params: Any) -> Request:
    """Create our request for the one in `ctx`, for the tool, prompt, URI or task `target`."""
    meta: Any = ctx.meta
    return Request(
        ctx.method,
        target,
        clock=core.clock,
        bus=core.bus,
        client=core.clients.seen(ctx).id,
        protocol=ctx.protocol_version,
        key=Request.key_of(meta),
        session=ctx,
        params=params,
    )
