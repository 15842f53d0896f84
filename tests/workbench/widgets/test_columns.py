"""The columns of a table."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.widgets.columns import Column, as_line, joined, widths
from workbench.widgets.spans import Span, cells

NAMES = Column(most=10)
REST = Column(flex=1)


def rows(*texts: tuple[str, ...]) -> list[tuple]:
    return [tuple(as_line(text) for text in row) for row in texts]


def test_a_column_is_as_wide_as_its_widest_cell_and_what_is_left_goes_to_the_flexible_ones():
    assert widths((NAMES, REST), rows(("a", "x"), ("abc", "y")), 40) == [3, 35]


def test_a_column_is_never_wider_than_its_most():
    assert widths((NAMES, REST), rows(("a" * 50, "x")), 40) == [10, 28]


def test_a_title_needs_its_place_too():
    assert widths((Column("title", most=10),), rows(("a",)), 40) == [5]


def test_flexible_columns_share_what_is_left():
    assert widths((Column(flex=1), Column(flex=2)), rows(("a", "b")), 32) == [10, 20]


def test_columns_are_left_out_of_tables_that_are_too_narrow_for_them():
    columns = (NAMES, Column(most=8, above=30), REST)
    some = rows(("name", "when", "text"))
    assert widths(columns, some, 40) == [4, 4, 28]
    assert widths(columns, some, 29) == [4, 0, 23]
    assert widths((NAMES, REST), rows(("a" * 10, "x")), 14) == [10, 0], "not worth two cells"


def test_an_empty_last_cell_leaves_its_room_to_the_one_before():
    columns = (Column(flex=1), Column(flex=1))
    wide = widths(columns, rows(("a", "b")), 22)
    whole = joined(columns, wide, (as_line("a long log line here"), as_line("")))
    assert "".join(span.text for span in whole) == "a long log line here  "
    parts = joined(columns, wide, (as_line("a long log line here"), as_line("more")))
    assert "".join(span.text for span in parts) == "a long lo…  more      "


def test_figures_stand_at_the_right_of_their_column():
    column = Column(most=6, align="right")
    assert joined((column, NAMES), [6, 4], (as_line("42"), as_line("name"))) == (
        Span("    "), Span("42"), Span("  "), Span("name"), Span(""),
    )  # fmt: skip


columns = st.lists(
    st.builds(
        Column,
        most=st.integers(0, 12),
        flex=st.integers(0, 3),
        align=st.sampled_from(["left", "right"]),
        above=st.sampled_from([0, 30]),
        gap=st.integers(0, 2),
    ),
    min_size=1,
    max_size=6,
)


@given(columns, st.data(), st.integers(1, 80))
def test_rows_are_never_wider_than_their_table_and_all_of_one_width(
    columns: list[Column], data: st.DataObject, total: int
):
    texts = st.tuples(*(st.text(max_size=15) for _ in columns))
    some = rows(*data.draw(st.lists(texts, min_size=1, max_size=4)))
    wide = widths(columns, some, total)
    found = {cells(joined(columns, wide, row)) for row in some}
    assert len(found) == 1
    assert found.pop() <= total
