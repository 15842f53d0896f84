"""File changes, recordings and replays, and the notifications they cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server_core.bus import Event
from server_core.events import FilesChanged, ReplayFinished, ReplayStarted
from workbench.facts import NoticeReceived, RecordingStarted, RecordingStopped, ReplayProgressed
from workbench.state.draft import Draft
from workbench.state.parts import Batch, Notice, Recording, Replay


def _files_changed(draft: Draft, event: Event, fact: FilesChanged) -> None:
    known = draft.batches or draft.snapshot.batches
    number = known[-1].number + 1 if known else 1
    draft.batches.append(Batch(number, event.at, fact.module, fact.changes, fact.replayed, fact.seconds))
    recording: Recording | None = draft.get("recording")
    if recording is not None and not fact.replayed:
        draft.set(recording=recording._replace(batches=recording.batches + 1))


def _recording_started(draft: Draft, event: Event, fact: RecordingStarted) -> None:
    draft.set(recording=Recording(fact.path, event.at))


def _recording_stopped(draft: Draft, _event: Event, _fact: RecordingStopped) -> None:
    draft.set(recording=None)


def _replay_started(draft: Draft, event: Event, fact: ReplayStarted) -> None:
    draft.set(replay=Replay(fact.module, fact.batches, event.at))


def _replay_progressed(draft: Draft, event: Event, fact: ReplayProgressed) -> None:
    known: Replay | None = draft.get("replay")
    started = known.started if known is not None else event.at
    draft.set(replay=Replay(fact.module, fact.batches, started, fact.batch, fact.paused))


def _replay_finished(draft: Draft, _event: Event, _fact: ReplayFinished) -> None:
    draft.set(replay=None)


def _notice(draft: Draft, event: Event, fact: NoticeReceived) -> None:
    draft.notices.append(Notice(event.seq, event.at, fact.protocol, fact.kind, fact.uri))


FILES: dict[type, Callable[[Draft, Event, Any], None]] = {
    FilesChanged: _files_changed,
    RecordingStarted: _recording_started,
    RecordingStopped: _recording_stopped,
    ReplayStarted: _replay_started,
    ReplayProgressed: _replay_progressed,
    ReplayFinished: _replay_finished,
    NoticeReceived: _notice,
}
