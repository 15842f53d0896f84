"""The viewer on the screen: what is seen of a text, keys, finding, copying."""

from __future__ import annotations

import threading

import pytest
from textual.pilot import Pilot

from tests.waiting import until
from tests.workbench.widgets.host import Host
from workbench.widgets.textview import TextView
from workbench.widgets.textview.document import Document, DocumentKind
from workbench.widgets.textview.growing import GrowingDocument

pytestmark = pytest.mark.anyio


def host() -> Host:
    return Host(lambda: TextView("Result", empty="Nothing\nyet"), "widgets/textview/textview.tcss")


async def settled(pilot: Pilot[None]) -> TextView:
    """The view once its text is complete and drawn."""
    view = pilot.app.query_one(TextView)
    await until(lambda: view.document is not None and view.document.complete, "a complete text")
    await pilot.pause()
    return view


def seen(view: TextView) -> list[str]:
    """The lines as they are drawn."""
    lines = view.lines
    return [lines.render_line(y).text.rstrip() for y in range(lines.scrollable_content_region.height)]


async def test_without_a_text_it_says_what_is_missing() -> None:
    async with host().run_test(size=(40, 8)) as pilot:
        view = pilot.app.query_one(TextView)

        assert seen(view)[:3] == ["Nothing", "yet", ""]


async def test_the_first_page_of_a_huge_text_is_drawn_before_all_of_it_is_there() -> None:
    async with host().run_test(size=(40, 8)) as pilot:
        view = pilot.app.query_one(TextView)
        drawn: list[int] = []
        grown = view.lines.grown

        def noted() -> None:
            grown()
            drawn.append(len(view.lines.document.lines) if view.lines.document else 0)

        view.lines.grown = noted  # type: ignore[method-assign]
        view.show_json([{"number": number} for number in range(60_000)])
        await settled(pilot)

        assert seen(view)[:3] == ["[", "  {", '    "number": 0']
        assert 0 < next(count for count in drawn if count) < 180_002
        assert view.lines.virtual_size.height == 180_002


