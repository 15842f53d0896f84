"""Records of the workbench's calls: plain data, independent of the SDK, for screens and files."""

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
    """A JSON-RPC error; code 0 is an error found by the client itself (an answer that violates its schema)."""

    code: int
    message: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A finished call made by the workbench.

    Attributes:
        key: Unique; the same as in the facts `RequestStarted` and `RequestFinished` of this call.
        target: The name of the tool or prompt, or the URI.
        protocol: The protocol revision of the client.
        outcome: `timeout` is a limit of either side; `cancelled` means by its caller.
        result: The protocol's JSON; `None` if there is none, or if it was too large for the history.
        started: seconds since the epoch.
        seconds: The duration as the client measured it.
        stages: (name, seconds) of each stage in the server, in order; empty if unknown.
        size: The size of the result in bytes.
        reference: The reference of an unexpected error in the log; otherwise empty.
        cause: That error's traceback, which is never sent to clients nor kept in the history.
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
    """Whether the result of a read is a stream truncated at the server's limit."""
    from server_core.streaming import (
        CHUNK_META,  # imports the SDK, which is already loaded where there is a result
    )

    contents: list[Any] = (result or {}).get("contents") or []
    meta = contents[-1].get("_meta") or {} if contents else {}
    return bool((meta.get(CHUNK_META) or {}).get("truncated"))


class Owner(NamedTuple):
    """The module that offers an item, and what clients don't see about it.

    Attributes:
        module: The module's name.
        source: `file:line` of its code, if it has any.
        breaker: The circuit breaker that guards its calls; otherwise empty.
        cached: Its results are cached.
        task: It may run as a long task.
        follows: It is a stream, which can be followed.
    """

    module: str
    source: str = ""
    breaker: str = ""
    cached: bool = False
    task: bool = False
    follows: bool = False


class Owners(NamedTuple):
    """The owner of each item: tools and prompts by name, resources by URI, templates by URI template."""

    tools: dict[str, Owner]
    prompts: dict[str, Owner]
    resources: dict[str, Owner]
    templates: dict[str, Owner]


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch of file changes that a files module applied; `at` is seconds since the epoch."""

    at: float
    module: str
    changes: tuple[FileChange, ...]
    replayed: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A JSON-RPC message between a client of the workbench and the server.

    Attributes:
        at: seconds since the epoch.
        direction: Who sent it.
        protocol: The protocol revision of the connection.
        method: The method; for a response, that of its request, or empty if unknown.
        id: The id of the request; `None` for a notification.
    """

    at: float
    direction: Side
    protocol: str
    kind: FrameKind
    method: str
    id: str | int | None
    dump: Callable[[], Any] = field(repr=False, compare=False)
    """Creates the message's JSON value; the cost grows with the size of the message."""

    @property
    def text(self) -> str:
        """The message as indented JSON, computed on each use: for large messages, off the screen's thread."""
        return json.dumps(self.dump(), indent=2, ensure_ascii=False, default=str)
