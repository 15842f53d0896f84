"""The server itself, its modules and clients, and its problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server_core.bus import Event
from server_core.events import (
    ClientConnected,
    ClientDisconnected,
    ClientsNotified,
    ErrorReported,
    FunctionsReloaded,
    LogWritten,
    LoopBlocked,
    LoopFreed,
    ModuleFailed,
    ModuleNoted,
    ModuleStarted,
    ModuleStarting,
    ModuleStopped,
    OfferChanged,
    ServerStarted,
    ServerStopped,
)
from server_core.inspection import ClientState, FailureState, ModuleState
from workbench.facts import (
    ConfigApplied,
    ConfigRejected,
    Dropped,
    EngineFailed,
    ProjectChecked,
    QuestionAsked,
    QuestionSettled,
    ServerInspected,
)
from workbench.state.draft import Draft
from workbench.state.parts import Blocked, Failure
from workbench.state.snapshot import Phase


def _started(draft: Draft, event: Event, fact: ServerStarted) -> None:
    draft.set(phase="running", reason="", name=fact.name, version=fact.version, started=event.at, stale=True)
    draft.relist()


def _stopped(draft: Draft, _event: Event, _fact: ServerStopped) -> None:
    draft.set(phase="stopped", blocked=None)
    draft.active.take(())
    draft.progress.clear()
    draft.clients.take(())


def _engine_failed(draft: Draft, _event: Event, fact: EngineFailed) -> None:
    draft.set(phase="failed", reason=fact.reason)


def _inspected(draft: Draft, _event: Event, fact: ServerInspected) -> None:
    state = fact.state
    phase: Phase = "running" if state.running else "stopped"
    draft.set(
        phase=phase,
        name=state.name,
        version=state.version,
        started=state.started,
        stale=False,
        requests=state.requests,
        errors=state.errors,
        cache=state.cache,
        clock_ahead=fact.clock_ahead,
    )
    draft.cache_counts.clear()
    draft.modules.take(state.modules)
    draft.clients.take(state.clients)
    draft.active.take(state.active)
    for number in [number for number in draft.progress if number not in draft.active.items]:
        del draft.progress[number]
    draft.breakers.take(state.breakers)
    draft.pools.take(state.pools)
    draft.faults.take(state.faults)
    draft.questions.take(fact.questions)
    missed = [failure for failure in map(_failure, state.failures) if draft.misses(failure)]
    for failure in missed:
        draft.fail(failure)
    if missed:
        draft.failures.take(sorted(draft.failures.items.values(), key=lambda failure: failure.at))
    draft.tasks.take(sorted(state.tasks, key=lambda task: task.created))


def _failure(state: FailureState) -> Failure:
    return Failure(state.at, state.fact)


def _dropped(draft: Draft, _event: Event, fact: Dropped) -> None:
    draft.set(stale=True)
    draft.add("dropped", fact.count)
    draft.relist()


def _config_applied(draft: Draft, _event: Event, _fact: ConfigApplied) -> None:
    draft.set(stale=True, config_problem="")
    draft.relist()


def _config_rejected(draft: Draft, _event: Event, fact: ConfigRejected) -> None:
    draft.set(config_problem=fact.reason)


def _checked(draft: Draft, _event: Event, fact: ProjectChecked) -> None:
    draft.set(findings=fact.findings)


# -- modules


def _module_starting(draft: Draft, _event: Event, fact: ModuleStarting) -> None:
    draft.modules.put(ModuleState(fact.module, fact.kind, "starting"))


def _module_started(draft: Draft, _event: Event, fact: ModuleStarted) -> None:
    known = draft.modules.items.get(fact.module)
    counts = (fact.tools, fact.resources, fact.templates, fact.prompts)
    said = (known.note, "", known.trouble) if known is not None else ()
    draft.modules.put(ModuleState(fact.module, fact.kind, "running", *counts, *said))
    draft.set(stale=True)
    draft.relist()


def _module_failed(draft: Draft, _event: Event, fact: ModuleFailed) -> None:
    draft.modules.put(ModuleState(fact.module, fact.kind, "failed", reason=fact.reason))
    draft.set(stale=True)
    draft.relist()


def _module_stopped(draft: Draft, _event: Event, fact: ModuleStopped) -> None:
    draft.modules.put(ModuleState(fact.module, fact.kind, "stopped"))
    draft.set(stale=True)
    draft.relist()


def _offer_changed(draft: Draft, _event: Event, fact: OfferChanged) -> None:
    known = draft.modules.items.get(fact.module)
    if known is None:
        draft.set(stale=True)
        return
    changed = replace(
        known, tools=fact.tools, resources=fact.resources, templates=fact.templates, prompts=fact.prompts
    )
    draft.modules.put(changed)
    # Counts alone do not show a replaced resource; tools and prompts also have notifications of their own.
    draft.relist("resources")
    if (known.tools, known.prompts) != (fact.tools, fact.prompts):
        draft.relist()


def _module_noted(draft: Draft, _event: Event, fact: ModuleNoted) -> None:
    known = draft.modules.items.get(fact.module)
    if known is not None:
        draft.modules.put(replace(known, note=fact.note, trouble=fact.trouble))


def _functions_reloaded(draft: Draft, _event: Event, _fact: FunctionsReloaded) -> None:
    draft.relist()


# -- clients


def _connected(draft: Draft, _event: Event, fact: ClientConnected) -> None:
    draft.clients.put(ClientState(fact.client, fact.name, fact.protocol))


def _disconnected(draft: Draft, _event: Event, fact: ClientDisconnected) -> None:
    draft.clients.items.pop(fact.client, None)


def _notified(draft: Draft, _event: Event, fact: ClientsNotified) -> None:
    if fact.kind != "updated":
        draft.relist(fact.kind)


def _asked(draft: Draft, _event: Event, fact: QuestionAsked) -> None:
    draft.questions.put(fact.question)


def _settled(draft: Draft, _event: Event, fact: QuestionSettled) -> None:
    draft.questions.items.pop(fact.key, None)


# -- problems and logs


def _blocked(draft: Draft, event: Event, fact: LoopBlocked) -> None:
    # Reported again each second while blocked; the first report has the best start time.
    known: Blocked | None = draft.get("blocked")
    since = known.since if known is not None else event.at - fact.seconds
    draft.set(blocked=Blocked(fact.target, fact.function, fact.file, fact.line, since))


def _freed(draft: Draft, _event: Event, _fact: LoopFreed) -> None:
    draft.set(blocked=None)


def _reported(draft: Draft, event: Event, fact: ErrorReported) -> None:
    draft.fail(Failure(event.at, fact))


def _logged(draft: Draft, event: Event, _fact: LogWritten) -> None:
    draft.logs.append(event)


SERVER: dict[type, Callable[[Draft, Event, Any], None]] = {
    ServerStarted: _started,
    ServerStopped: _stopped,
    EngineFailed: _engine_failed,
    ServerInspected: _inspected,
    Dropped: _dropped,
    ConfigApplied: _config_applied,
    ConfigRejected: _config_rejected,
    ProjectChecked: _checked,
    ModuleStarting: _module_starting,
    ModuleStarted: _module_started,
    ModuleFailed: _module_failed,
    ModuleStopped: _module_stopped,
    OfferChanged: _offer_changed,
    ModuleNoted: _module_noted,
    FunctionsReloaded: _functions_reloaded,
    ClientConnected: _connected,
    ClientDisconnected: _disconnected,
    ClientsNotified: _notified,
    QuestionAsked: _asked,
    QuestionSettled: _settled,
    LoopBlocked: _blocked,
    LoopFreed: _freed,
    ErrorReported: _reported,
    LogWritten: _logged,
}
