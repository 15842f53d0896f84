"""Distinguishes a real cancellation from one that a handler raised itself."""

from __future__ import annotations

import asyncio


def is_real_cancellation(error: BaseException) -> bool:
    """Whether the running work is really being ended: its task is being cancelled, or its coroutine closed.

    A handler that raises `CancelledError` or `GeneratorExit` by itself has simply failed, and its caller gets an
    answer.
    """
    if isinstance(error, asyncio.CancelledError):
        task = _running_task()
        return task is not None and task.cancelling() > 0
    # A coroutine is closed by whoever drops it, outside any task.
    return isinstance(error, GeneratorExit) and _running_task() is None


def _running_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop is running
        return None
