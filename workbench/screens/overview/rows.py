"""The contents of the overview's lists, as plain rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.state import Snapshot
from workbench.text import Tone, elapsed, number, plural, time_of_day
from workbench.widgets.columns import Column, Row
from workbench.widgets.spans import Line, Span, bar

if TYPE_CHECKING:
    from server_core.inspection import BreakerState, ModuleState, PoolState
    from workbench.finding import Finding
    from workbench.state.parts import TimelineEntry, Topic

REQUEST_SECONDS = 0.5
"""A request is listed once it has run for this many seconds."""

MARKS: dict[Tone, Span] = {
    "": Span("·", "dim"),
    "ok": Span("✓", "ok"),
    "warn": Span("!", "warn"),
    "bad": Span("✗", "bad"),
    "dim": Span("·", "dim"),
    "accent": Span("›", "accent"),
    "strong": Span("·"),
}

# -- breakers

BREAKER_COLUMNS = (
    Column(most=1, gap=1),
    Column(most=16),
    Column(most=7, align="right"),
    Column(flex=1),
)
BREAKER_LOOKS: dict[str, tuple[Span, Span]] = {
    "closed": (Span("●", "ok"), Span("closed", "ok")),
    "half_open": (Span("◐", "warn"), Span("half-open", "warn")),
    "open": (Span("○", "bad"), Span("open", "bad")),
}


def breaker_rows(s: Snapshot, now: float) -> list[Row]:
    """The breakers, those that are not closed first."""
    ordered = sorted(s.breakers, key=lambda breaker: breaker.status == "closed")
    return [_breaker_row(breaker, now) for breaker in ordered]


def _breaker_row(breaker: BreakerState, now: float) -> Row:
    dot, word = BREAKER_LOOKS[breaker.status]
    tone: Tone = "warn" if breaker.failures and breaker.status == "closed" else "dim"
    failures = Span(f"{breaker.failures}/{breaker.threshold}", tone)
    if breaker.status == "open":
        left = breaker.retry_at - now
        detail = Span(f"  trial in {left:.0f} s" if left >= 0.5 else "  trial next", "dim")
    elif breaker.status == "half_open":
        detail = Span("  trying" if breaker.probing else "  trial next", "dim")
    else:
        detail = Span(f"  {number(breaker.refused)} refused" if breaker.refused else "", "dim")
    return Row(breaker.name, (dot, breaker.name, failures, (word, detail)))


# -- what is running

RUNNING_COLUMNS = (
    Column(most=1, gap=1),
    Column(most=16),
    Column(most=14),
    Column(most=5, align="right"),
    Column(most=8, align="right"),
    Column(flex=1),
)
BARS_ABOVE = ((60, 14), (50, 10), (40, 6))
"""Width of the bar by minimum table width, in cells."""


def running_rows(s: Snapshot, now: float, width: int) -> list[Row]:
    """The running long tasks, workflow runs and slow requests, for a table of `width` cells."""
    rows: list[Row] = []
    gauge = next((bar_cells for above, bar_cells in BARS_ABOVE if width >= above), 0)
    for task in s.running_tasks:
        dot = Span("●", "ok") if task.status == "working" else Span("◌", "warn")
        share = task.progress / task.total if task.total else None
        said = task.message or task.status.replace("_", " ")
        key = f"task:{task.task}"
        rows.append(_running_row(key, dot, task.name, share, now - task.created, said, gauge))
    for run in s.runs:
        if run.status == "running":
            done = sum(step.status != "running" for step in run.steps)
            said = f"step {len(run.steps)}/{run.planned} {run.steps[-1].name if run.steps else 'starting'}"
            share = done / run.planned if run.planned else None
            key = f"run:{run.run}"
            dot = Span("»", "accent")
            rows.append(_running_row(key, dot, run.workflow, share, now - run.started, said, gauge))
    shown = {task.name for task in s.running_tasks}
    for request in s.active:
        # The call inside a task is the task itself, listed above.
        if now - request.started >= REQUEST_SECONDS and request.target not in shown:
            known = s.progress.get(request.request)
            share = known.done / known.total if known is not None and known.total else None
            said = known.message if known is not None else ""
            key = f"request:{request.request}"
            dot = Span("→", "dim")
            rows.append(_running_row(key, dot, request.target, share, now - request.started, said, gauge))
    return rows


def _running_row(
    key: str, dot: Span, name: str, share: float | None, ran: float, said: str, gauge: int
) -> Row:
    shown = () if share is None else bar(share, gauge)
    words = "" if share is None else f"{min(max(share, 0.0), 1.0) * 100:.0f} %"
    return Row(key, (dot, name, shown, words, elapsed(ran), Span(said, "dim")))


# -- modules

MODULE_COLUMNS = (Column(most=1, gap=1), Column(most=14), Column(most=9), Column(flex=1))
MODULE_DOTS = {
    "starting": Span("◌", "warn"),
    "running": Span("●", "ok"),
    "failed": Span("✗", "bad"),
    "stopped": Span("○", "dim"),
}


def module_rows(s: Snapshot) -> list[Row]:
    """The modules in config order."""
    rows = []
    for module in s.modules:
        findings = s.findings_of(module.name)
        dot = MODULE_DOTS[module.status]
        if module.status == "running" and (module.trouble or findings):
            dot = Span("!", "bad" if module.trouble else "warn")
        said = _said(module, findings)
        rows.append(Row(module.name, (dot, module.name, Span(module.kind, "dim"), said)))
    return rows


def _said(module: ModuleState, findings: tuple[Finding, ...]) -> Line:
    if module.status == "failed":
        return (Span(module.reason or "failed", "bad"),)
    if module.status != "running":
        return (Span("starting…" if module.status == "starting" else "stopped", "dim"),)
    if findings and not module.trouble:
        more = f"{plural(len(findings), 'finding')}: " if len(findings) > 1 else ""
        return (Span(f"{more}{findings[0]}", "warn"),)
    return (Span(module.note or offered(module), "bad" if module.trouble else ""),)


def offered(module: ModuleState) -> str:
    """What a module offers, short enough to fit next to a name and a kind in half of 80 columns."""
    counts = [
        (count, noun)
        for count, noun in (
            (module.tools, "tool"),
            (module.resources, "resource"),
            (module.templates, "template"),
            (module.prompts, "prompt"),
        )
        if count
    ]
    if not counts:
        return "nothing yet"
    first = plural(*counts[0])
    rest = sum(count for count, _noun in counts[1:])
    return f"{first}, {rest} more" if rest else first


def modules_aside(modules: Iterable[ModuleState]) -> str:
    """The total number of tools and resources."""
    modules = tuple(modules)
    tools = sum(module.tools for module in modules)
    resources = sum(module.resources for module in modules)
    return f"{plural(tools, 'tool')}  {plural(resources, 'resource')}"


# -- pools

POOL_COLUMNS = (Column(most=12, gap=1), Column(most=6, gap=1), Column(most=6, align="right"), Column(flex=1))


def pool_rows(s: Snapshot) -> list[Row]:
    """The connection pools."""
    return [_pool_row(pool) for pool in s.pools]


def _pool_row(pool: PoolState) -> Row:
    share = pool.in_use / pool.max_size if pool.max_size else 0.0
    tone: Tone = "bad" if pool.waiting else "warn" if share >= 0.8 else "ok"
    gauge = bar(share, 6, tone)
    trouble = []
    if pool.waiting:
        trouble.append(f"{pool.waiting} waiting")
    if pool.timed_out:
        trouble.append(f"{pool.timed_out} timed out")
    detail = Span(", ".join(trouble), "bad") if trouble else Span(f"{pool.idle} idle", "dim")
    return Row(pool.name, (pool.name, gauge, f"{pool.in_use}/{pool.max_size}", detail))


# -- timeline

HAPPENED_COLUMNS = (
    Column(most=1, gap=1),
    Column(most=8, gap=0),
    Column(most=5, above=100, gap=0),
    Column(most=1, gap=1),
    Column(most=14),
    Column(flex=3),
    Column(flex=4),
)
TOPICS: tuple[Topic | None, ...] = (None, "call", "file", "work", "part", "server", "log")
TOPIC_WORDS = {
    None: "everything",
    "call": "calls",
    "file": "files and notices",
    "work": "tasks and workflows",
    "part": "breakers and pools",
    "server": "server and modules",
    "log": "log",
}


def happened_row(h: TimelineEntry) -> Row:
    """A timeline entry as a row."""
    tone: Tone = h.tone if h.tone in ("bad", "dim") else ""
    return Row(
        str(h.seq),
        (
            MARKS[h.tone],
            Span(time_of_day(h.at), "dim"),
            Span(f".{int(h.at % 1 * 1000):03}", "dim"),
            " ",
            Span(h.source, "accent"),
            Span(h.text, tone),
            Span(h.detail, "dim"),
        ),
    )
