"""The garbage collector's full rounds wait for a pause of the user."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from workbench.garbage import AT_LEAST_EVERY, IDLE_SECONDS, ROUNDS_WORTH_IT, START_SECONDS, IdleCollector


class Knot:
    """Refers to itself: only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def rounds() -> Iterator[IdleCollector]:
    before = gc.get_threshold()
    yield IdleCollector()
    gc.set_threshold(*before)
    gc.unfreeze()


def old_garbage() -> weakref.ref[Knot]:
    """A knot that only a full round frees, and enough short rounds to make one worth it."""
    knot = Knot()
    gc.collect()
    for _round in range(ROUNDS_WORTH_IT):
        gc.collect(1)
    return weakref.ref(knot)


def test_a_full_round_comes_when_the_user_pauses(rounds: IdleCollector) -> None:
    knot = old_garbage()
    rounds.idle(0.5)
    assert knot() is not None
    rounds.idle(IDLE_SECONDS)
    assert knot() is None


def test_a_user_who_never_pauses_gets_one_now_and_then(rounds: IdleCollector) -> None:
    knot = old_garbage()
    for _second in range(int(AT_LEAST_EVERY) - 1):
        rounds.idle(0.1)
    assert knot() is not None
    rounds.idle(0.1)
    assert knot() is None


def test_where_nothing_happened_no_round_is_made(rounds: IdleCollector) -> None:
    knot = Knot()
    gc.collect()
    garbage = weakref.ref(knot)
    del knot
    rounds.idle(IDLE_SECONDS)
    assert garbage() is not None


def test_what_stays_over_the_first_round_is_never_looked_at_again(rounds: IdleCollector) -> None:
    frozen = gc.get_freeze_count()
    old_garbage()
    rounds.idle(IDLE_SECONDS)
    assert gc.get_freeze_count() > frozen


def test_while_the_start_goes_on_there_is_no_round_at_all(rounds: IdleCollector) -> None:
    gc.disable()
    try:
        for _second in range(START_SECONDS - 1):
            rounds.idle(0.1)
        assert not gc.isenabled()
        rounds.idle(0.1)
        assert gc.isenabled()
    finally:
        gc.enable()
