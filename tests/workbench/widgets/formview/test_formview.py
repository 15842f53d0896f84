"""A form on the screen: typing, states, lists, maps, JSON; and that what is sent is what was typed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot
from textual.theme import Theme

from server_core.masking import MASKED
from tests.waiting import until
from tests.workbench.forms.schemas import ORDER, PETS
from tests.workbench.widgets.host import Host
from workbench.forms import Form, Problem
from workbench.widgets.formview import Draft, FormView
from workbench.widgets.formview.editor import FieldEditor
from workbench.widgets.formview.formview import Complete
from workbench.widgets.formview.suggestions import Suggestions
from workbench.widgets.formview.views import FieldView
from workbench.widgets.segments import Segments
from workbench.widgets.themes import DARK, LIGHT

pytestmark = pytest.mark.anyio

SIMPLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "maybe": {"type": ["string", "null"]},
        "count": {"type": "integer", "minimum": 1, "default": 3},
        "yes": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["name"],
}


@asynccontextmanager
async def form(
    schema: Any, arguments: Mapping[str, Any] | None = None, complete: Complete | None = None
) -> AsyncIterator[tuple[FormView, Pilot[None]]]:
    """A form, its first field with the focus."""
    app = Host(FormView, "widgets/formview/formview.tcss", "screens/pick.tcss")
    async with app.run_test(size=(90, 40)) as pilot:
        view = app.query_one(FormView)
        await view.show(Draft(Form(schema, arguments)), complete)
        view.focus_first()
        await pilot.pause()
        yield view, pilot


async def type_in(pilot: Pilot[None], text: str) -> None:
    await pilot.press(*({" ": "space"}.get(char, char) for char in text))


def field(view: FormView, *path: str | int) -> FieldView:
    return next(found for found in view.query(FieldView) if found.field.path == path)


def chip(view: FieldView) -> str:
    return view.chip


def notes(view: FieldView) -> str:
    """What stands below a field, as it is drawn."""
    height = view.control.size.height
    return "\n".join(view.render_line(height + y).text.strip() for y in range(len(view.notes)))


async def test_what_is_typed_is_sent_and_the_rest_is_omitted() -> None:
    async with form(SIMPLE) as (view, pilot):
        await type_in(pilot, "Ada")

        assert view.draft.arguments() == {"name": "Ada"}
        assert chip(field(view, "name")) == "value"
        assert chip(field(view, "count")) == "omit"


async def test_an_emptied_text_is_empty_and_one_more_backspace_omits_it() -> None:
    async with form(SIMPLE) as (view, pilot):
        await pilot.press("a", "backspace")

        assert (view.draft.arguments(), chip(field(view, "name"))) == ({"name": ""}, "empty")

        await pilot.press("backspace")

        assert (view.draft.arguments(), chip(field(view, "name"))) == ({}, "omit")


async def test_f2_goes_from_omitted_to_empty_to_null() -> None:
    async with form(SIMPLE) as (view, pilot):
        await pilot.press("tab")
        seen = []
        for _ in range(3):
            await pilot.press("f2")
            seen.append((view.draft.arguments(), chip(field(view, "maybe"))))

        assert seen == [({"maybe": ""}, "empty"), ({"maybe": None}, "null"), ({}, "omit")]


async def test_a_click_on_the_state_changes_it_too() -> None:
    async with form(SIMPLE) as (view, pilot):
        row = field(view, "maybe")
        await pilot.click(row, offset=(row.size.width - 3, 0))
        await pilot.pause()

        assert view.draft.arguments() == {"maybe": ""}


async def test_letters_and_digits_are_text_in_a_field() -> None:
    async with form(SIMPLE) as (view, pilot):
        await type_in(pilot, "q1?/jkx[]")

        assert view.draft.arguments() == {"name": "q1?/jkx[]"}


async def test_enter_goes_on_and_f6_starts_a_line() -> None:
    async with form(SIMPLE) as (view, pilot):
        await pilot.press("a", "f6", "b", "enter", "c")

        assert view.draft.arguments() == {"name": "a\nb\nc"}  # where there are lines, Enter starts one

        await pilot.press("tab", "d", "enter", "7")

        assert view.draft.arguments() == {"name": "a\nb\nc", "maybe": "d", "count": 7}


async def test_a_paste_of_several_lines_is_taken_whole() -> None:
    async with form(SIMPLE) as (view, pilot):
        view.screen.focused.post_message(events.Paste("one\r\n\ttwo\rthree"))  # type: ignore[union-attr]
        await pilot.pause()

        assert view.draft.arguments() == {"name": "one\n\ttwo\nthree"}


async def test_a_paste_with_what_can_not_be_seen_becomes_json_that_shows_it() -> None:
    async with form(SIMPLE) as (view, pilot):
        await pilot.press("a")
        view.screen.focused.post_message(events.Paste("\x1b[2J"))  # type: ignore[union-attr]
        await until(lambda: field(view, "name").field.state == "json", "JSON")
        await pilot.pause()

        assert view.draft.arguments() == {"name": "a\x1b[2J"}
        assert field(view, "name").query_one(FieldEditor).text == '"a\\u001b[2J"'


async def test_a_choice_is_made_with_the_arrows_and_begins_with_none() -> None:
    async with form(SIMPLE) as (view, pilot):
        control = field(view, "yes").control
        control.focus()

        assert isinstance(control, Segments)
        assert control.options == ["omit", "true", "false"]

        await pilot.press("right", "right")

        assert view.draft.arguments() == {"yes": False}


async def test_a_long_choice_is_made_in_a_list_with_a_filter() -> None:
    names = [f"name {number}" for number in range(200)]
    async with form({"properties": {"which": {"enum": names}}}) as (view, pilot):
        await pilot.press("enter")
        await pilot.pause()
        await type_in(pilot, "17")
        await pilot.press("down", "enter")
        await pilot.pause()

        assert view.draft.arguments() == {"which": "name 117"}


async def test_items_are_added_removed_and_moved_by_keys() -> None:
    async with form(SIMPLE, {"tags": ["a", "b"]}) as (view, pilot):
        field(view, "tags", 1).control.focus()
        await pilot.press("f7", "c")
        await pilot.pause()

        assert view.draft.arguments() == {"tags": ["a", "b", "c"]}

        await pilot.press("alt+up")
        await pilot.pause()

        assert view.draft.arguments() == {"tags": ["a", "c", "b"]}
        assert field(view, "tags", 1).control.has_focus

        await pilot.press("f8")
        await pilot.pause()

        assert view.draft.arguments() == {"tags": ["a", "b"]}


async def test_an_entry_of_a_map_gets_its_name_and_its_value() -> None:
    async with form(SIMPLE, {"labels": {}}) as (view, pilot):
        field(view, "labels").control.focus()
        await pilot.press("f7")
        await pilot.pause()
        await type_in(pilot, "pages")
        await pilot.press("tab", "5")

        assert view.draft.arguments() == {"labels": {"pages": 5}}


async def test_an_optional_object_unfolds_when_it_is_chosen() -> None:
    async with form(ORDER) as (view, pilot):
        field(view, "bill").control.focus()
        await pilot.press("right")
        await pilot.pause()
        await pilot.press("tab")
        await type_in(pilot, "Main 1")

        assert view.draft.form.to_arguments()["bill"] == {"street": "Main 1"}

        field(view, "bill").control.focus()
        await pilot.press("right")
        await pilot.pause()

        assert view.draft.form.to_arguments()["bill"] is None
        assert not [shown for shown in view.query(FieldView) if shown.field.path == ("bill", "street")]


async def test_another_alternative_has_its_own_fields() -> None:
    async with form(PETS) as (view, pilot):
        await pilot.press("right")
        await pilot.pause()

        assert view.draft.arguments() == {"pet": {"kind": "dog"}}
        assert {shown.field.key for shown in view.query(FieldView)} >= {"kind", "tricks"}


async def test_typing_into_a_choice_of_types_chooses_it() -> None:
    async with form({"properties": {"id": {"anyOf": [{"type": "integer"}, {"type": "string"}]}}}) as (
        view,
        pilot,
    ):
        await pilot.press("right")
        await pilot.pause()
        await pilot.press("tab", "5")

        assert view.draft.arguments() == {"id": 5}

        view.query_one(Segments).focus()
        await pilot.press("right")
        await pilot.pause()
        await pilot.press("tab", "5")

        assert view.draft.arguments() == {"id": "5"}


# -- what is wrong


async def test_a_warning_stands_at_its_field_and_blocks_nothing() -> None:
    async with form(SIMPLE) as (view, pilot):
        field(view, "count").control.focus()
        await pilot.press("0")
        await until(lambda: "is less than the minimum of 1" in notes(field(view, "count")), "the warning")

        assert view.ready() == {"count": 0}


async def test_what_is_required_is_told_once_one_has_tried() -> None:
    async with form(SIMPLE) as (view, pilot):
        await pilot.press("tab", "x")
        await until(lambda: view.warnings == [Problem(("name",), "is required")], "the check")

        assert "is required" not in notes(field(view, "name"))
        assert view.ready() == {"maybe": "x"}

        await until(lambda: "is required" in notes(field(view, "name")), "the warning")


async def test_what_can_not_be_sent_is_said_and_gets_the_focus() -> None:
    async with form(SIMPLE) as (view, pilot):
        field(view, "count").control.focus()
        await type_in(pilot, "many")
        field(view, "name").control.focus()

        assert view.ready() is None
        await pilot.pause()
        assert "✗ 'many' is not a number" in notes(field(view, "count"))
        assert field(view, "count").control.has_focus


# -- JSON


async def test_the_form_and_its_json_are_the_same_arguments() -> None:
    async with form(SIMPLE, {"name": "a"}) as (view, pilot):
        await pilot.press("f3")
        await pilot.pause()
        editor = view.json_editor

        assert editor.text == '{\n  "name": "a"\n}'

        editor.load_text('{"name": "b", "more": [1]}')
        await pilot.pause()
        await pilot.press("f3")
        await pilot.pause()

        assert view.draft.text is None
        assert view.draft.arguments() == {"name": "b", "more": [1]}
        assert field(view, "more").query_one(FieldEditor).text == "[1]"


async def test_invalid_json_is_neither_sent_nor_dropped() -> None:
    async with form(SIMPLE, {"name": "a"}) as (view, pilot):
        await pilot.press("f3")
        await pilot.pause()
        view.json_editor.load_text('{"name": ')
        await pilot.pause()

        assert view.ready() is None

        await pilot.press("f3")
        await pilot.pause()

        assert view.draft.text == view.json_editor.text == '{"name": '
        assert "it ends too early" in str(view.query_one(".trouble").render())


async def test_one_field_can_be_json_alone() -> None:
    async with form(SIMPLE, {"tags": ["a"]}) as (view, pilot):
        field(view, "tags").control.focus()
        await pilot.press("f4")
        await pilot.pause()
        editor = field(view, "tags").query_one(FieldEditor)

        assert (editor.text, editor.has_focus) == ('["a"]', True)

        editor.load_text('["a", "b"]')
        await pilot.pause()
        await pilot.press("f4")
        await pilot.pause()

        assert view.draft.arguments() == {"tags": ["a", "b"]}
        assert field(view, "tags", 1)


# -- hostile schemas and suggestions


async def test_words_of_a_schema_are_never_markup_or_escape_sequences() -> None:
    schema = {
        "properties": {
            "[red]x\x1b[2J": {"type": "string", "description": "[/b] \x1b]8;;x\x07", "default": "[@click=x]"}
        }
    }
    async with form(schema) as (view, _pilot):
        shown = next(iter(view.query(FieldView)))

        assert "\x1b" not in notes(shown)
        assert "[/b] ␛]8;;x␇" in notes(shown)
        assert view.draft.arguments() == {}


async def test_a_tool_without_parameters_says_so() -> None:
    async with form({"type": "object", "properties": {}, "additionalProperties": False}) as (view, _pilot):
        assert not view.has_fields
        assert "No arguments." in str(view.query_one(".none").render())


async def test_suggestions_come_while_one_types_and_enter_takes_one() -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = []

    async def complete(argument: str, typed: str, others: Mapping[str, Any]) -> Sequence[str]:
        asked.append((argument, typed, dict(others)))
        return [word for word in ("books", "boxes", "orders") if word.startswith(typed)]

    schema = {"properties": {"name": {"type": "string"}, "other": {"type": "string"}}}
    async with form(schema, {"other": "x"}, complete) as (view, pilot):
        await pilot.press("b", "o")
        await until(lambda: bool(view.query(Suggestions)) and asked[-1][1] == "bo", "suggestions")
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.pause()

        assert view.draft.arguments() == {"name": "boxes", "other": "x"}
        assert asked[-1] == ("name", "bo", {"other": "x"})
        assert not view.query(Suggestions)


def contrast(one: Any, other: Any) -> float:
    """The contrast of two of Rich's colours, as WCAG defines it: 4.5 is readable."""

    def luminance(color: Any) -> float:
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
                 for part in Color.from_rich_color(color).normalized]  # fmt: skip
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
async def test_the_suggestion_that_would_be_taken_stands_out_tab_takes_it_and_esc_none(theme: Theme) -> None:
    async def complete(_argument: str, typed: str, _others: Mapping[str, Any]) -> Sequence[str]:
        return [word for word in ("books", "boxes") if word.startswith(typed)]

    schema = {"properties": {"name": {"type": "string"}, "other": {"type": "string"}}}
    async with form(schema, {"other": "x"}, complete) as (view, pilot):
        pilot.app.register_theme(theme)
        pilot.app.theme = theme.name
        await pilot.press("b")
        shown = await until(lambda: next(iter(view.query(Suggestions)), None), "suggestions")
        await pilot.pause()
        chosen, other = (shown.render_line(y)._segments[0].style for y in (0, 1))
        assert chosen is not None
        assert other is not None
        for text, ground in (
            (chosen.color, chosen.bgcolor),
            (other.color, other.bgcolor),
            (chosen.bgcolor, other.bgcolor),
        ):
            assert contrast(text, ground) >= 4.5

        await pilot.press("escape")
        await until(lambda: not view.query(Suggestions), "no suggestions")
        assert view.draft.arguments() == {"name": "b", "other": "x"}
        await pilot.press("o")
        await until(lambda: bool(view.query(Suggestions)), "suggestions")
        await pilot.press("down", "tab")
        await until(
            lambda: view.draft.arguments() == {"name": "boxes", "other": "x"}, "the second one is taken"
        )
        await pilot.press("tab")
        await until(lambda: field(view, "other").control.has_focus, "the next field")