async def test_escape_sequences_never_reach_the_terminal() -> None:
    async with host().run_test(size=(40, 8)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("\x1b[31mred\x1b]8;;x\x07 [b]not markup[/x]")
        await settled(pilot)

        assert seen(view)[0] == "␛[31mred␛]8;;x␇ [b]not markup[/x]"


async def test_wide_lines_scroll_sideways_and_w_wraps_them() -> None:
    async with host().run_test(size=(30, 8)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_json("alpha beta gamma delta epsilon zeta eta")
        await settled(pilot)
        view.lines.focus()

        assert seen(view)[0] == '"alpha beta gamma delta ep'

        await pilot.press("right")
        await until(lambda: seen(view)[0] == "eta gamma delta epsilon ze", "the text further to the right")

        await pilot.press("w")
        await until(
            lambda: seen(view)[:2] == ['"alpha beta gamma delta', 'epsilon zeta eta"'], "wrapped lines"
        )


async def test_prose_is_wrapped_to_the_width_that_there_is() -> None:
    async with host().run_test(size=(30, 8)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("alpha beta gamma delta epsilon", "markdown")
        await settled(pilot)

        assert seen(view)[:2] == ["alpha beta gamma delta", "epsilon"]

        await pilot.resize_terminal(40, 8)
        await until(lambda: seen(view)[0] == "alpha beta gamma delta epsilon", "one line")


async def test_finding_goes_from_match_to_match_and_esc_ends_it() -> None:
    async with host().run_test(size=(60, 10)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("\n".join(f"line {number}" for number in range(5000)))
        await settled(pilot)
        view.lines.focus()
        await pilot.press("slash", *"999", "enter")
        await until(lambda: "of 5 matches" in view.lines.summary, "the matches")

        assert view.lines.has_focus
        assert "1 of 5 matches" in view.lines.summary
        assert "line 999" in seen(view)

        await pilot.press("n")
        assert "line 1999" in seen(view)

        await pilot.press("N", "N")
        assert "5 of 5 matches" in view.lines.summary
        assert "line 4999" in seen(view)

        await pilot.press("slash", "escape")
        await until(lambda: "match" not in view.lines.summary, "no matches")
        assert view.lines.has_focus


async def test_letters_in_the_find_line_are_letters() -> None:
    async with host().run_test(size=(60, 10)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("jkgGnNwy/ here")
        await settled(pilot)
        view.lines.focus()
        await pilot.press("slash", *"jkgGnNwy", "slash")
        await until(lambda: "1 of 1 match" in view.lines.summary, "the match")


async def test_keys_move_through_the_text() -> None:
    async with host().run_test(size=(60, 12)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("\n".join(f"line {number}" for number in range(100)))
        await settled(pilot)
        view.lines.focus()
        tops = []
        for key in ("j", "pagedown", "k", "G", "g"):
            await pilot.press(key)
            tops.append(seen(view)[0])

        assert tops == ["line 1", "line 10", "line 9", "line 90", "line 0"]


async def test_y_copies_everything_as_it_came() -> None:
    app = host()
    async with app.run_test(size=(60, 12)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("a\x1b[2J\n" + "b" * 9000)
        await settled(pilot)
        view.lines.focus()
        await pilot.press("y")
        await until(lambda: bool(app.copied), "a copy")

        assert app.copied == ["a\x1b[2J\n" + "b" * 9000]


async def test_what_the_mouse_marks_is_what_would_be_copied() -> None:
    async with host().run_test(size=(60, 12)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("first line\nsecond line\nthird")
        await settled(pilot)
        await pilot.mouse_down(view.lines, offset=(6, 0))
        await pilot.hover(view.lines, offset=(6, 1))
        await pilot.mouse_up(view.lines, offset=(6, 1))

        assert view.screen.get_selected_text() == "line\nsecond "


async def test_a_text_that_is_replaced_while_it_is_made_never_shows_again() -> None:
    async with host().run_test(size=(60, 12)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_json(list(range(100_000)))
        view.show_text("the second")
        await settled(pilot)

        assert seen(view)[0] == "the second"
        assert isinstance(view.document, Document)
        assert view.document.lines == ["the second"]


async def test_while_the_first_lines_take_a_while_it_says_so_and_keys_are_answered() -> None:
    async with host().run_test(size=(60, 12)) as pilot:
        view = pilot.app.query_one(TextView)
        made = threading.Event()

        def make() -> tuple[DocumentKind, str]:
            made.wait()
            return "text", "here it is"

        view.show_made(make, 1_400_000)
        await until(lambda: seen(view)[0] == "Formatting 1.4 MB…", "the note")
        await pilot.press("slash")
        assert view.has_class("-finding")
        made.set()
        await until(lambda: seen(view)[0] == "here it is", "the text")


async def test_a_line_full_of_matches_is_marked_all_over() -> None:
    async with host().run_test(size=(60, 12)) as pilot:
        view = pilot.app.query_one(TextView)
        view.show_text("ab" * 1500)
        await settled(pilot)
        view.lines.find("a")
        await until(lambda: "1 of 1,500 matches" in view.lines.summary, "the matches")
        first, second, third, *_ = view.lines.render_line(0)

        assert [first.text, second.text, third.text] == ["a", "b", "a"]
        styles = [segment.style.bgcolor for segment in (first, second, third) if segment.style]
        assert len(set(styles)) == 3  # the current match, no match, another match


async def test_a_scrollbar_that_comes_up_late_shows_where_the_text_is() -> None:
    async with host().run_test(size=(40, 8)) as pilot:
        lines = pilot.app.query_one(TextView).lines
        document = GrowingDocument()
        document.append("line\n" * 100)
        lines.set_document(document)
        assert not lines.show_vertical_scrollbar
        lines.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
        assert lines.scroll_y > 0
        await until(lambda: lines.show_vertical_scrollbar, "the scrollbar")
        assert lines.vertical_scrollbar.position == lines.scroll_y
