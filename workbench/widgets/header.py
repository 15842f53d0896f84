"""The line at the top: which server, is it up, how much of it, and what holds it up."""

from __future__ import annotations

from textual.strip import Strip

from workbench.state.snapshot import Snapshot
from workbench.text import elapsed, plural

from .live import Live
from .painting import paint
from .spans import Line, Span, line, spread

PHASES: dict[str, Span] = {
    "starting": Span("◌ starting", "warn"),
    "running": Span("● running", "ok"),
    "failed": Span("✗ failed", "bad"),
    "stopped": Span("○ stopped", "dim"),
}
ROOMY = 100
"""From how many cells on there is room for words in full."""


def header_line(snapshot: Snapshot, now: float, width: int) -> Line:
    """The header in `width` cells."""
    roomy = width >= ROOMY
    gap = "   " if roomy else "  "
    name = Span(snapshot.name or "workbench", "strong")
    parts: list[Line] = [line(" ", name, f" {snapshot.version}" if snapshot.version else "")]
    phase = PHASES[snapshot.phase]
    if snapshot.phase == "running" and snapshot.started:
        parts.append(line(phase, f" {elapsed(now - snapshot.started)}"))
    else:
        parts.append(line(phase))
    if snapshot.modules:
        failed = sum(module.status == "failed" for module in snapshot.modules)
        parts.append(line(plural(len(snapshot.modules), "module")))
        if failed:
            parts[-1] += (Span(f", {failed} failed", "bad"),)
        elif roomy:
            parts[-1] += (Span(", 0 failed", "dim"),)
    if snapshot.phase == "running":
        parts.append(line(plural(len(snapshot.clients), "client")))
        parts.append(_loop(snapshot, now, roomy))
    left = line(*(piece for part in parts for piece in (part, gap)))
    return spread(left, _right(snapshot), width)


def _loop(snapshot: Snapshot, now: float, roomy: bool) -> Line:
    blocked = snapshot.blocked
    if blocked is None:
        return line(Span("loop ok", "dim"))
    who = blocked.target or blocked.function
    place = f" {blocked.file.rpartition('/')[2]}:{blocked.line}" if roomy else ""
    return line(Span(f"✗ {who}{place} blocks the loop {max(0.0, now - blocked.since):.0f} s", "bad"))


def _right(snapshot: Snapshot) -> Line:
    """What goes on besides: a recording, a replay."""
    parts: list[Span] = []
    if snapshot.recording is not None:
        parts.append(Span(f"● REC {snapshot.recording.batches}  ", "bad"))
    if snapshot.replay is not None:
        sign = "Ⅱ" if snapshot.replay.paused else "▶"
        parts.append(Span(f"{sign} {snapshot.replay.batch}/{snapshot.replay.batches} ", "accent"))
    return tuple(parts)


class Header(Live):
    """Shows `header_line`."""

    TICKS = True
    ALLOW_SELECT = False

    def parts(self, s: Snapshot) -> tuple[object, ...]:
        return (s.phase, s.name, s.version, s.started, s.modules, s.clients, s.blocked, s.recording, s.replay)

    def redraw(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return paint(self, header_line(self.snapshot, self.now, width), width)
