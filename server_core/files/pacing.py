"""The pace of batches: single changes pass at once, storms come in few pieces."""

from __future__ import annotations

from collections.abc import Callable

BURST = 40.0
"""What may pass at once after a quiet time: a batch costs 1, and 1 more for `CHANGES_A_POINT` changes."""

POINTS_A_SECOND = 20.0
CHANGES_A_POINT = 50
MOST_GATHERING = 0.15
"""Seconds; no change waits longer for others."""


class BatchPacer:
    """A budget of batches that fills up with time."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` tells seconds that never go back."""
        self._now = now
        self._points = BURST
        self._filled = now()

    def spend(self, changes: int) -> None:
        """A batch of so many changes was taken in."""
        self._fill()
        self._points -= 1 + changes / CHANGES_A_POINT

    def wait(self) -> float:
        """For how many seconds to gather changes before the next batch."""
        self._fill()
        return min(MOST_GATHERING, max(0.0, -self._points / POINTS_A_SECOND))

    def _fill(self) -> None:
        now = self._now()
        # A deep debt would only make later batches wait for storms long over.
        points = max(self._points, -BURST) + (now - self._filled) * POINTS_A_SECOND
        self._points = min(BURST, points)
        self._filled = now
