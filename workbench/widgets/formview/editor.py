"""The text input of a field: a line that grows with its text."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from workbench.forms.jsontext import is_visible
from workbench.text import one_line
from workbench.widgets.binding import bind

from .keys import EDITOR

SECRET_CHARACTER = "•"

_TAKEN = ("f6", "f7")
"""`TextArea` keys that the form uses for something else; ctrl+a and shift+arrows select too."""


class FieldEditor(TextArea, inherit_bindings=False):
    """A text input. Enter goes to the next field, or starts a new line if there are several.

    Text with invisible characters is not inserted: an `Unseen` message is sent instead.
    """

    BINDINGS = [  # noqa: RUF012 - Textual declares it so
        *(
            binding
            for binding in TextArea.BINDINGS
            if isinstance(binding, Binding) and binding.key not in _TAKEN
        ),
        *bind(*EDITOR),
    ]
    HELP = (
        "Type a value. f2 switches between omitted, empty and null, f4 edits the field as JSON, f6 starts "
        "a new line; Backspace in an empty field omits it."
    )

    class Next(Message):
        """Enter was pressed: go to the next field."""

    class Emptied(Message):
        """Backspace was pressed in an empty field."""

        def __init__(self, editor: FieldEditor) -> None:
            super().__init__()
            self.editor = editor

    class Unseen(Message):
        """Text with invisible characters was pasted; `text` is the text that would result."""

        def __init__(self, editor: FieldEditor, text: str) -> None:
            super().__init__()
            self.editor = editor
            self.text = text

    class Asked(Message):
        """A key for the suggestions: `down`, `up`, `enter`, `tab` or `escape`."""

        def __init__(self, editor: FieldEditor, key: str) -> None:
            super().__init__()
            self.editor = editor
            self.key = key

    def __init__(self, text: str = "", *, lines: bool = False, classes: str = "") -> None:
        """`lines` makes it multi-line: Enter starts a new line."""
        super().__init__(text, compact=True, highlight_cursor_line=False, classes=classes)
        self._lines = lines
        self.masked = False
        """Whether the text is a hidden secret."""
        self.known = text
        """The form's text; if it differs, the user has typed."""
        self.suggesting = False
        """Whether suggestions are shown, which take the arrows, Enter, Tab and Esc."""

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        return Text(SECRET_CHARACTER * line.cell_len, end="", no_wrap=True) if self.masked else line

    def reveal(self) -> None:
        """Show or hide the secret."""
        self.masked = not self.masked
        self.load_text(self.text)  # TextArea caches drawn lines
        self.move_cursor(self.document.end)

    def show(self, text: str, hint: str = "") -> None:
        """Show `text` without treating it as typed, with `hint` as the placeholder."""
        self.placeholder = Content(one_line(hint))
        if text != self.known or text != self.text:
            self.known = text
            self.load_text(text)
            self.move_cursor(self.document.end)

    def render_lines(self, crop: Region) -> list[Strip]:
        # Below a dialog the last layout is drawn again, with fields that have been removed since, and their styles.
        if not self.is_attached:
            return [Strip.blank(crop.width)] * crop.height
        return super().render_lines(crop)

    @property
    def takes_lines(self) -> bool:
        """Whether Enter starts a new line."""
        return self._lines or "\n" in self.text

    async def _on_key(self, event: events.Key) -> None:
        # Keys not prevented here go on to `TextArea`'s own handler.
        if self.suggesting and event.key in ("down", "up", "enter", "tab", "escape"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Asked(self, event.key))
        elif event.key == "enter" and not self.takes_lines:
            event.stop()
            event.prevent_default()
            self.post_message(self.Next())
        elif event.key == "backspace" and not self.text:
            self.post_message(self.Emptied(self))

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if is_visible(text):
            if result := self._replace_via_keyboard(text, *self.selection):
                self.move_cursor(result.end_location)
            return
        start, end = sorted(self.selection)
        before, after = self.get_text_range((0, 0), start), self.get_text_range(end, self.document.end)
        self.post_message(self.Unseen(self, before + text + after))

    def action_new_line(self) -> None:
        """Start a new line."""
        self._replace_via_keyboard("\n", *self.selection)

    def action_cursor_up(self, select: bool = False) -> None:
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self.screen.focus_previous()
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self.screen.focus_next()
        else:
            super().action_cursor_down(select)
