"""Spans are made while somebody collects them, and cost nothing otherwise."""

from typing import Any

import pytest
from opentelemetry.trace import NoOpTracerProvider

from server_core import Server
from server_core.protocol import tracing
from server_core.testing import connect

pytestmark = pytest.mark.anyio

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of the requests that were traced."""
    traced: list[str] = []

    class Spy(tracing.OpenTelemetryMiddleware):
        async def __call__(self, ctx: Any, call_next: Any) -> Any:
            traced.append(ctx.method)
            return await super().__call__(ctx, call_next)

    monkeypatch.setattr(tracing, "OpenTelemetryMiddleware", Spy)
    return traced


async def test_requests_are_traced_only_with_a_tracer_or_a_clients_trace_context(
    spans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server("s")

    @server.tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    async with server.running(), connect(server) as client:
        await client.call_tool("add", {"a": 1, "b": 2})
        assert spans == []
        await client.call_tool("add", {"a": 1, "b": 2}, meta={"traceparent": TRACEPARENT})
        assert spans == ["tools/call"]
        monkeypatch.setattr(tracing, "get_tracer_provider", NoOpTracerProvider)
        await client.call_tool("add", {"a": 1, "b": 2})
        assert spans == ["tools/call"] * 2