async def test_a_field_that_has_gone_can_still_be_asked_to_draw_itself():
    """Under a dialog that opens at that moment the last layout is drawn again."""
    async with form(SIMPLE, {"name": "Anna"}) as (view, _pilot):
        editor = field(view, "name").query_one(FieldEditor)
        assert "Anna" in editor.render_lines(Region(0, 0, 20, 1))[0].text
        await editor.remove()
        assert editor.render_lines(Region(0, 0, 20, 1))[0].text.strip() == ""


async def test_a_secret_is_hidden_until_it_is_revealed() -> None:
    async with form({"properties": {"password": {"type": "string"}}, "required": ["password"]}) as (
        view,
        pilot,
    ):
        await type_in(pilot, "hunter2")
        editor = field(view, "password").control
        assert isinstance(editor, FieldEditor)
        assert editor.get_line(0).plain == "•" * 7
        assert view.draft.arguments() == {"password": "hunter2"}
        await pilot.press("ctrl+o")
        assert editor.get_line(0).plain == "hunter2"
        await pilot.press("ctrl+o")
        assert editor.get_line(0).plain == "•" * 7


async def test_a_secret_that_was_not_stored_is_asked_for_again() -> None:
    schema = {"properties": {"password": {"type": "string"}}, "required": ["password"]}
    async with form(schema, {"password": MASKED}) as (view, pilot):
        assert field(view, "password").chip == "secret"
        assert view.ready() is None
        await until(lambda: "type it again" in notes(field(view, "password")), "the problem")
        await type_in(pilot, "hunter2")
        assert view.ready() == {"password": "hunter2"}


async def test_entries_can_be_added_to_an_object_without_properties() -> None:
    async with form({"properties": {"labels": {"type": "object", "properties": {}}}}, {"labels": {}}) as (
        view,
        _pilot,
    ):
        assert len(view.query("AddButton")) == 1
