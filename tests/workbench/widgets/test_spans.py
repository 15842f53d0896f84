"""Lines as plain data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.widgets.spans import Span, bar, cells, cleaned, fitted, folded, line, sparkline, spread

words = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
lines = st.lists(words, max_size=5).map(lambda texts: tuple(Span(text) for text in texts))


def text_of(spans: tuple[Span, ...]) -> str:
    return "".join(span.text for span in spans)


@given(lines, st.integers(1, 40), st.sampled_from(["left", "right"]))
def test_a_fitted_line_has_exactly_its_width(spans: tuple[Span, ...], width: int, align: str):
    assert cells(fitted(cleaned(spans), width, align)) == width


def test_a_cut_line_keeps_its_tones_and_says_that_it_is_cut():
    assert fitted((Span("open", "bad"), Span("  probe in 4 s", "dim")), 10) == (
        Span("open", "bad"),
        Span("  pro…", "dim"),
    )


def test_two_ends_of_a_line_never_touch_and_the_left_one_gives_way():
    left, right = (Span("a long beginning"),), (Span("end"),)
    assert text_of(spread(left, right, 30)) == "a long beginning           end"
    assert text_of(spread(left, right, 12)) == "a long … end"


def test_pieces_of_any_kind_become_one_line():
    assert line("a", Span("b", "ok"), (Span("c"), Span("d"))) == (
        Span("a"),
        Span("b", "ok"),
        Span("c"),
        Span("d"),
    )


def test_hostile_pieces_are_cleaned_and_their_outer_spaces_stay():
    assert cleaned((Span("  a\nb\x1b  "), Span("   "))) == (Span("  a b␛  "), Span("   "))


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "────"), (0.124, "╸───"), (0.5, "━━──"), (0.63, "━━╸─"), (1, "━━━━"), (7, "━━━━"), (-1, "────")],
)
def test_a_bar_fills_by_half_cells_and_never_overflows(share: float, text: str):
    assert text_of(bar(share, 4)) == text


def test_a_curve_starts_at_nothing_so_that_what_is_steady_is_high():
    assert sparkline([5, 5, 5]) == ["███"]
    assert sparkline([0, 4, 8]) == ["▁▄█"]
    assert sparkline([0, 0]) == ["▁▁"]


def test_a_curve_has_gaps_where_nothing_is_known():
    assert sparkline([None, 1.0, None, 0.5], top=1.0) == [" █ ▄"]


def test_a_curve_can_be_several_lines_high():
    assert sparkline([0, 8, 16], height=2) == ["  █", "▁██"]


def test_no_values_are_an_empty_curve():
    assert sparkline([]) == [""]


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("", 4, ["12"]),
        ("ab", 4, ["12ab"]),
        ("abcdef", 4, ["12ab", "cdef"]),
        ("本本本", 3, ["12", "本", "本", "本"]),
        ("本", 1, ["1", "2", "本"]),
        ("e\u0301x", 3, ["12e\u0301", "x"]),
        ("a\u202e", 6, ["12a<U+", "202E>"]),
    ],
)
def test_a_line_that_is_folded_keeps_all_of_it(text: str, width: int, rows: list[str]):
    folds = folded((Span("12", "dim"), Span(text)), width)
    assert ["".join(part for part, _tone in row) for row in folds] == rows
    assert folds[0][0].tone == "dim"
