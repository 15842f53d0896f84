"""Measuring in pairs: ours and the other in turn, so that a machine that drifts moves both."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PAIRS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: medians of both sides in `unit`, and the median of the pairs' ratios with its bound.

    `bound` is the largest ratio that the project allows itself; where `other` is 0, it bounds `ours` itself.
    """

    name: str
    ours: float
    other: float
    ratio: float
    bound: float
    unit: str
    against: str

    @property
    def held(self) -> bool:
        """Whether the bound is kept."""
        return (self.ratio if self.other else self.ours) <= self.bound


def paired(
    name: str,
    ours: Callable[[], float],
    other: Callable[[], float],
    *,
    bound: float,
    unit: str,
    against: str,
    pairs: int = PAIRS,
) -> Row:
    """Measure `pairs` pairs after one that is thrown away. Each callable returns one measurement."""
    ours()
    other()
    first: list[float] = []
    second: list[float] = []
    for number in range(pairs):
        # Who goes first changes, so that neither gets the other's warm caches every time.
        if number % 2:
            second.append(other())
            first.append(ours())
        else:
            first.append(ours())
            second.append(other())
    ratios = [mine / its for mine, its in zip(first, second, strict=True)]
    median = statistics.median
    return Row(name, median(first), median(second), median(ratios), bound, unit, against)


def alone(name: str, measured: Sequence[float], *, bound: float, unit: str, against: str) -> Row:
    """A row for figures that are compared with a bound and not with another program."""
    return Row(name, statistics.median(measured), 0.0, 0.0, bound, unit, against)
