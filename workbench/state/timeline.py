"""Lines of the timeline: each fact described as source, text and detail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from server_core.bus import Event
from server_core.events import (
    BreakerChanged,
    BreakerFailed,
    ClientConnected,
    ClientDisconnected,
    ClientsNotified,
    ClockJumped,
    ErrorReported,
    FaultActed,
    FaultCleared,
    FaultSet,
    FaultUsedUp,
    FileChange,
    FilesChanged,
    FunctionsReloaded,
    LogWritten,
    LoopBlocked,
    LoopFreed,
    ModuleFailed,
    ModuleNoted,
    ModuleStarted,
    ModuleStopped,
    PoolChanged,
    ReplayFinished,
    ReplayStarted,
    RequestFinished,
    ServerStarted,
    ServerStopped,
    StepFinished,
    TaskChanged,
    TaskStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from workbench.facts import (
    ConfigApplied,
    ConfigRejected,
    Dropped,
    EngineFailed,
    ProjectChecked,
    ProjectOpened,
    QuestionAsked,
    RecordingStarted,
    RecordingStopped,
    UserAsked,
)
from workbench.text import Tone, number, one_line, plural, short_uri, span

from .parts import TimelineEntry, Topic

MARKS = {"added": "+", "modified": "~", "deleted": "−"}
"""The mark for each kind of file change."""

FIRST_REPORT_SECONDS = 1.0
"""A blocked loop is reported again each second; only its first report comes before this."""

TRACE_SHOWN = 0.00005
"""Stages shorter than this many seconds are shown without their duration."""


class Line(NamedTuple):
    """The text of an entry: its source, what happened, and details."""

    topic: Topic
    source: str
    text: str
    detail: str = ""
    tone: Tone = ""


def describe(event: Event) -> TimelineEntry | None:
    """Describe an event as an entry; `None` if it is not worth one."""
    describer = DESCRIBERS.get(type(event.fact))
    line = describer(event.fact) if describer is not None else None
    if line is None:
        return None
    return TimelineEntry(
        event.seq,
        event.at,
        line.topic,
        one_line(line.source),
        one_line(line.text),
        one_line(line.detail),
        line.tone,
        event.fact,
    )


def trace_text(stages: tuple[tuple[str, float], ...]) -> str:
    """Format a request's trace on one line: `cache miss → pool 0.1 ms → handler 1.6 ms`."""
    parts = [f"{name} {span(took)}" if took >= TRACE_SHOWN else name for name, took in stages]
    return " → ".join(parts)


def changes_text(changes: tuple[FileChange, ...]) -> str:
    """Format a batch of file changes on one line: its only change, or the count of each kind and the first path."""
    if len(changes) == 1:
        return f"{MARKS[changes[0].kind]} {changes[0].path}"
    parts = []
    for kind, mark in MARKS.items():
        count = sum(change.kind == kind for change in changes)
        if count:
            parts.append(f"{mark}{number(count)}")
    return f"{' '.join(parts)}  {changes[0].path}, …" if changes else "no changes"


# -- one function for each kind of fact


def _request(fact: RequestFinished) -> Line:
    source = fact.module or "server"
    took = span(fact.seconds)
    target = short_uri(fact.target)
    if fact.outcome == "ok":
        return Line("call", source, f"{target}  {took}", trace_text(fact.stages), "ok")
    if fact.outcome == "cancelled":
        return Line("call", source, f"{target}  cancelled after {took}", "", "dim")
    words = {"tool_error": "tool error", "timeout": "timed out"}.get(fact.outcome, fact.outcome)
    reference = f" ({fact.reference})" if fact.reference else ""
    return Line("call", source, f"{target}  {words}  {took}", fact.error + reference, "bad")


def _module_started(fact: ModuleStarted) -> Line:
    counts = (
        (fact.tools, "tool"),
        (fact.resources, "resource"),
        (fact.templates, "template"),
        (fact.prompts, "prompt"),
    )
    offered = ", ".join(plural(count, noun) for count, noun in counts if count)
    return Line("server", fact.module, f"started  {span(fact.seconds)}", offered, "ok")


