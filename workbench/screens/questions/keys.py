"""The keys of the question dialog."""

from __future__ import annotations

from workbench.actions import Action, define

ANSWER = define(
    Action("answer.accept", "f5,ctrl+j,alt+enter", "Answer", "Send this answer to the server", "accept"),
    Action("answer.decline", "f9", "Decline", "Decline to answer", "decline"),
    Action("answer.cancel", "ctrl+g", "Dismiss", "Dismiss the question without an answer", "cancel"),
    Action(
        "answer.later",
        "escape",
        "Later",
        "Answer later; the server waits, press ctrl+y to reopen",
        "dismiss",
    ),
)
