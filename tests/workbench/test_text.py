"""Text for people: harmless, of exact width, and figures written one way."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from workbench.text import (
    clean,
    elapsed,
    fit,
    number,
    one_line,
    percent,
    plural,
    rate,
    size,
    span,
    time_of_day,
)

anything = st.text(st.characters(codec=None, exclude_categories=()))


@given(anything)
def test_nothing_that_a_terminal_obeys_is_left(text: str):
    for character in clean(text):
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@given(anything)
def test_clean_text_can_be_written_and_stays_as_it_is(text: str):
    once = clean(text)
    once.encode("utf-8")
    assert clean(once) == once


@given(anything)
def test_one_line_is_one_line(text: str):
    assert len(one_line(text).splitlines()) <= 1


def test_controls_are_seen_instead_of_obeyed():
    assert clean("a\x1b[31mred\x07\x7f\x9b2Jb\u202e!\ud800") == "a␛[31mred␇␡<U+009B>2Jb<U+202E>!�"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pay\u200bpal", "pay<U+200B>pal"),
        ("a\ufeffb\u2060c", "a<U+FEFF>b<U+2060>c"),
        ("hi\U000e0041\U000e0042", "hi<U+E0041><U+E0042>"),
        ("Donau\u00addampf", "Donau¬dampf"),
        ("a\u200db", "a<U+200D>b"),
        ("\u200d\u200c\u200d", "<U+200D><U+200C><U+200D>"),
        ("x\ufe0f\ufe01", "x<U+FE0F><U+FE01>"),
        ("\u3164", "<U+3164>"),
        ("a" + "\u0308" * 40, "a" + "\u0308" * 4 + "<+36 marks>"),
    ],
)
def test_what_nobody_sees_is_marked(text: str, shown: str):
    assert clean(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧",
        "\u2764\ufe0f 1\ufe0f\u20e3",
        "🏳\ufe0f\u200d🌈",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "葛\U000e0100",
        "Việt e\u0302\u0301",
        "שָׁלוֹם",
        "ที่นี่",
    ],
)
def test_what_is_read_with_invisible_characters_keeps_them(text: str):
    assert clean(text) == text


def test_line_feeds_and_tabs_stay_in_long_text():
    assert clean("a\r\n\tb\nc\u2028d") == "a\n\tb\nc\nd"


def test_a_long_line_is_cut_before_it_is_looked_at():
    assert one_line("x" * 5000, 10) == "x" * 9 + "…"


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs"))),
    st.integers(0, 40),
    st.sampled_from(["left", "right"]),
)
def test_fitted_text_has_exactly_its_width(text: str, width: int, align: str):
    assert cell_len(fit(text, width, align)) == width


def test_text_that_is_cut_says_so():
    assert fit("workbench", 6) == "workb…"
    assert fit("日本語", 4) == "日 …"
    assert fit("ab", 4, "right") == "  ab"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.00 ms"), (0.00042, "0.42 ms"), (0.0019, "1.9 ms"), (0.0123, "12 ms"), (0.9994, "999 ms"),
     (0.9996, "1.0 s"), (1.94, "1.9 s"), (59.9, "59.9 s"), (125, "2:05")],
)  # fmt: skip
def test_a_measured_time_has_two_or_three_figures_and_its_unit(seconds: float, text: str):
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (-3, "0:00"), (12.9, "0:12"), (764, "12:44"), (3753, "1:02:33"), (273_600, "3 d 4 h")],
)
def test_a_running_time_looks_like_a_clock(seconds: float, text: str):
    assert elapsed(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (1_234, "1.2 kB"),
        (64_000_000, "64 MB"),
        (999_600, "1.0 MB"),
        (5e12, "5.0 TB"),
    ],
)
def test_bytes_have_a_unit_of_three_zeros(count: int, text: str):
    assert size(count) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1, "100 %"), (0.873, "87.3 %"), (0.0002, "0.02 %"), (0.9999, "99.9 %")]
)
def test_a_share_is_not_rounded_to_all_or_nothing(share: float, text: str):
    assert percent(share) == text


def test_counts_have_their_thousands_and_their_nouns():
    assert (number(3201), number(1_200_000)) == ("3,201", "1.2 M")
    assert (plural(1, "batch", "batches"), plural(2, "batch", "batches"), plural(0, "tool")) == (
        "1 batch", "2 batches", "0 tools",
    )  # fmt: skip
    assert [rate(r) for r in (0, 0.4, 42.3, 1204)] == ["0", "0.4", "42", "1,204"]


def test_a_time_of_day_is_local():
    assert time_of_day(1_750_000_000.1239, millis=True) == "15:06:40.123"
