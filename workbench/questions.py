"""Questions of a server to its client's user, and the answers: plain data, independent of the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

QuestionKind = Literal["form", "url", "sampling"]
AnswerAction = Literal["accept", "decline", "cancel"]

SAMPLED: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "title": "Answer", "description": "What the model would reply"},
    },
    "required": ["text"],
}
"""The schema of the answer when the user stands in for a language model."""

_NO_FIELDS: Mapping[str, Any] = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class Question:
    """A request from the server to its client's user (`elicitation/create`, `sampling/createMessage`).

    Attributes:
        key: Unique among open questions; for a task's question, the name that the task gave it.
        protocol: The protocol revision of the client that was asked.
        message: The text for the user; untrusted.
        schema: The schema of the answer's content.
        url: The page that the user is asked to open, for `kind` "url".
        task: The id of the task that asks; empty for a call's question.
    """

    key: str
    kind: QuestionKind
    protocol: str
    message: str
    schema: Mapping[str, Any] = field(default_factory=lambda: _NO_FIELDS, compare=False)
    url: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A user's answer: `accept` with content, `decline` to refuse, `cancel` to dismiss."""

    action: AnswerAction
    content: Mapping[str, Any] = field(default_factory=dict)


def question_of(
    key: str, method: str, params: Mapping[str, Any], protocol: str, task: str = ""
) -> Question | None:
    """Parse a request's JSON as a question; `None` for a request that is not for the user (`roots/list`)."""
    message = str(params.get("message", ""))
    if method == "sampling/createMessage":
        return Question(key, "sampling", protocol, _conversation(params), SAMPLED, task=task)
    if method != "elicitation/create":
        return None
    if params.get("mode") == "url":
        return Question(key, "url", protocol, message, url=str(params.get("url", "")), task=task)
    schema = params.get("requestedSchema")
    return Question(
        key, "form", protocol, message, schema if isinstance(schema, Mapping) else _NO_FIELDS, task=task
    )


def response_to(question: Question, answer: Answer) -> dict[str, Any] | None:
    """Build the protocol's JSON for an answer; `None` if the protocol needs an error instead (rejected sampling)."""
    if question.kind == "sampling":
        if answer.action != "accept":
            return None
        content = {"type": "text", "text": str(answer.content.get("text", ""))}
        return {"role": "assistant", "content": content, "model": "a person at the workbench"}
    if answer.action == "accept" and question.kind == "form":
        return {"action": "accept", "content": dict(answer.content)}
    return {"action": answer.action}


def _conversation(params: Mapping[str, Any]) -> str:
    """Format the conversation that a model would be given."""
    system = params.get("systemPrompt")
    lines = [f"system: {system}"] if system else []
    for message in params.get("messages", ()):
        content = message.get("content")
        for block in content if isinstance(content, list) else [content]:
            kind = block.get("type", "?") if isinstance(block, Mapping) else "?"
            said = block.get("text", "") if kind == "text" else f"[{kind}]"
            lines.append(f"{message.get('role', '?')}: {said}")
    return "\n".join(lines)
