"""Paces batches: single changes pass immediately, storms arrive in a few batches."""

from __future__ import annotations

from collections.abc import Callable

BURST = 40.0
"""The budget after a quiet period: a batch costs 1, and 1 more per `CHANGES_A_POINT` changes."""

POINTS_A_SECOND = 20.0
CHANGES_A_POINT = 50
MOST_GATHERING = 0.15
"""Seconds; the longest that a change waits to be batched with others."""


class BatchPacer:
    """A budget of batches that refills over time."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` returns seconds that never go back."""
        self._now = now
        self._points = BURST
        self._filled = now()

    def spend(self, changes: int) -> None:
        """Record a batch of `changes` changes."""
        self._fill()
        self._points -= 1 + changes / CHANGES_A_POINT

    def wait(self) -> float:
        """How many seconds to collect changes before the next batch."""
        self._fill()
        return min(MOST_GATHERING, max(0.0, -self._points / POINTS_A_SECOND))

    def _fill(self) -> None:
        now = self._now()
        # A large debt would only delay batches after the storm is over.
        points = max(self._points, -BURST) + (now - self._filled) * POINTS_A_SECOND
        self._points = min(BURST, points)
        self._filled = now
