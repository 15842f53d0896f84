"""A growing text: pieces are appended, and the oldest lines are dropped beyond a limit. No interface."""

from __future__ import annotations

from workbench.text import plural, size

from .document import MOST_CHARS, Document

KEPT_LINES = 5_000
KEPT_CHARS = 1_000_000
SLACK = 1.2
"""How far a limit may be exceeded before old lines are dropped; dropping many at once is cheaper."""


class GrowingDocument(Document):
    """The last lines of an endless text. A note replaces the dropped ones.

    Attributes:
        dropped: number of dropped lines, and `dropped_chars` their characters.
    """

    def __init__(self) -> None:
        super().__init__("log")
        self.dropped = 0
        self.dropped_chars = 0
        self._line_ended = True

    def append(self, text: str) -> int:
        """Append a piece, which may end mid-line. Returns by how many lines the older ones moved up."""
        if text:
            first, *others = text.split("\n")
            if self._line_ended:
                self._begin()
            self._go_on(first)
            self._line_ended = bool(others) and not others[-1]
            for line in others[:-1] if self._line_ended else others:
                self._begin()
                self._go_on(line)
        return self._drop_oldest()

    def note(self, text: str) -> int:
        """Insert a note of the workbench between lines of the text. Returns the same as `append`."""
        self._line_ended = True
        moved = self.append(f"… {text} …")
        self._line_ended = True
        return moved

    def _begin(self) -> None:
        self.lines.append("")
        self.chars += 1

    def _go_on(self, piece: str) -> None:
        """Extend the last line; an overlong one continues on a new line."""
        self.chars += len(piece)
        while True:
            room = MOST_CHARS - len(self.lines[-1])
            self.lines[-1] += piece[:room]
            self._measure(self.lines[-1])
            piece = piece[room:]
            if not piece:
                return
            self.joined.add(len(self.lines))
            self.lines.append("")

    def _drop_oldest(self) -> int:
        if len(self.lines) <= KEPT_LINES * SLACK and self.chars <= KEPT_CHARS * SLACK:
            return 0
        gone = chars = 0
        while len(self.lines) - gone > KEPT_LINES or self.chars - chars > KEPT_CHARS:
            chars += len(self.lines[gone]) + (gone not in self.joined)
            gone += 1
        # The previous note is not a line of the text.
        noted = len(self.lines[0]) + 1 if self.dropped_chars else 0
        self.dropped += sum(place not in self.joined for place in range(1 if noted else 0, gone))
        self.dropped_chars += chars - noted
        note = f"… {plural(self.dropped, 'earlier line')} dropped, {size(self.dropped_chars)} …"
        self.lines[:gone] = [note]
        self.joined = {place - gone + 1 for place in self.joined if place >= gone}
        self.chars += len(note) + 1 - chars
        return gone - 1
