"""What the workbench remembers of its calls: plain data, free of the SDK, so that any screen or file can hold it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from server_core.events import FileChange, Outcome

CallMethod = Literal["tools/call", "resources/read", "prompts/get"]
Side = Literal["client", "server"]
FrameKind = Literal["request", "response", "error", "notification"]


class CallError(NamedTuple):
    """A JSON-RPC error; code 0 is one that the client itself found (an answer that does not fit its schema)."""

    code: int
    message: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call that the workbench made, as it ended.

    Attributes:
        key: unique; the same as in the facts `RequestStarted` and `RequestFinished` of this call.
        target: the tool's or prompt's name, or the URI.
        protocol: the revision that the client spoke.
        outcome: `timeout` is either side's limit; `cancelled` is what its caller did.
        result: the protocol's JSON; `None` without one, and in the history where it was too large to keep.
        started: seconds since the epoch.
        seconds: as the client saw it.
        stages: (name, seconds) inside the server, in the order in which they were passed; empty if unknown.
        size: of the result in bytes.
        reference: under which the log tells an unexpected error; else empty.
        cause: that error's traceback, which no client is told; not kept in the history.
    """

    key: str
    method: CallMethod
    target: str
    protocol: str
    arguments: dict[str, Any]
    outcome: Outcome
    result: dict[str, Any] | None
    error: CallError | None
    started: float
    seconds: float
    stages: tuple[tuple[str, float], ...] = ()
    size: int = 0
    reference: str = ""
    cause: str = ""


def was_cut(result: Mapping[str, Any] | None) -> bool:
    """Whether the result of a read is only the beginning of a stream, cut off at the server's limit."""
    from server_core.streaming import (
        CHUNK_META,  # brings the SDK along, which whoever has a result has anyway
    )

    contents: list[Any] = (result or {}).get("contents") or []
    meta = contents[-1].get("_meta") or {} if contents else {}
    return bool((meta.get(CHUNK_META) or {}).get("truncated"))


class Owner(NamedTuple):
    """Who offers something, and what of it no client is told.

    Attributes:
        module: the module's name.
        source: `file:line` of its code, where it has any.
        breaker: which breaker its calls count in; else empty.
        cached: its answers are kept in the server's cache.
        task: it may run as a long task.
        follows: it is a stream, which can be followed.
    """

    module: str
    source: str = ""
    breaker: str = ""
    cached: bool = False
    task: bool = False
    follows: bool = False


class Owners(NamedTuple):
    """Who offers what: tools and prompts by name, resources by URI, templates by their text."""

    tools: dict[str, Owner]
    prompts: dict[str, Owner]
    resources: dict[str, Owner]
    templates: dict[str, Owner]


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch of file changes that a files module took in; `at` is seconds since the epoch."""

    at: float
    module: str
    changes: tuple[FileChange, ...]
    replayed: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """One JSON-RPC message on the wire between a client of the workbench and the server.

    Attributes:
        at: seconds since the epoch.
        direction: who sent it.
        protocol: the revision that the connection speaks.
        method: of a request or notification; of an answer, that of its request, or empty if it is unknown.
        id: of the request; `None` for a notification.
    """

    at: float
    direction: Side
    protocol: str
    kind: FrameKind
    method: str
    id: str | int | None
    dump: Callable[[], Any] = field(repr=False, compare=False)
    """Makes the message's JSON value; costs as much as the message is large."""

    @property
    def text(self) -> str:
        """The message as indented JSON, made anew at each use: for large ones, off the screen's thread."""
        return json.dumps(self.dump(), indent=2, ensure_ascii=False, default=str)
