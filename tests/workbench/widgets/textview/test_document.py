"""Texts made into lines: harmless, bounded, formatted, found in, wrapped; all without a screen."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from workbench.widgets.textview.coloring import pieces_of
from workbench.widgets.textview.document import (
    MOST_CHARS,
    Document,
    DocumentKind,
    fill,
)
from workbench.widgets.textview.finding import MOST_MATCHES, Match, find, matches_of
from workbench.widgets.textview.formatting import DEEPEST, HEX_BYTES
from workbench.widgets.textview.rows import row_of, wrapped


def wanted() -> bool:
    return True


def text_document(text: str, kind: DocumentKind = "text") -> Document:
    document = Document(kind)
    fill(document, text, wanted)
    return document


def json_document(value: Any) -> Document:
    document = Document("json")
    fill(document, value, wanted)
    return document


def shown(document: Document) -> list[str]:
    return [document.shown(place) for place in range(len(document.lines))]


@pytest.mark.parametrize(
    "value",
    [{}, [], None, "a\nb", {"a": [1, {"b": []}], "c": {}}, [[1, 2], [True, None]], 1.5, {"": ""}, "ü本"],
)
def test_json_is_written_as_python_would_indent_it(value: Any) -> None:
    document = json_document(value)

    assert document.lines == json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    assert document.complete


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("json", [{"n": n} for n in range(100_000)]),
        ("json", {str(n): n for n in range(100_000)}),
        ("json", {"text": "word " * 500_000}),
        ("text", "word " * 500_000),
        ("text", "a\n" * 500_000),
        ("text", ("line" for _ in range(100_000))),
    ],
    ids=["many", "wide", "a long text in JSON", "one line", "short lines", "lines"],
)
def test_the_first_lines_of_a_large_value_come_before_the_rest_is_made(
    kind: DocumentKind, value: Any
) -> None:
    document = Document(kind)
    sizes: list[int] = []

    def grown() -> bool:
        sizes.append(document.chars)
        return len(sizes) < 2

    fill(document, value, grown)

    assert 500 < sizes[0] < 30_000  # a page or two
    assert sizes[0] < sizes[1] < 1_100_000
    assert not document.complete


def test_json_may_be_of_any_depth() -> None:
    value: Any = "bottom"
    for _ in range(5000):
        value = {"down": [value]}
    document = json_document(value)

    assert len(document.lines) == 5000 * 4 + 1
    assert document.lines[10_000] == "  " * DEEPEST + '"bottom"'
    assert max(map(len, document.lines)) < 150


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a\nb\n", ["a", "b", ""]),
        ("a\r\nb", ["a", "b"]),
        ("\x1b[31mred\x07", ["␛[31mred␇"]),
        ("a\tb", ["a    b"]),
        ("right\u202eleft\x9b1m", ["right<U+202E>left<U+009B>1m"]),
        ("a" + "\u0301" * 9, ["a" + "\u0301" * 4 + "<+5 marks>"]),
        ("half \ud800", ["half �"]),
        ("one\u2028line", ["one⏎line"]),
    ],
)
def test_what_a_terminal_would_obey_is_made_harmless(text: str, lines: list[str]) -> None:
    assert shown(text_document(text)) == lines


def test_what_can_not_be_seen_in_json_stands_there_as_escapes() -> None:
    assert shown(json_document("\x1b[2J\u202e\x9b\ud800")) == ['"\\u001b[2J\\u202e\\u009b\\ud800"']


def test_what_is_read_with_its_invisible_characters_keeps_them_in_json() -> None:
    assert shown(json_document("👩\u200d👧 \u2764\ufe0f می\u200cخواهم")) == [
        '"👩\u200d👧 \u2764\ufe0f می\u200cخواهم"'
    ]


def test_a_line_without_end_is_shown_in_pieces_and_copied_in_one() -> None:
    text = "x" * (MOST_CHARS * 2 + 5)
    document = text_document(f"a\n{text}\nb")

    assert [len(line) for line in document.lines] == [1, MOST_CHARS, MOST_CHARS, 5, 1]
    assert document.text() == f"a\n{text}\nb"
    assert document.width == MOST_CHARS


def test_the_width_counts_cells() -> None:
    assert text_document("abc\n本本").width == 4
    assert text_document("a\tb").width >= 6


def test_bytes_are_shown_as_bytes_and_text() -> None:
    document = Document("hex")
    fill(document, base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 10).decode(), wanted)

    assert document.lines == [
        "00000000  89 50 4e 47 0d 0a 1a 0a  30 30 30 30 30 30 30 30  ·PNG····00000000",
        "00000010  30 30                                             00",
    ]


def test_only_the_head_of_a_large_binary_is_shown_and_the_rest_is_counted() -> None:
    document = Document("hex")
    fill(document, base64.b64encode(b"0" * (HEX_BYTES + 3000)).decode(), wanted)

    assert len(document.lines) == HEX_BYTES // 16 + 2
    assert document.lines[-1] == "… 3.0 kB more"


def test_what_is_no_base64_is_said_and_shown() -> None:
    document = Document("hex")
    fill(document, "not base64!", wanted)

    assert document.lines[0].startswith("Not valid base64")
    assert document.lines[-1] == "not base64!"


# -- colours


def names(document: Document, place: int = 0) -> list[tuple[str, str]]:
    text = document.shown(place)
    return [(text[piece.start : piece.end], piece.name) for piece in pieces_of(document, place, text)]


def test_json_has_colours_by_type() -> None:
    document = json_document({"a": 'x "y": 1', "b": [1.5e3, True]})

    assert [names(document, place) for place in range(1, 5)] == [
        [('"a"', "key"), (":", "mark"), ('"x \\"y\\": 1"', "string"), (",", "mark")],
        [('"b"', "key"), (":", "mark"), ("[", "mark")],
        [("1500.0", "number"), (",", "mark")],
        [("true", "word")],
    ]


def test_a_long_text_in_json_keeps_its_colour_on_every_line() -> None:
    document = json_document("1" * (MOST_CHARS + 10))

    assert {name for place in range(2) for _text, name in names(document, place)} == {"string"}


def test_markdown_has_colours_by_line_and_inside_of_it() -> None:
    document = text_document(
        "# Title\n- a `b` **c** [d](e)\n```\n# no title\n```\n> quoted\nplain", "markdown"
    )

    assert [names(document, place) for place in range(7)] == [
        [("# Title", "heading")],
        [("-", "key"), ("`b`", "code"), ("**c**", "strong"), ("[d](e)", "link")],
        [("```", "code")],
        [("# no title", "code")],
        [("```", "code")],
        [("> quoted", "mark")],
        [],
    ]


# -- finding


def test_small_letters_find_everything_and_capitals_only_themselves() -> None:
    document = text_document("one One\nnone")

    assert find(document, "one", wanted) == [Match(0, 0, 3), Match(0, 4, 7), Match(1, 1, 4)]
    assert find(document, "One", wanted) == [Match(0, 4, 7)]
    assert find(document, "[", wanted) == []
    assert find(document, "", wanted) == []


def test_what_is_copied_is_the_text_as_it_came_and_json_with_escapes() -> None:
    text = "\x1b[31mred\u202e\r\n" + "b" * 9000

    assert text_document(text).text() == text
    assert json.loads(json_document([text]).text()) == [text]


def test_what_stands_across_two_pieces_of_a_long_line_is_found() -> None:
    document = text_document("x" * (MOST_CHARS - 2) + "word" + "x" * 10 + "word")

    assert find(document, "word", wanted) == [
        Match(0, MOST_CHARS - 2, MOST_CHARS + 2),
        Match(1, 12, 16),
    ]


def test_so_many_matches_are_enough() -> None:
    assert len(find(text_document("a\n" * MOST_MATCHES * 2), "a", wanted)) == MOST_MATCHES


def test_finding_stops_when_nobody_waits_for_it() -> None:
    assert find(text_document("a\n" * 9000), "a", lambda: False) == [Match(0, 0, 1)]


def test_matches_are_looked_up_by_line() -> None:
    matches = find(text_document("a a\nb\na"), "a", wanted)

    assert matches_of(matches, 0) == [Match(0, 0, 1), Match(0, 2, 3)]
    assert matches_of(matches, 1) == []
    assert matches_of(matches, 2) == [Match(2, 0, 1)]


# -- wrapping


def pieces(text: str, width: int) -> list[str]:
    document = text_document(text)
    return [document.shown(row.place)[row.start : row.end] for row in wrapped(document, width)]


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("onetwothree", 4, ["onet", "woth", "ree"]),
        ("a verylongwordthatfitsnot", 8, ["a verylo", "ngwordth", "atfitsno", "t"]),
        ("本本本 本", 4, ["本本", "本", "本"]),
        ("exact", 5, ["exact"]),
        ("", 5, [""]),
        ("ab", 0, ["a", "b"]),
        ("\u0301" * 4, 3, ["\u0301" * 3, "\u0301"]),
        ("\ud7ff3", 0, ["\ud7ff", "3"]),
    ],
)
def test_lines_are_broken_at_blanks_or_where_they_must(text: str, width: int, rows: list[str]) -> None:
    assert pieces(text, width) == rows


def test_the_row_of_a_place_in_the_text_is_found() -> None:
    document = text_document("one two three\nfour")
    rows = list(wrapped(document, 8))

    assert [row_of(rows, 0, 0), row_of(rows, 0, 9), row_of(rows, 1, 2)] == [0, 1, 2]
