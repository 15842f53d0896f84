"""Requests and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "tool_error", "error", "timeout", "cancelled"]
"""How a request ended: `tool_error` is a result with `isError`, `error` a JSON-RPC error."""

FOLLOW_METHOD = "resources/follow"
"""The method of a request that follows a stream while someone is watching; no client sends it."""


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """A request passed the protocol layer. `target` is the tool's or prompt's name, or the URI."""

    request: int
    method: str
    target: str
    client: str
    key: str


@dataclass(frozen=True, slots=True)
class RequestProgressed:
    """A handler reported progress; `total` may be unknown."""

    request: int
    target: str
    progress: float
    total: float | None
    message: str


@dataclass(frozen=True, slots=True)
class RequestFinished:
    """A request was answered. `stages` are (name, seconds), in order."""

    request: int
    method: str
    target: str
    module: str
    client: str
    key: str
    outcome: Outcome
    seconds: float
    stages: tuple[tuple[str, float], ...]
    size: int
    error: str
    reference: str


@dataclass(frozen=True, slots=True)
class StreamChunked:
    """A streamed resource produced a chunk; `index` counts from 1."""

    uri: str
    request: int
    index: int
    size: int
