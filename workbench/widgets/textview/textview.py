"""A viewer for texts of any size, with a search line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input
from textual.worker import get_current_worker

from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title

from .document import Document, DocumentKind, fill
from .keys import FINDING, VIEW
from .lines import TextLines


class FindLine(Input):
    """The input for search terms."""

    BINDINGS = bind(*FINDING)
    HELP = "Type to search. Enter goes to the first match, then n and N to the next and previous. Esc closes."

    class Left(Message):
        """The search was closed."""

    def action_leave(self) -> None:
        self.post_message(self.Left())


class TextView(Vertical):
    """Shows text, JSON, Markdown or bytes of any size: prepared on a thread, drawn only where visible."""

    BINDINGS = bind(*VIEW)

    class Told(Message):
        """The summary of the text (lines, matches) has changed."""

        def __init__(self, view: TextView, summary: str) -> None:
            super().__init__()
            self.view = view
            self.summary = summary

    class _Grown(Message):
        def __init__(self, document: Document) -> None:
            super().__init__()
            self.document = document

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TextView._Grown) and message.document is self.document

    def __init__(
        self,
        title: str = "",
        *,
        empty: str = "",
        framed: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str = "",
    ) -> None:
        """Args:
        empty: what to show while there is no text.
        framed: whether it has its own border with title and summary; otherwise `Told` carries the summary.
        """
        super().__init__(id=id, classes=f"panel {classes}" if framed else classes)
        self._framed = framed
        self.lines = TextLines(empty)
        self.title = title

    def compose(self) -> ComposeResult:
        yield self.lines
        yield FindLine(placeholder="find", compact=True)

    def on_mount(self) -> None:
        self._tell()

    @property
    def document(self) -> Document | None:
        """The document shown."""
        return self.lines.document

    # -- contents

    def show_text(self, text: str, kind: DocumentKind = "text") -> None:
        """Show a text."""
        self.show_made(lambda: (kind, text), len(text))

    def show_json(self, value: Any) -> None:
        """Show a JSON value, indented and coloured."""
        self.show_made(lambda: ("json", value))

    def show_made(self, make: Callable[[], tuple[DocumentKind, Any]], size: int = 0) -> None:
        """Show what `make` returns: a kind, and a text or its lines, a JSON value or base64. `make` may be slow and
        runs on a thread. `size` is the approximate number of bytes, if known."""
        document = Document()
        self.lines.set_document(document, size)
        self._fill(document, make)

    def clear(self, empty: str | None = None) -> None:
        """Show nothing but `empty`."""
        self.workers.cancel_group(self, "show")
        if empty is not None:
            self.lines.empty = empty
        self.lines.set_document(None)

    @work(thread=True, exclusive=True, group="show")
    def _fill(self, document: Document, make: Callable[[], tuple[DocumentKind, Any]]) -> None:
        worker = get_current_worker()

        def grown() -> bool:
            self.post_message(self._Grown(document))
            return not worker.is_cancelled and self.lines.document is document

        document.kind, value = make()
        fill(document, value, grown)

    def on_text_view__grown(self, event: _Grown) -> None:
        event.stop()
        if event.document is self.lines.document:
            self.lines.grown()

    # -- border

    def set_title(self, title: str) -> None:
        """Show `title` in the border, followed by the summary."""
        self.title = title
        self._tell()

    @on(TextLines.Told)
    def _tell(self) -> None:
        if self._framed:
            set_panel_title(self, self.title, self.lines.summary)
        else:
            self.post_message(self.Told(self, self.lines.summary))

    def focus_text(self) -> None:
        """Focus the text."""
        self.lines.focus()

    # -- finding

    def action_find(self) -> None:
        self.add_class("-finding")
        line = self.query_one(FindLine)
        line.value = self.lines.words
        line.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.lines.find(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave(keep=bool(event.value))

    @on(FindLine.Left)
    def _left(self) -> None:
        self._leave(keep=False)

    def _leave(self, *, keep: bool) -> None:
        self.remove_class("-finding")
        if not keep:
            self.lines.find("")
        self.lines.focus()
