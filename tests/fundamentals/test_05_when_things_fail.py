"""A circuit breaker stops asking what does not answer, and tries again by itself.

And to see how a client bears it, things can be made to fail on purpose.
"""

from pathlib import Path

import pytest

from server_core import BreakerSettings, FunctionsModule, Server
from server_core.testing import ManualClock, connect, set_faults

pytestmark = pytest.mark.anyio

TOOLS = '''
from server_core import ToolError, tool

reachable = False

@tool(breaker="supplier")
async def ask() -> str:
    """Asks the supplier."""
    if not reachable:
        raise ToolError("the supplier does not answer")
    return "10 copies"

@tool
async def repair() -> str:
    """Plugs the supplier in again."""
    global reachable
    reachable = True
    return "ok"
'''


async def test_a_breaker_opens_after_failures_and_closes_after_a_probe_that_works(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS)
    clock = ManualClock()
    server = Server(
        "shop", base=tmp_path, clock=clock, breaker=BreakerSettings(failure_threshold=2, reset_timeout=60)
    )
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    async with server.running(), connect(server) as client:

        async def ask() -> str:
            return (await client.call_tool("ask", {})).content[0].text  # type: ignore[union-attr]

        assert "does not answer" in await ask()
        assert "does not answer" in await ask()
        assert "'supplier' is open" in await ask()  # the supplier was not asked any more

        await client.call_tool("repair", {})
        assert "is open" in await ask()
        clock.advance(61)
        assert await ask() == "10 copies"
        (breaker,) = server.inspect().breakers
        assert (breaker.status, [change.after for change in breaker.history]) == (
            "closed",
            ["open", "half_open", "closed"],
        )


async def test_a_fault_on_purpose_shows_how_a_client_bears_it(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS)
    server = Server("shop", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    async with server.running(), connect(server) as client:
        faults = set_faults(server, "repair=fail:1", "ask=garble")
        failed = await client.call_tool("repair", {})
        assert "repair failed: injected fault" in failed.content[0].text  # type: ignore[union-attr]
        assert not (await client.call_tool("repair", {})).is_error

        with pytest.raises(RuntimeError, match="result is required"):
            await client.call_tool("ask", {})  # its answer is cut off; the SDK's client looks at the schema
        faults.clear()
        assert (await client.call_tool("ask", {})).content[0].text == "10 copies"  # type: ignore[union-attr]
