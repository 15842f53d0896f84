"""Where one types: a line that grows with its text."""

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
"""Keys of `TextArea` that the form uses for something else; ctrl+a and shift with the arrows select too."""


class FieldEditor(TextArea, inherit_bindings=False):
    """A text that is typed. Enter goes on to the next field, or starts a line where there are lines already.

    Text with characters that can't be seen is not taken as it is: `Unseen` tells of it.
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
        "Type here. f2 goes on to omitting the field, an empty value or null, f4 takes it as JSON, f6 starts "
        "a new line; Backspace in an empty field omits it."
    )

    class Next(Message):
        """Enter: on to what follows."""

    class Emptied(Message):
        """Backspace in an empty field."""

        def __init__(self, editor: FieldEditor) -> None:
            super().__init__()
            self.editor = editor

    class Unseen(Message):
        """Something was pasted that has characters which can't be seen; `text` is what would be there now."""

        def __init__(self, editor: FieldEditor, text: str) -> None:
            super().__init__()
            self.editor = editor
            self.text = text

    class Asked(Message):
        """A key that moves in or takes from the suggestions: `down`, `up`, `enter`, `tab` or `escape`."""

        def __init__(self, editor: FieldEditor, key: str) -> None:
            super().__init__()
            self.editor = editor
            self.key = key

    def __init__(self, text: str = "", *, lines: bool = False, classes: str = "") -> None:
        """`lines`: Enter starts a new line from the beginning on."""
        super().__init__(text, compact=True, highlight_cursor_line=False, classes=classes)
        self._lines = lines
        self.masked = False
        """Whether what is typed is a secret that is not shown."""
        self.known = text
        """The text that the form has; what differs was typed."""
        self.suggesting = False
        """Whether suggestions are shown: the arrows, Enter, Tab and Esc are for them then."""

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        return Text(SECRET_CHARACTER * line.cell_len, end="", no_wrap=True) if self.masked else line

    def reveal(self) -> None:
        """Show the secret that is typed here, or hide it again."""
        self.masked = not self.masked
        self.load_text(self.text)  # TextArea remembers the lines that it has drawn
        self.move_cursor(self.document.end)

    def show(self, text: str, hint: str = "") -> None:
        """Show `text` that nobody typed, and `hint` where it is empty."""
        self.placeholder = Content(one_line(hint))
        if text != self.known or text != self.text:
            self.known = text
            self.load_text(text)
            self.move_cursor(self.document.end)

    def render_lines(self, crop: Region) -> list[Strip]:
        # Under a dialog the last layout is drawn again, with fields that have gone since, and their styles with them.
        if not self.is_attached:
            return [Strip.blank(crop.width)] * crop.height
        return super().render_lines(crop)

    @property
    def takes_lines(self) -> bool:
        """Whether Enter starts a new line."""
        return self._lines or "\n" in self.text

    async def _on_key(self, event: events.Key) -> None:
        # What is not prevented here goes on to `TextArea`'s own handler.
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
