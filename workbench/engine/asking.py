"""Questions of the server to the engine's own clients: shown to the user if there is one, otherwise declined."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from mcp import types as mcp_types
from mcp.client.session import ClientRequestContext
from pydantic import BaseModel, ValidationError

from workbench.facts import QuestionAsked, QuestionSettled, UserAsked
from workbench.questions import Answer, AnswerAction, Question, question_of, response_to

from .errors import EngineError

REJECTED = -1
"""The specification's error code for a sampling request that the user rejects."""

_SAID: dict[AnswerAction, str] = {"accept": "accepted", "decline": "declined", "cancel": "cancelled"}
_numbers = itertools.count(1)


class Questions:
    """The open questions. Use it on the engine's loop only.

    Attributes:
        changed: Called whenever a question is added or removed.
    """

    def __init__(self, emit: Callable[[object], None], *, answered: bool) -> None:
        """Args:
        answered: There is a user who answers; otherwise every question is declined.
        """
        self._emit = emit
        self._answered = answered
        self._open: dict[str, tuple[Question, asyncio.Future[Answer]]] = {}
        self.changed: set[Callable[[], None]] = set()

    def open(self, protocol: str = "") -> tuple[Question, ...]:
        """Return the questions waiting for an answer, of all clients or those of one protocol revision."""
        return tuple(each for each, _ in self._open.values() if protocol in ("", each.protocol))

    async def ask(self, question: Question) -> Answer:
        """Wait for the user's answer, however long that takes."""
        if not self._answered:
            return Answer("decline")
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[question.key] = (question, waiting)
        self._emit(QuestionAsked(question))
        self._notify()
        try:
            return await waiting
        finally:
            del self._open[question.key]
            self._emit(QuestionSettled(question.key))
            self._notify()

    def answer(self, key: str, answer: Answer) -> None:
        """Answer a question.

        Raises:
            EngineError: It is no longer open, or the protocol can't carry the answer.
        """
        question, waiting = self._open.get(key, (None, None))
        if question is None or waiting is None or waiting.done():
            raise EngineError("This question is no longer waiting for an answer")
        check_answer(question, answer)
        waiting.set_result(answer)

    def _notify(self) -> None:
        for listener in tuple(self.changed):
            listener()


def check_answer(question: Question, answer: Answer) -> None:
    """Raise `EngineError` for values the protocol can't carry (elicitation allows only flat values)."""
    if question.kind == "sampling":
        return
    try:
        mcp_types.ElicitResult.model_validate(response_to(question, answer))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:2])
        raise EngineError(f"An answer can only have flat values: {where}: {first['msg']}") from error


class ClientAnswers:
    """The SDK callbacks of one client."""

    def __init__(
        self, protocol: str, questions: Questions, folder: Path, emit: Callable[[object], None]
    ) -> None:
        """Args:
        folder: The root to return when the server asks for roots.
        """
        self._protocol = protocol
        self._questions = questions
        self._folder = folder
        self._emit = emit

    async def elicited(
        self, context: ClientRequestContext, params: mcp_types.ElicitRequestParams
    ) -> mcp_types.ElicitResult:
        """Ask the user to fill in a form or open a page."""
        question, answer = await self._ask("elicitation/create", params)
        self._report_answer("elicitation", question.message, answer)
        return mcp_types.ElicitResult.model_validate(response_to(question, answer))

    async def sampled(
        self, context: ClientRequestContext, params: mcp_types.CreateMessageRequestParams
    ) -> mcp_types.CreateMessageResult | mcp_types.ErrorData:
        """Ask the user to stand in for a language model."""
        question, answer = await self._ask("sampling/createMessage", params)
        self._report_answer("sampling", question.message, answer)
        response = response_to(question, answer)
        if response is None:
            return mcp_types.ErrorData(code=REJECTED, message="The user rejected the sampling request")
        return mcp_types.CreateMessageResult.model_validate(response)

    async def rooted(self, context: ClientRequestContext) -> mcp_types.ListRootsResult:
        """The project's folder."""
        roots = roots_of(self._folder)
        self._emit(UserAsked(self._protocol, "roots", "", str(roots.roots[0].uri)))
        return roots

    async def _ask(self, method: str, params: BaseModel) -> tuple[Question, Answer]:
        asked = params.model_dump(by_alias=True, mode="json", exclude_none=True)
        question = question_of(f"question {next(_numbers)}", method, asked, self._protocol)
        assert question is not None
        return question, await self._questions.ask(question)

    def _report_answer(self, kind: Literal["elicitation", "sampling"], text: str, answer: Answer) -> None:
        self._emit(UserAsked(self._protocol, kind, text, _SAID[answer.action]))


def roots_of(folder: Path) -> mcp_types.ListRootsResult:
    """Return a project's folder as the roots for a server."""
    uri: Any = folder.as_uri()
    return mcp_types.ListRootsResult(roots=[mcp_types.Root(uri=uri, name=folder.name)])