def _breaker(fact: BreakerChanged) -> Line:
    words = f"breaker {fact.before} → {fact.after}".replace("half_open", "half-open")
    tone: Tone = {"open": "bad", "half_open": "warn", "closed": "ok"}[fact.after]  # type: ignore[assignment]
    return Line("part", fact.breaker, words, fact.reason, tone)


def _pool(fact: PoolChanged) -> Line | None:
    if fact.what == "timed_out":
        waiting = f"{fact.in_use} of {fact.max_size} in use, {fact.waiting} waiting"
        return Line("part", fact.pool, "timed out waiting for a connection", waiting, "bad")
    if fact.what == "failed":
        return Line("part", fact.pool, "could not open a connection", "", "bad")
    return None


def _fault(fact: FaultActed) -> Line:
    left = "" if fact.left is None else f"{fact.left} left" if fact.left else "the last time"
    return Line("part", fact.name, f"injected: {fact.target} {fact.effect}", left, "warn")


def _jumped(fact: ClockJumped) -> Line:
    ahead = f"{span(abs(fact.ahead))} {'ahead of' if fact.ahead > 0 else 'behind'} the system clock"
    return Line("part", "clock", f"jumped by {fact.seconds:+g} s", ahead, "warn")


def _task(fact: TaskChanged) -> Line | None:
    tones: dict[str, Tone] = {
        "completed": "ok",
        "failed": "bad",
        "cancelled": "dim",
        "interrupted": "warn",
        "input_required": "warn",
    }
    if fact.status not in tones:
        return None
    words = fact.status.replace("_", " ")
    whose = fact.name or fact.task[:8]
    return Line(
        "work", "tasks", f"{whose} {words}", fact.detail or f"task {fact.task[:8]}", tones[fact.status]
    )


def _step(fact: StepFinished) -> Line:
    tones: dict[str, Tone] = {"ok": "ok", "failed": "bad", "skipped": "dim", "cancelled": "dim"}
    words = f"{fact.step}  {span(fact.seconds)}" if fact.status == "ok" else f"{fact.step}  {fact.status}"
    return Line("work", fact.workflow, words, fact.detail, tones[fact.status])


def _run(fact: WorkflowFinished) -> Line:
    tones: dict[str, Tone] = {"ok": "ok", "failed": "bad", "cancelled": "dim"}
    words = "finished" if fact.status == "ok" else fact.status
    return Line("work", fact.workflow, f"{words}  {span(fact.seconds)}", fact.error, tones[fact.status])


def _files(fact: FilesChanged) -> Line:
    text = changes_text(fact.changes) + ("  (replayed)" if fact.replayed else "")
    return Line("file", fact.module, text, f"applied in {span(fact.seconds)}", "accent")


def _notified(fact: ClientsNotified) -> Line | None:
    if not fact.clients:
        return None
    sent = f"sent to {plural(fact.clients, 'client')}"
    if fact.kind == "updated":
        return Line("file", "notice", f"updated {short_uri(fact.uri)}", sent, "accent")
    return Line("file", "notice", f"list of {fact.kind} changed", sent, "accent")


def _reloaded(fact: FunctionsReloaded) -> Line:
    signs = ((fact.added, "+"), (fact.removed, "−"), (fact.changed, "~"))
    names = "  ".join(sign + " ".join(group) for group, sign in signs if group)
    return Line("server", fact.module, f"{fact.path} reloaded", names or "no changes", "accent")


def _log(fact: LogWritten) -> Line:
    tones: dict[str, Tone] = {"debug": "dim", "info": "", "warning": "warn", "error": "bad"}
    tone = "dim" if fact.library and fact.level != "error" else tones[fact.level]
    return Line("log", fact.source, fact.text, "", tone)


def _blocked(fact: LoopBlocked) -> Line | None:
    if fact.seconds > FIRST_REPORT_SECONDS:
        return None  # reported when it began; the header keeps counting
    who = fact.target or fact.function
    where = f"{fact.file.rpartition('/')[2]}:{fact.line} in {fact.function}"
    return Line("server", "loop", f"{who} blocks the loop  {span(fact.seconds)}", where, "bad")


