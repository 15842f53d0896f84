"""A text that goes on: lines out of pieces, bounded, the oldest dropped with a note."""

from __future__ import annotations

import random

from workbench.text import size
from workbench.widgets.textview.document import MOST_CHARS
from workbench.widgets.textview.growing import KEPT_CHARS, KEPT_LINES, SLACK, GrowingDocument


def test_pieces_add_up_to_lines_wherever_they_are_cut() -> None:
    text = "one\ntwo\n\nfour " + "x" * (MOST_CHARS * 2 + 7) + "\nlast"
    for seed in range(50):
        numbers = random.Random(seed)
        document = GrowingDocument()
        left = text
        while left:
            cut = numbers.choice([1, 2, 3, 50, 3000])
            assert document.append(left[:cut]) == 0
            left = left[cut:]
        assert document.text() == text
        assert document.chars == len(text) + 1


def test_a_line_feed_at_the_end_begins_no_line_before_something_comes() -> None:
    document = GrowingDocument()
    document.append("one\n")
    assert document.lines == ["one"]
    document.append("\n")
    assert document.lines == ["one", ""]
    document.append("two")
    assert document.lines == ["one", "", "two"]


def test_the_oldest_lines_are_dropped_with_a_note_that_counts_them() -> None:
    document = GrowingDocument()
    moved = 0
    count = KEPT_LINES * 4
    for number in range(count):
        moved += document.append(f"{number}\n")
        assert len(document.lines) <= KEPT_LINES * SLACK + 1
    assert document.lines[-1] == str(count - 1)
    kept = document.lines[1:]
    assert kept == [str(number) for number in range(count - len(kept), count)]
    assert document.dropped == count - len(kept)
    assert document.dropped_chars == sum(len(str(number)) + 1 for number in range(document.dropped))
    assert (
        document.lines[0] == f"… {document.dropped:,} earlier lines dropped, {size(document.dropped_chars)} …"
    )
    # What stood at a place stands so many lines further up; the note has the first place.
    assert moved == document.dropped - 1
    assert document.chars == sum(len(line) + 1 for line in document.lines)


def test_long_lines_are_bounded_too() -> None:
    document = GrowingDocument()
    for _ in range(40):
        document.append("y" * 100_000)
    assert sum(map(len, document.lines)) <= KEPT_CHARS * SLACK + 100
    assert document.chars <= KEPT_CHARS * SLACK + 100
    document.append("\nend")
    assert document.lines[-1] == "end"


def test_a_note_stands_on_a_line_of_its_own() -> None:
    document = GrowingDocument()
    document.append("half a line")
    document.note("12 kB are missing")
    document.append("the rest")
    assert document.lines == ["half a line", "… 12 kB are missing …", "the rest"]
