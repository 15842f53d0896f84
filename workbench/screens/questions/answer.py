"""The dialog for answering an elicitation or sampling request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from workbench.forms import Form, sentence
from workbench.questions import Answer, AnswerAction, Question
from workbench.screens.dialog import Dialog
from workbench.text import clean, one_line
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.copying import copy
from workbench.widgets.formview import Draft, FormView
from workbench.widgets.keyline import KeyLine
from workbench.widgets.painting import as_content
from workbench.widgets.reading import Reading
from workbench.widgets.spans import Line, Span, line

from .keys import ANSWER

TITLES = {
    "form": "The server is asking",
    "url": "The server wants you to open a page",
    "sampling": "The server wants a reply from a language model",
}
WAYS_OUT = "f5 answer  f9 decline  esc later"
"""Shown on the dialog: at 80 columns the form's keys leave no room for these in the footer."""

MESSAGE_CHARS = 20_000
"""Longer messages are truncated."""


class AnswerScreen(Dialog[Answer | None]):
    """Shows a question with a form for its answer; the result is `None` if postponed."""

    CSS_PATH = ["questions.tcss", "../../widgets/formview/formview.tcss"]  # noqa: RUF012 - Textual declares it so
    BINDINGS = bind(*ANSWER)
    HELP = (
        "A question from the server. f5 sends the answer, f9 declines, ctrl+g dismisses it. "
        "Esc answers later: the server waits, and the call's time limit is paused."
    )

    def __init__(self, question: Question, who: str) -> None:
        """Open the dialog; `who` names the asking call or task."""
        super().__init__()
        self.question = question
        self._who = who
        self._doubtful: dict[str, Any] | None = None
        """The values that don't match the schema, after the user was warned."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel dialog") as dialog:
            set_panel_title(dialog, TITLES[self.question.kind], one_line(self._who))
            dialog.border_subtitle = Content(WAYS_OUT)
            with Reading(classes="said"):
                yield Static(as_content(self._said()))
            with VerticalScroll(classes="answer", can_focus=False):
                if self.question.kind != "url":
                    yield FormView()
            yield Static(id="trouble", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        for form in self.query(FormView):
            await form.show(Draft(Form(self.question.schema, _defaults(self.question.schema))))
            self.screen.focus_next()  # the first field: the question is above it anyway
        self.watch(self.app, "snapshot", self._look, init=False)

    def _said(self) -> list[Line]:
        text = self.question.message
        if len(text) > MESSAGE_CHARS:
            text = text[:MESSAGE_CHARS] + " …"
        lines: list[Line] = [(Span(part),) for part in clean(text).splitlines()]
        if self.question.kind == "url":
            url = one_line(self.question.url)
            host = one_line(urlsplit(self.question.url).hostname or "nowhere")
            lines += [(), (Span(url, "accent"),), ()]
            lines += [line(Span("Host: ", "dim"), Span(host, "strong"))]
            lines += [(Span("f5 accepts and copies the URL.", "dim"),)]
        return lines

    def _look(self) -> None:
        """Close if the server no longer waits for the answer."""
        snapshot = self.app.snapshot  # type: ignore[attr-defined]
        task = self.question.task
        waits = (
            any(each.task == task for each in snapshot.asking_tasks)
            if task
            else any(each.key == self.question.key for each in snapshot.questions)
        )
        if not waits and self.is_current:
            self.notify("The server no longer needs that answer")
            self.dismiss(None)

    @on(FormView.Submitted)
    def action_accept(self) -> None:
        if self.question.kind == "url":
            copy(self, self.question.url)
            self.dismiss(Answer("accept"))
            return
        form = self.query_one(FormView)
        content = form.ready()
        if content is None:
            return
        problems = form.draft.form.validator.problems(content)
        if problems and content != self._doubtful:
            self._doubtful = content
            text = f"{sentence(problems[0])}; press f5 again to send it anyway"
            self.query_one("#trouble", Static).update(one_line(text))
            return
        self.dismiss(Answer("accept", content))

    def action_decline(self) -> None:
        self._say("decline")

    def action_cancel(self) -> None:
        self._say("cancel")

    def _say(self, action: AnswerAction) -> None:
        self.dismiss(Answer(action))


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The default values that a client pre-fills (specification: elicitation)."""
    fields: Mapping[str, Any] = schema.get("properties") or {}
    return {name: each["default"] for name, each in fields.items() if "default" in each}
