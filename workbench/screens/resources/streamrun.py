"""A followed stream: its text, rate and outcome. No interface."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from workbench.text import clean, elapsed, plural, rate, size
from workbench.widgets.spans import Line, Span, line, sparkline, spread
from workbench.widgets.textview.growing import GrowingDocument

if TYPE_CHECKING:
    from workbench.engine.following import Gathered

RATE_SECONDS = 5
"""The rate is averaged over this many seconds."""

HISTORY_SECONDS = 60

Outcome = Literal["following", "ended", "stopped", "failed"]


class Second(NamedTuple):
    """What arrived in the second that began at `at`."""

    at: int
    pieces: int
    size: int


class StreamRun:
    """One run of a stream. Times are epoch seconds.

    Attributes:
        document: its text, without the oldest lines.
        moved: lines by which the text has moved up since it was last drawn.
        outcome: how it ended, or `following`; `reason` is why it failed.
    """

    def __init__(self, uri: str, now: float) -> None:
        self.uri = uri
        self.started = now
        self.ended = 0.0
        self.document = GrowingDocument()
        self.moved = 0
        self.pieces = 0
        self.size = 0
        self.outcome: Outcome = "following"
        self.reason = ""
        self._seconds: deque[Second] = deque()

    def take(self, gathered: Gathered, now: float) -> None:
        """Add what arrived."""
        self.pieces += gathered.pieces
        self.size += gathered.size
        if gathered.dropped:
            self.moved += self.document.note(f"{size(gathered.dropped)} dropped: too fast to show")
        self.moved += self.document.append(gathered.text)
        second = Second(int(now), gathered.pieces, gathered.size)
        if self._seconds and self._seconds[-1].at == second.at:
            before = self._seconds.pop()
            second = Second(second.at, before.pieces + second.pieces, before.size + second.size)
        self._seconds.append(second)
        while self._seconds[0].at <= second.at - HISTORY_SECONDS:
            self._seconds.popleft()

    def end(self, outcome: Outcome, now: float, reason: str = "") -> None:
        """End the run."""
        self.outcome, self.ended, self.reason = outcome, now, reason
        self.document.complete = True

    @property
    def goes_on(self) -> bool:
        """Whether more may arrive."""
        return self.outcome == "following"

    def seconds(self, now: float) -> float:
        """How long it ran or has been running."""
        return max(0.0, (now if self.goes_on else self.ended) - self.started)

    def rates(self, now: float) -> tuple[float, float]:
        """Chunks and bytes per second: over the last whole seconds, or over the whole run once it has ended."""
        if not self.goes_on:
            spent = max(self.seconds(now), 1.0)
            return self.pieces / spent, self.size / spent
        second = int(now)
        lately = [each for each in self._seconds if second - RATE_SECONDS <= each.at < second]
        whole = max(1, min(RATE_SECONDS, second - int(self.started)))
        return sum(each.pieces for each in lately) / whole, sum(each.size for each in lately) / whole

    def history(self, now: float, seconds: int) -> Sequence[int]:
        """Chunks in each of the last seconds, oldest first.

        Not bytes: a file's initial contents are one chunk that would dwarf everything after it.
        """
        counts = {each.at: each.pieces for each in self._seconds}
        last = int(now if self.goes_on else self.ended)
        first = max(last - seconds + 1, int(self.started))
        return [counts.get(second, 0) for second in range(first, last + 1)]


def outcome_of(run: StreamRun, now: float) -> Line:
    """The run's state, for the border."""
    took = elapsed(run.seconds(now))
    if run.outcome == "following":
        return line(Span(f"◌ following {took}", "accent"))
    if run.outcome == "ended":
        return line(Span(f"✓ ended after {took}", "ok"))
    if run.outcome == "stopped":
        return line(Span(f"■ stopped after {took}", "warn"))
    return line(Span(f"✗ failed after {took}", "bad"))


def progress_line(run: StreamRun, now: float, width: int, *, at_end: bool) -> Line:
    """The amount and rate received, with hints about keys."""
    chunks, bytes_ = run.rates(now)
    numbers = f"{plural(run.pieces, 'chunk')}  {rate(chunks)}/s  {size(run.size)}  {size(round(bytes_))}/s"
    if run.outcome == "failed":
        return line(numbers, "  ", Span(clean(run.reason).replace("\n", " "), "bad"))
    hints = [] if at_end else ["G for newest"]
    if run.goes_on:
        hints.append("x to stop" if run.pieces else "nothing yet, x to stop")
    hint = "".join(f"  {each}" for each in hints)
    left = line(numbers, Span(hint, "dim"))
    room = min(HISTORY_SECONDS, width - len(numbers) - len(hint) - 2)
    if room < 8:
        return left
    [bars] = sparkline([float(count) for count in run.history(now, room)])
    return spread(left, line(Span(bars, "accent" if run.goes_on else "dim")), width)
