"""The pace of batches."""

from __future__ import annotations

from server_core.files.pacing import BURST, MOST_GATHERING, POINTS_A_SECOND, BatchPacer


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_single_changes_after_a_quiet_time_pass_at_once() -> None:
    pacer = BatchPacer(Time())
    for _ in range(int(BURST) - 5):
        assert pacer.wait() == 0
        pacer.spend(1)


def test_a_stream_of_batches_is_gathered_but_never_for_long() -> None:
    time = Time()
    pacer = BatchPacer(time)
    taken = 0
    while time.now < 10:
        time.now += max(0.015, pacer.wait())
        assert pacer.wait() <= MOST_GATHERING
        pacer.spend(1)
        taken += 1
    assert taken <= BURST + 10 * POINTS_A_SECOND + 1


def test_after_a_storm_the_next_batch_waits_and_the_debt_is_soon_forgotten() -> None:
    time = Time()
    pacer = BatchPacer(time)
    pacer.spend(100_000)
    assert pacer.wait() == MOST_GATHERING
    time.now += 2 * BURST / POINTS_A_SECOND
    assert pacer.wait() == 0
