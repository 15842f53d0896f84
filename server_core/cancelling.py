"""Telling an end that comes from outside from one that a handler has made up."""

from __future__ import annotations

import asyncio


def is_real_cancellation(error: BaseException) -> bool:
    """Whether the running work is being ended: its task is cancelled, or its coroutine closed.

    A handler that raises `CancelledError` or `GeneratorExit` by itself has just failed, and whoever asked gets an
    answer.
    """
    if isinstance(error, asyncio.CancelledError):
        task = _running_task()
        return task is not None and task.cancelling() > 0
    # A coroutine is closed by whoever drops it, outside of any task.
    return isinstance(error, GeneratorExit) and _running_task() is None


def _running_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop runs
        return None
