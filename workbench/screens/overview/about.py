"""One item of the overview in full, as plain lines for the details screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from server_core.events import ErrorReported, FilesChanged, RequestFinished
from server_core.inspection import BreakerState, ModuleState, PoolState
from workbench.finding import Finding
from workbench.state import Snapshot
from workbench.state.parts import Problem, TimelineEntry
from workbench.state.timeline import MARKS
from workbench.text import clean, elapsed, size, span, time_of_day
from workbench.widgets.spans import Line, Span, bar, line

NAME_CELLS = 16
TRACE_CELLS = 24


def _fact(name: str, value: str, tone: str = "") -> Line:
    return (Span(f"{name:<{NAME_CELLS}}", "dim"), Span(value, tone))  # type: ignore[arg-type]


def about(
    thing: BreakerState | ModuleState | PoolState | TimelineEntry, now: float, snapshot: Snapshot
) -> list[Line]:
    """Everything about one item of the overview; `now` is epoch seconds."""
    if isinstance(thing, BreakerState):
        return about_breaker(thing)
    if isinstance(thing, ModuleState):
        return about_module(thing, snapshot.findings_of(thing.name))
    return about_pool(thing, now) if isinstance(thing, PoolState) else about_entry(thing)


def about_problems(problems: Sequence[Problem]) -> list[Line]:
    """Every problem in full."""
    lines: list[Line] = []
    for problem in problems:
        mark = "✗" if problem.tone == "bad" else "!"
        lines += [(Span(f"{mark} {problem.source}", problem.tone),), (Span(clean(problem.text)),), ()]
    return lines[:-1] or [(Span("No problems.", "ok"),)]


def about_module(module: ModuleState, findings: Sequence[Finding] = ()) -> list[Line]:
    """A module: its kind, state, what it offers and its problems."""
    lines = [
        _fact("kind", module.kind),
        _fact("state", module.status, {"running": "ok", "failed": "bad"}.get(module.status, "warn")),
        _fact("tools", str(module.tools)),
        _fact("resources", str(module.resources)),
        _fact("templates", str(module.templates)),
        _fact("prompts", str(module.prompts)),
    ]
    if module.note:
        lines.append(_fact("note", module.note, "bad" if module.trouble else ""))
    if module.reason:
        lines += [(), (Span(clean(module.reason), "bad"),), (), (_AFTER_FAILURE,)]
    if findings:
        lines += [(), (Span("Problems", "strong"),), *((Span(str(each), "warn"),) for each in findings)]
    return lines


_AFTER_FAILURE = Span("Fix it, then press ctrl+r. Only this module restarts.", "dim")


def about_breaker(breaker: BreakerState) -> list[Line]:
    """A breaker: its state and its history."""
    lines = [
        _fact(
            "state",
            breaker.status.replace("_", "-"),
            {"closed": "ok", "open": "bad"}.get(breaker.status, "warn"),
        ),
        _fact("failures", f"{breaker.failures} in a row, opens at {breaker.threshold}"),
        _fact("reset after", span(breaker.reset_timeout)),
        _fact("refused", str(breaker.refused)),
    ]
    if breaker.guards:
        lines += [_fact("guards" if not place else "", each) for place, each in enumerate(breaker.guards)]
    if breaker.last_error:
        lines += [_fact("last error", clean(breaker.last_error), "bad")]
    lines += [(), (Span("History", "strong"),)]
    for change in reversed(breaker.history):
        words = f"{change.before} → {change.after}".replace("half_open", "half-open")
        lines.append(
            line(Span(time_of_day(change.at, millis=True), "dim"), f"  {words:<22}  ", Span(change.reason))
        )
    if not breaker.history:
        lines.append((Span("Always closed so far.", "dim"),))
    return lines


def about_pool(pool: PoolState, now: float) -> list[Line]:
    """A pool: its figures and who holds its connections."""
    lines = [
        _fact("in use", f"{pool.in_use} of {pool.max_size}"),
        _fact("idle", f"{pool.idle} (minimum size {pool.min_size})"),
        _fact("waiting", str(pool.waiting), "bad" if pool.waiting else ""),
        _fact("opened", f"{pool.opened}, of which {pool.closed} closed"),
        _fact("acquire timeout", f"{pool.acquire_timeout:g} s"),
        _fact("timed out", str(pool.timed_out), "bad" if pool.timed_out else ""),
    ]
    for title, people in (("Held by", pool.holders), ("Waiting", pool.waiters)):
        if people:
            lines += [(), (Span(title, "strong"),)]
            lines += [_fact(elapsed(now - one.since), one.holder) for one in people]
    return lines


def about_entry(entry: TimelineEntry) -> list[Line]:
    """A timeline entry with every field of its event."""
    fact = entry.fact
    lines: list[Line] = [_fact("when", time_of_day(entry.at, millis=True))]
    if isinstance(fact, RequestFinished):
        return lines + _about_request(fact)
    if isinstance(fact, FilesChanged):
        lines += [_fact("module", fact.module), _fact("applied in", span(fact.seconds))]
        lines += [_fact("from", "a recording" if fact.replayed else "the file system"), ()]
        return lines + [
            line(Span(f"{MARKS[change.kind]} ", "accent"), change.path) for change in fact.changes
        ]
    if isinstance(fact, ErrorReported):
        lines += [
            _fact("reference", fact.reference),
            _fact("where", fact.where),
            _fact("error", clean(fact.error), "bad"),
            _fact("code", f"{fact.file}:{fact.line}"),
            (),
        ]
        return lines + [(Span(text),) for text in clean(fact.traceback).splitlines()]
    names = [field.name for field in fields(fact)]  # type: ignore[arg-type]
    return lines + [_fact(name.replace("_", " "), clean(str(getattr(fact, name)))) for name in names]


def _about_request(fact: RequestFinished) -> list[Line]:
    lines = [
        _fact("method", fact.method),
        _fact("target", clean(fact.target)),
        _fact("module", fact.module),
        _fact("client", fact.client or "the server itself"),
        _fact("outcome", fact.outcome.replace("_", " "), "ok" if fact.outcome == "ok" else "bad"),
        _fact("took", span(fact.seconds)),
        _fact("size", size(fact.size)),
    ]
    if fact.reference:
        lines.append(_fact("reference", fact.reference))
    if fact.error:
        lines += [(), (Span(clean(fact.error), "bad"),)]
    if fact.stages:
        lines += [(), (Span("Where the time went", "strong"),)]
        whole = max(fact.seconds, sum(took for _, took in fact.stages)) or 1.0
        for name, took in fact.stages:
            lines.append(
                line(Span(f"{name:<20} {span(took):>9}  "), *bar(took / whole, TRACE_CELLS, "accent"))
            )
    return lines
