"""Runs branches concurrently, and the items of a list a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..errors import CoreError, InvalidArgumentsError
from .definition import ForEachStep
from .runs import StepFailedError

FAILURES_NAMED = 3


class BranchesFailedError(CoreError):
    """Branches or items of a step failed. `value` is the step's value, with null for each failed branch."""

    def __init__(self, text: str, value: Any) -> None:
        super().__init__(text)
        self.value = value


async def side_by_side(
    branches: Sequence[tuple[str, Callable[[], Awaitable[Any]]]], at_once: int, *, go_on: bool
) -> list[Any]:
    """Run named branches, at most `at_once` at a time, in order; returns each one's value.

    The first failure stops the other branches, unless `go_on` is set. Nothing is left running when it returns or
    raises, whether a branch failed or the caller was cancelled (unless it is cancelled twice).

    Raises:
        BranchesFailedError: branches failed; the text names the first of them.
        BaseException: any other exception than `StepFailedError` raised by a branch.
    """
    values: list[Any] = [None] * len(branches)
    failures: list[tuple[str, StepFailedError]] = []
    waiting = iter(enumerate(branches))

    async def work() -> None:
        for index, (name, branch) in waiting:
            try:
                values[index] = await branch()
            except StepFailedError as error:
                failures.append((name, error))
                if not go_on:
                    raise

    workers = [asyncio.create_task(work()) for _ in range(min(at_once, len(branches)))]
    try:
        if workers:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for worker in workers:
            worker.cancel()
        # No branch outlives its step; only a second cancellation does not wait for one that won't end.
        ended = await asyncio.gather(*workers, return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException) and not isinstance(
            error, StepFailedError | asyncio.CancelledError
        ):
            raise error
    if failures:
        named = "; ".join(f"{name}: {error}" for name, error in failures[:FAILURES_NAMED])
        more = f"; and {len(failures) - FAILURES_NAMED} more" if len(failures) > FAILURES_NAMED else ""
        count = f"{len(failures)} of {len(branches)} failed: " if go_on else ""
        raise BranchesFailedError(f"{count}{named}{more}", values)
    return values


def checked_items(step: ForEachStep, items: Any) -> list[Any]:
    """The items of a `for_each`.

    Raises:
        InvalidArgumentsError: they are not a list, or there are too many.
    """
    if not isinstance(items, list | tuple):
        raise InvalidArgumentsError(f"its items must be a list, not {type(items).__name__}")
    if len(items) > step.max_items:
        raise InvalidArgumentsError(
            f"it has {len(items)} items, over max_items = {step.max_items}; use fewer items, or raise it"
        )
    return list(items)
