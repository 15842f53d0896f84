"""The top line: the server, its status, its size and its problems."""

from __future__ import annotations

from collections.abc import Iterator

from textual.strip import Strip

from workbench.state.parts import Problem
from workbench.state.snapshot import Snapshot
from workbench.text import elapsed, fit, one_line, plural

from .live import Live
from .painting import paint
from .spans import Line, Span, cells, line, spread

PHASES: dict[str, Span] = {
    "starting": Span("◌ starting", "warn"),
    "running": Span("● running", "ok"),
    "failed": Span("✗ failed", "bad"),
    "stopped": Span("○ stopped", "dim"),
}
FAULT_SIGN = "↯"
"""The mark of injected faults."""

ROOMY = 100
"""Minimum width for full words, in cells."""


TROUBLE_CELLS, TROUBLE_CELLS_NARROW = 44, 28


def header_line(snapshot: Snapshot, now: float, width: int) -> Line:
    """The header in `width` cells; less important parts are left out if there is no room."""
    roomy = width >= ROOMY
    gap = "   " if roomy else "  "
    right = _right(snapshot)
    left = line(" ", Span(snapshot.name or "workbench", "strong"))
    if snapshot.version:
        left += (Span(f" {snapshot.version}"),)
    for part in _parts(snapshot, now, roomy):
        more = line(left, gap, part)
        if cells(more) + cells(right) + 1 > width:
            break
        left = more
    return spread(left, right, width)


def _parts(snapshot: Snapshot, now: float, roomy: bool) -> Iterator[Line]:
    """The parts of the header, most important first."""
    phase = PHASES[snapshot.phase]
    running = snapshot.phase == "running"
    yield line(phase, f" {elapsed(now - snapshot.started)}") if running and snapshot.started else line(phase)
    blocked = snapshot.blocked
    if blocked is not None:
        who = blocked.target or blocked.function
        place = f" {blocked.file.rpartition('/')[2]}:{blocked.line}" if roomy else ""
        yield line(Span(f"✗ {who}{place} blocks the loop {max(0.0, now - blocked.since):.0f} s", "bad"))
    counted = {module.name for module in snapshot.modules if module.status == "failed"}
    problems = [problem for problem in snapshot.problems if problem.source not in counted]
    if problems:
        yield _problems(problems, roomy)
    if waiting := len(snapshot.questions) + len(snapshot.asking_tasks):
        yield line(Span(f"? {plural(waiting, 'question')} (^y)", "warn"))
    if snapshot.faults:
        yield line(Span(f"{FAULT_SIGN} {plural(len(snapshot.faults), 'injected fault')}", "warn"))
    if snapshot.clock_ahead:
        yield line(Span(f"clock {snapshot.clock_ahead:+,.0f} s", "warn"))
    if snapshot.modules:
        failed = len(counted)
        count = plural(len(snapshot.modules), "module")
        quiet = roomy and not problems
        aside = Span(f", {failed} failed", "bad" if failed else "dim") if failed or quiet else Span("")
        yield line(count, aside)
    if running:
        yield line(plural(len(snapshot.clients), "client"))
        if blocked is None and not problems:
            yield line(Span("loop ok", "dim"))


def _problems(problems: list[Problem], roomy: bool) -> Line:
    """The first problem, truncated to fit; its location comes first. `!` shows all in full."""
    first = problems[0]
    most = TROUBLE_CELLS if roomy else TROUBLE_CELLS_NARROW
    more = f" +{len(problems) - 1}" if len(problems) > 1 else ""
    sign = "✗" if first.tone == "bad" else "!"
    return line(Span(f"{sign} {fit(one_line(first.text), most).rstrip()}{more} (!)", first.tone))


def _right(snapshot: Snapshot) -> Line:
    """The current recording or replay."""
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
        return (
            s.phase,
            s.name,
            s.version,
            s.started,
            s.modules,
            s.clients,
            s.blocked,
            s.config_problem,
            s.findings,
            s.faults,
            s.questions,
            s.tasks,
            s.clock_ahead,
            s.recording,
            s.replay,
        )

    def redraw(self) -> None:
        self.refresh()

    async def on_click(self) -> None:
        await self.run_action("app.problems")

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        return paint(self, header_line(self.snapshot, self.now, width), width)
