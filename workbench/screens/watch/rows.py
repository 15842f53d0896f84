"""The contents of the Watch screen's panels, as plain rows and lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.state import Snapshot
from workbench.state.parts import Batch, Notice
from workbench.state.timeline import MARKS
from workbench.text import Tone, elapsed, number, plural, short_uri, span, time_of_day
from workbench.widgets.columns import Column, Row
from workbench.widgets.spans import Line, Span, bar, line

if TYPE_CHECKING:
    from workbench.engine import ReplaySpeed
    from workbench.recording import RecordingSummary

TONES: dict[str, Tone] = {"added": "ok", "modified": "warn", "deleted": "bad"}
PACES: tuple[ReplaySpeed, ...] = (1.0, 10.0, "max", "step")
PACE_WORDS = ("as recorded", "10× faster", "at once", "step by step")

BATCH_COLUMNS = (
    Column("time", most=8),
    Column("", most=1, gap=1),
    Column("module", most=12),
    Column("", most=4, gap=1, align="right"),
    Column("", most=4, gap=1, align="right"),
    Column("", most=4, align="right"),
    Column("changes", flex=1),
    Column("applied", most=7, align="right", above=60),
)
CHANGE_COLUMNS = (Column(most=1, gap=1), Column(flex=1))
RECORDING_COLUMNS = (
    Column("recording", most=24),
    Column("batches", most=7, align="right"),
    Column("changes", most=7, align="right", above=50),
    Column("length", most=8, align="right"),
    Column("", flex=1),
)
NOTICE_COLUMNS = (
    Column("time", most=8),
    Column("client", most=10),
    Column("what", flex=1),
)


def batch_rows(batches: Sequence[Batch]) -> list[Row]:
    """The batches, newest first."""
    return [batch_row(batch) for batch in reversed(batches)]


def batch_row(batch: Batch) -> Row:
    """One batch: the count of each kind of change, and its first paths."""
    counts = [
        Span(f"{mark}{number(count)}" if count else "", TONES[kind])
        for kind, mark in MARKS.items()
        for count in [sum(change.kind == kind for change in batch.changes)]
    ]
    paths = "  ".join(change.path for change in batch.changes[:8])
    return Row(
        str(batch.number),
        (
            Span(time_of_day(batch.at), "dim"),
            Span("↺", "accent") if batch.replayed else "",
            Span(batch.module, "accent"),
            *counts,
            paths,
            Span(span(batch.seconds), "dim"),
        ),
    )


def change_rows(batch: Batch | None) -> list[Row]:
    """The changes of one batch, in order."""
    changes = batch.changes if batch is not None else ()
    return [
        Row(str(index), (Span(MARKS[change.kind], TONES[change.kind]), change.path))
        for index, change in enumerate(changes)
    ]


def recording_rows(summaries: Iterable[RecordingSummary]) -> list[Row]:
    """The recordings, newest first."""
    return [
        Row(
            str(summary.path),
            (
                summary.path.stem,
                number(summary.batches),
                number(summary.changes),
                elapsed(summary.seconds),
                Span(summary.problem.replace(str(summary.path), summary.path.name), "bad")
                if summary.problem
                else Span(summary.module, "dim"),
            ),
        )
        for summary in summaries
    ]


def notice_rows(notices: Sequence[Notice]) -> list[Row]:
    """The notifications received by our own clients, newest first."""
    return [
        Row(
            str(notice.seq),
            (
                Span(time_of_day(notice.at), "dim"),
                Span(notice.protocol[:4], "accent"),  # the year: there is one revision of each
                short_uri(notice.uri) if notice.kind == "updated" else Span(f"{notice.kind} list", "dim"),
            ),
        )
        for notice in reversed(notices)
    ]


def tape_lines(s: Snapshot, now: float, pace: int, width: int) -> list[Line]:
    """The recording and the replay, in two lines."""
    return [_recording_line(s, now), _replay_line(s, now, pace, width)]


def _recording_line(s: Snapshot, now: float) -> Line:
    if s.recording is None:
        return line(Span("○ not recording", "dim"), Span("   press r to record file changes", "dim"))
    batches = plural(s.recording.batches, "batch", "batches")
    name = Path(s.recording.path).name
    return line(Span("● recording", "bad"), f"  {name}  {elapsed(now - s.recording.started)}  {batches}")


def _replay_line(s: Snapshot, now: float, pace: int, width: int) -> Line:
    replay = s.replay
    if replay is None:
        return line(
            Span("▷ no replay", "dim"),
            Span("       press Enter on a recording to replay it ", "dim"),
            PACE_WORDS[pace],
        )
    word = Span("Ⅱ paused   ", "warn") if replay.paused else Span("▶ replaying", "accent")
    share = replay.batch / replay.batches if replay.batches else 1.0
    gauge = bar(share, max(6, min(30, width - 60)), "accent")
    done = f"  {number(replay.batch)} of {number(replay.batches)}  {elapsed(now - replay.started)}  "
    return line(word, "  ", *gauge, done, Span(f"into {replay.module}", "dim"))
