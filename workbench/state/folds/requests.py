"""Requests: those in progress, their progress, counts and durations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server_core.bus import Event
from server_core.events import FOLLOW_METHOD, RequestFinished, RequestProgressed, RequestStarted
from server_core.inspection import RunningRequest
from workbench.state.draft import Draft
from workbench.state.parts import Progress

ERRORS = ("error", "tool_error", "timeout")


def _started(draft: Draft, event: Event, fact: RequestStarted) -> None:
    draft.active.put(RunningRequest(fact.request, fact.method, fact.target, fact.client, event.at))
    draft.add("requests")


def _progressed(draft: Draft, _event: Event, fact: RequestProgressed) -> None:
    if fact.request in draft.active.items:
        draft.progress[fact.request] = Progress(fact.progress, fact.total, fact.message)


def _finished(draft: Draft, event: Event, fact: RequestFinished) -> None:
    draft.active.items.pop(fact.request, None)
    if fact.request in draft.progress:
        del draft.progress[fact.request]
    if fact.outcome == "cancelled":
        return
    draft.count(event.at, 0)
    if (
        fact.method != FOLLOW_METHOD
    ):  # how long somebody follows a stream says nothing about the server's latency
        draft.durations.append(fact.seconds)
    if fact.outcome in ERRORS:
        draft.count(event.at, 1)
        draft.add("errors")


REQUESTS: dict[type, Callable[[Draft, Event, Any], None]] = {
    RequestStarted: _started,
    RequestProgressed: _progressed,
    RequestFinished: _finished,
}
