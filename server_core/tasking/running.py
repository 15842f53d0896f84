"""A task running in this process: its state and its open questions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..inspection import TaskState


@dataclass(slots=True)
class RunningTask:
    """The local engine's record of a task until it has ended. Use on the server's loop only.

    Attributes:
        job: runs it, once its row is stored.
        written: when its progress was last stored, by the clock's `monotonic`.
        ending: its end is being stored, and it can no longer be cancelled.
        repeatable: it may run again if its process ends.
        secret: it would be repeatable, except that its secret arguments are not stored.
        unwanted: its cancellation was requested.
        has_slot: it counts as running; not while it waits for a slot or for its client.
        writing: keeps its writes in order.
        resuming: lets only one of several questions that end together take the slot again.
        asked: its open questions to the client, as the protocol's JSON, by ids that are never reused.
        said: its message before it asked.
    """

    state: TaskState
    repeatable: bool = False
    secret: bool = False
    unwanted: bool = False
    job: asyncio.Task[None] | None = None
    written: float = 0.0
    ending: bool = False
    has_slot: bool = False
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    resuming: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: dict[str, Any] = field(default_factory=dict)
    said: str = ""
    _waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    def put(self, requests: Mapping[str, Any]) -> dict[str, asyncio.Future[Any]]:
        """Open a question for each request; returns the futures of the answers, by the request's name."""
        futures: dict[str, asyncio.Future[Any]] = {}
        for name, request in requests.items():
            question = secrets.token_urlsafe(9)
            self.asked[question] = request
            futures[name] = self._waiting[question] = asyncio.get_running_loop().create_future()
        return futures

    def take(self, responses: Mapping[str, Any]) -> bool:
        """Take the answers to open questions and ignore the others; returns whether there was one."""
        taken = [question for question in responses if question in self.asked]
        for question in taken:
            del self.asked[question]
            future = self._waiting.pop(question)
            if not future.done():
                future.set_result(responses[question])
        return bool(taken)

    def withdraw(self, futures: Mapping[str, asyncio.Future[Any]]) -> None:
        """Close questions that nobody is waiting for any more."""
        mine = set(futures.values())
        for question in [question for question, future in self._waiting.items() if future in mine]:
            del self.asked[question]
            del self._waiting[question]


def question_text(requests: Mapping[str, Any]) -> str:
    """The questions in one line: "asks: Delete it?"."""
    said = [
        (request.get("params") or {}).get("message") or request["method"] for request in requests.values()
    ]
    return f"asks: {'; '.join(map(str, said))}"
