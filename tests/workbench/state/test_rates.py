"""Counts by the second, and the curves made of them."""

from __future__ import annotations

from tests.workbench.fakes import NOON
from workbench.state import Snapshot
from workbench.state.curves import call_rate, calls_curve, hit_rate_curve
from workbench.state.parts import Second
from workbench.state.rates import advance, book, latency_of
from workbench.state.snapshot import SECONDS

AT = int(NOON)


def test_seconds_in_which_nothing_was_counted_are_there_with_zeros():
    seconds = book((), {AT: (1, 0, 0, 0)})
    seconds = book(seconds, {AT + 3: (2, 1, 4, 5)})
    assert seconds == (Second(AT, 1), Second(AT + 1), Second(AT + 2), Second(AT + 3, 2, 1, 4, 5))


def test_a_late_event_counts_in_its_own_second():
    seconds = book(book((), {AT: (1, 0, 0, 0), AT + 2: (1, 0, 0, 0)}), {AT + 1: (5, 0, 0, 0)})
    assert [second.calls for second in seconds] == [1, 5, 1]


def test_only_the_last_seconds_are_kept():
    seconds = book(book((), {AT: (1, 0, 0, 0)}), {AT + SECONDS: (1, 0, 0, 0)})
    assert (len(seconds), seconds[0].at) == (SECONDS, AT + 1)


def test_a_clock_that_was_set_to_another_day_begins_anew():
    seconds = book((), {AT: (1, 0, 0, 0)})
    assert book(seconds, {AT - 86_400: (2, 0, 0, 0)}) == (Second(AT - 86_400, 2),)
    assert book(seconds, {AT + 86_400: (2, 0, 0, 0)}) == (Second(AT + 86_400, 2),)


def test_time_passes_without_events_too():
    s = Snapshot(seconds=(Second(AT, 3),))
    assert advance(s, AT + 2.5).seconds == (Second(AT, 3), Second(AT + 1), Second(AT + 2))
    assert advance(s, AT + 0.5) is s
    assert len(advance(s, AT + 10_000).seconds) == 1


def test_nothing_was_counted_yet_so_that_nothing_passes():
    s = Snapshot()
    assert advance(s, NOON) is s


def test_the_rate_is_the_mean_of_the_last_whole_seconds():
    seconds = tuple(Second(AT + n, n) for n in range(10))
    assert call_rate(seconds, AT + 9.9) == (4 + 5 + 6 + 7 + 8) / 5
    assert call_rate((), NOON) == 0


def test_a_curve_ends_with_the_last_whole_second():
    seconds = (Second(AT, 4), Second(AT + 1, 2), Second(AT + 2, 9))
    assert calls_curve(seconds, AT + 2.1, 4) == [0, 0, 4, 2]


def test_the_hit_rate_has_gaps_where_nobody_looked():
    seconds = (Second(AT, hits=3, misses=1), Second(AT + 1, hits=4))
    curve = hit_rate_curve(seconds, AT + 2, 4)
    assert curve == [None, None, 0.75, 0.875]


def test_quantiles_are_of_the_given_durations():
    assert latency_of([]) is None
    assert latency_of([0.2]) == (0.2, 0.2, 0.2)
    assert latency_of([n / 100 for n in range(101)]) == (0.5, 0.95, 0.99)