def _applied(fact: ConfigApplied) -> Line:
    what = "the server restarted" if fact.restarted else ", ".join(fact.modules) or "no modules changed"
    return Line("server", "config", "applied", what, "accent")


def _asked(fact: UserAsked) -> Line:
    return Line("call", "asked", f"{fact.kind}: {fact.text}", f"answered {fact.answer}", "warn")


def _checked(f: ProjectChecked) -> Line:
    if not f.findings:
        return Line("server", "check", "no problems left", "", "ok")
    first = str(f.findings[0][1])
    return Line("server", "check", plural(len(f.findings), "finding"), first, "warn")


DESCRIBERS: dict[type, Callable[[Any], Line | None]] = {
    ProjectOpened: lambda f: Line("server", "project", f.folder),
    ServerStarted: lambda f: Line("server", "server", f"{f.name} {f.version} is ready", "", "ok"),
    ServerStopped: lambda f: Line("server", "server", f"{f.name} stopped", "", "dim"),
    EngineFailed: lambda f: Line("server", "server", "did not start", f.reason, "bad"),
    ModuleStarted: _module_started,
    ModuleFailed: lambda f: Line("server", f.module, "failed", f.reason, "bad"),
    ModuleNoted: lambda f: Line("server", f.module, f.note, "", "bad") if f.trouble else None,
    ModuleStopped: lambda f: Line("server", f.module, "stopped", "", "dim"),
    ClientConnected: lambda f: Line("server", "client", f"{f.name} connected", f.protocol),
    ClientDisconnected: lambda f: Line("server", "client", f"{f.client} disconnected", f.reason, "dim"),
    ClientsNotified: _notified,
    RequestFinished: _request,
    BreakerFailed: lambda f: Line(
        "part", f.breaker, f"failure {f.failures} of {f.threshold}", f.error, "warn"
    ),
    BreakerChanged: _breaker,
    PoolChanged: _pool,
    FaultSet: lambda f: Line("part", f.name, f"injected fault: {f.how}", "", "warn"),
    FaultActed: _fault,
    FaultUsedUp: lambda f: Line(
        "part", f.name, f"fault used up: {f.kind}", f"triggered {plural(f.acted, 'time')}", "dim"
    ),
    FaultCleared: lambda f: Line(
        "part", f.name, f"fault cleared: {f.kind}", f"triggered {plural(f.acted, 'time')}", "dim"
    ),
    ClockJumped: _jumped,
    TaskStarted: lambda f: Line("work", f.module, f"{f.name} started", f"task {f.task[:8]}"),
    TaskChanged: _task,
    WorkflowStarted: lambda f: Line("work", f.workflow, "started", plural(f.steps, "step")),
    StepFinished: _step,
    WorkflowFinished: _run,
    FilesChanged: _files,
    ReplayStarted: lambda f: Line(
        "file", f.module, "replay started", plural(f.batches, "batch", "batches"), "accent"
    ),
    ReplayFinished: lambda f: Line(
        "file", f.module, "replay ended", plural(f.batches, "batch", "batches"), "accent"
    ),
    RecordingStarted: lambda f: Line("file", "recording", "started", f.path, "accent"),
    RecordingStopped: lambda f: Line(
        "file", "recording", f"saved  {plural(f.batches, 'batch', 'batches')}", f.path, "accent"
    ),
    FunctionsReloaded: _reloaded,
    ErrorReported: lambda f: Line("server", f.where, f.error, f"reference {f.reference}", "bad"),
    LogWritten: _log,
    LoopBlocked: _blocked,
    LoopFreed: lambda f: Line("server", "loop", f"unblocked after {span(f.seconds)}", "", "ok"),
    Dropped: lambda f: Line(
        "server",
        "screen",
        f"{number(f.count)} events dropped: too many to show",
        "counters are exact",
        "warn",
    ),
    ConfigApplied: _applied,
    ConfigRejected: lambda f: Line("server", "config", f.reason, "the previous config stays in use", "bad"),
    ProjectChecked: _checked,
    QuestionAsked: lambda f: Line(
        "call", "asked", one_line(f.question.message), "waiting for your answer", "warn"
    ),
    UserAsked: _asked,
}
"""The facts that get an entry, each with the function that describes it."""
