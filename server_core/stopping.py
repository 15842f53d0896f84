"""Closes code that resists cancellation, so that its callers still get an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

from .deadlines import Deadline

StoppedT = TypeVar("StoppedT")

_unstoppable: list[Coroutine[Any, Any, Any]] = []
"""Coroutines that resist even being closed. They never run again; dropping one would make Python close it again."""


class Stoppable(Generic[StoppedT]):
    """Awaits a started coroutine in the same task, and closes it once its deadline has given it up.

    `asyncio` can only ask: a coroutine that swallows `CancelledError` keeps running, and so does whoever awaits it.
    """

    __slots__ = ("_coroutine", "_deadline", "_waiting")

    def __init__(self, coroutine: Coroutine[Any, Any, StoppedT], waiting: Any, deadline: Deadline) -> None:
        """Args:
        waiting: what its first `send` returned.
        deadline: the one whose block awaits this.
        """
        self._coroutine = coroutine
        self._waiting = waiting
        self._deadline = deadline

    def __await__(self) -> Generator[Any, Any, StoppedT]:
        coroutine, waiting = self._coroutine, self._waiting
        try:
            while True:
                try:
                    sent = yield waiting
                except asyncio.CancelledError as stop:
                    if self._deadline.given_up:
                        _close(coroutine)
                        raise
                    waiting = coroutine.throw(stop)
                    self._deadline.hurry()  # it was cancelled but keeps running: to clean up, or forever
                except GeneratorExit:
                    coroutine.close()
                    raise
                except BaseException as error:
                    waiting = coroutine.throw(error)
                else:
                    waiting = coroutine.send(sent)
        except StopIteration as end:
            value: StoppedT = end.value
            return value


def _close(coroutine: Coroutine[Any, Any, Any]) -> None:
    try:
        coroutine.close()
    except RuntimeError:  # it swallows this as well, or awaits in a `finally`
        _unstoppable.append(coroutine)
