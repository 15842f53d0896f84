"""The keys of the dialog that answers a question."""

from __future__ import annotations

from workbench.actions import Action, define

ANSWER = define(
    Action("answer.accept", "f5,ctrl+j,alt+enter", "Answer", "Send this answer to the server", "accept"),
    Action("answer.decline", "f9", "Decline", "Tell the server no", "decline"),
    Action("answer.cancel", "ctrl+g", "Dismiss", "Tell the server that there is no answer", "cancel"),
    Action(
        "answer.later",
        "escape",
        "Later",
        "Back; the server waits, ctrl+y shows the question again",
        "dismiss",
    ),
)
