"""The dialog in which the user answers what a server asked its client."""

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
    "form": "The server asks",
    "url": "The server wants you to go to a page",
    "sampling": "The server asks for what a language model would say",
}
WAYS_OUT = "f5 answers  f9 declines  esc later"
"""Stands on the dialog itself: in 80 cells the form's keys leave no room for these below."""

MESSAGE_CHARS = 20_000
"""A longer message is cut."""


class AnswerScreen(Dialog[Answer | None]):
    """Shows a question with the form of its answer; the result is `None` when it is put off."""

    CSS_PATH = ["questions.tcss", "../../widgets/formview/formview.tcss"]  # noqa: RUF012 - Textual declares it so
    BINDINGS = bind(*ANSWER)
    HELP = (
        "What the server asks its client's user. f5 sends the answer, f9 says no, ctrl+g says that there is none. "
        "Esc puts it off: the server waits, and so does the call's time limit."
    )

    def __init__(self, question: Question, who: str) -> None:
        """`who` asks, in a few words."""
        super().__init__()
        self.question = question
        self._who = who
        self._doubtful: dict[str, Any] | None = None
        """What does not fit the schema, and was told so."""

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
            self.screen.focus_next()  # the first field: what is asked stands above it anyway
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
            lines += [line(Span("It leads to ", "dim"), Span(host, "strong"))]
            lines += [(Span("f5 tells the server that you go there, and copies the address.", "dim"),)]
        return lines

    def _look(self) -> None:
        """Close when nobody waits for the answer any more."""
        snapshot = self.app.snapshot  # type: ignore[attr-defined]
        task = self.question.task
        waits = (
            any(each.task == task for each in snapshot.asking_tasks)
            if task
            else any(each.key == self.question.key for each in snapshot.questions)
        )
        if not waits and self.is_current:
            self.notify("Nobody waits for that answer any more")
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
            text = f"{sentence(problems[0])}; f5 again sends it as it is"
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
    """What a client fills in before its user does (specification, elicitation: default values)."""
    fields: Mapping[str, Any] = schema.get("properties") or {}
    return {name: each["default"] for name, each in fields.items() if "default" in each}
