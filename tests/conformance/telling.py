"""Tools that tell the client something while they run."""

from __future__ import annotations

import asyncio
import warnings

from server_core import Context, tool

PAUSE_SECONDS = 0.05
"""The suite wants to see that messages come while a tool runs."""


async def _info(ctx: Context, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logging is deprecated in 2026-07-28
        await ctx.info(text)


@tool(structured=False)
async def test_tool_with_logging(ctx: Context) -> str:
    """Sends three log messages."""
    await _info(ctx, "Tool execution started")
    await asyncio.sleep(PAUSE_SECONDS)
    await _info(ctx, "Tool processing data")
    await asyncio.sleep(PAUSE_SECONDS)
    await _info(ctx, "Tool execution completed")
    return "Logged three messages."


@tool(structured=False)
async def test_tool_with_progress(ctx: Context) -> str:
    """Reports progress three times."""
    for done in (0, 50, 100):
        if done:
            await asyncio.sleep(PAUSE_SECONDS)
        await ctx.report_progress(done, 100, f"{done} of 100")
    return "Reported progress three times."


@tool(structured=False)
async def test_logging_tool(ctx: Context) -> str:
    """Sends a log message, which only a client that has asked for it may get."""
    await _info(ctx, "A message for those who asked for it")
    return "Logged a message."
