"""What each kind of field makes of what is typed, and that omitted, null and empty are three things."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workbench.forms.schemas import ORDER, PETS, TREE
from workbench.forms import (
    OMITTED,
    ChoiceField,
    Field,
    Form,
    JsonField,
    ListField,
    NumberField,
    ObjectField,
    Problem,
    TextField,
    UnionField,
)

FIELD_SCHEMAS: dict[str, Any] = {
    "text": {"type": "string"},
    "maybe": {"type": ["string", "null"]},
    "count": {"type": "integer"},
    "price": {"type": "number"},
    "yes": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string"}},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "part": {"type": "object", "properties": {"a": {"type": "string"}}},
    "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "free": {},
    "fixed": {"const": 7},
}


def form(*required: str, schema: Any = None) -> Form:
    return Form(schema or {"type": "object", "properties": FIELD_SCHEMAS, "required": list(required)})


def field(of: Form, *path: str | int) -> Any:
    found = of.find(path)
    assert found.path == path
    return found


def test_an_untouched_form_sends_nothing() -> None:
    assert form().to_arguments() == {}


def test_a_required_field_is_sent_only_once_it_is_filled_in() -> None:
    some = form("text", "count", "yes", "either")

    assert some.to_arguments() == {}
    assert [problem.where for problem in some.warnings()] == ["count", "either", "text", "yes"]


def test_a_required_object_and_a_required_constant_are_there_at_once() -> None:
    assert form("part", "fixed", "list", "map").to_arguments() == {
        "part": {},
        "fixed": 7,
        "list": [],
        "map": {},
    }


def test_a_required_field_with_a_default_begins_with_it() -> None:
    schema = {"properties": {"a": {"type": "integer", "default": 3}}, "required": ["a"]}

    assert form(schema=schema).to_arguments() == {"a": 3}


def test_omitted_null_and_empty_are_three_things() -> None:
    some = form()
    maybe: TextField = field(some, "maybe")
    sent = [some.to_arguments()]
    maybe.cycle()
    sent.append(some.to_arguments())
    maybe.cycle()
    sent.append(some.to_arguments())
    maybe.cycle()
    sent.append(some.to_arguments())

    assert sent == [{}, {"maybe": ""}, {"maybe": None}, {}]


def test_typing_makes_a_value_and_emptying_a_text_keeps_the_empty_one() -> None:
    some = form()
    text: TextField = field(some, "text")
    text.type("  a\nb ")

    assert some.to_arguments() == {"text": "  a\nb "}

    text.type("")

    assert some.to_arguments() == {"text": ""}


def test_what_was_typed_survives_the_way_through_the_states() -> None:
    some = form()
    maybe: TextField = field(some, "maybe")
    maybe.type("kept")
    maybe.set_state("null")
    maybe.set_state("omit")
    maybe.set_state("value")

    assert some.to_arguments() == {"maybe": "kept"}


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("5", 5), (" -12 ", -12), ("+7", 7), ("1.0", 1.0), ("1e3", 1000.0), ("0", 0), ("-0.5", -0.5)],
)
def test_numbers_are_sent_with_the_type_in_which_they_were_typed(typed: str, sent: float) -> None:
    some = form()
    field(some, "price").type(typed)
    answer = some.to_arguments()["price"]

    assert (answer, type(answer)) == (sent, type(sent))


def test_an_emptied_number_is_omitted() -> None:
    some = form()
    count: NumberField = field(some, "count")
    count.type("5")
    count.type("")

    assert some.to_arguments() == {}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("abc", "'abc' is not a number"),
        ("1,5", "'1,5' is not a number; use a decimal point: 1.5"),
        ("007", "'007' is not a number: remove the leading zeros"),
        ("1_000", "'1_000' is not a number"),
        ("٣", "'٣' is not a number"),
        ("NaN", "NaN can't be sent: JSON has no such number"),
        ("1e999", "1e999 is too large for a number"),
        ("9" * 2000, "has more than 1000 digits"),
    ],
)
def test_what_is_no_number_is_said_and_not_sent(typed: str, message: str) -> None:
    some = form()
    field(some, "count").type(typed)

    assert some.problems() == [Problem(("count",), message)]


def test_a_broken_whole_number_can_be_sent_and_is_warned_of() -> None:
    some = form()
    field(some, "count").type("1.5")

    assert some.to_arguments() == {"count": 1.5}
    assert some.warnings() == [Problem(("count",), "1.5 is not an integer")]


def test_true_and_false_are_chosen_and_neither_is_the_beginning() -> None:
    some = form("yes")
    yes: ChoiceField = field(some, "yes")

    assert some.to_arguments() == {}

    yes.choose(1)

    assert some.to_arguments() == {"yes": False}


def test_choices_send_the_value_and_not_its_label() -> None:
    some = Form(ORDER)
    shipping: ChoiceField = field(some, "shipping")
    shipping.choose([choice.label for choice in shipping.choices].index("3"))

    assert some.to_arguments()["shipping"] == 3

    shipping.set_state("null")

    assert some.to_arguments()["shipping"] is None


def test_free_json_is_sent_as_it_is_typed() -> None:
    some = form()
    free: JsonField = field(some, "free")
    free.type_json('{"a": [1, null]}')

    assert some.to_arguments() == {"free": {"a": [1, None]}}

    free.type_json("")

    assert some.to_arguments() == {}


def test_json_that_is_none_is_a_problem_and_never_dropped() -> None:
    some = form()
    free: JsonField = field(some, "free")
    free.type_json('{"a": ')

    assert some.problems() == [Problem(("free",), "line 1, column 7: it ends too early: { is not closed")]
    assert free.draft() == '{"a": '


# -- any field as JSON


def test_any_field_can_be_sent_as_json_even_what_does_not_fit() -> None:
    some = form()
    count: NumberField = field(some, "count")
    count.type_json('"five"')

    assert some.to_arguments() == {"count": "five"}
    assert some.warnings() == [Problem(("count",), '"five" is not an integer')]


def test_a_field_turned_to_json_shows_what_it_had_and_takes_it_back() -> None:
    some = form()
    part: ObjectField = field(some, "part")
    part.present()
    field(some, "part", "a").type("x")
    part.use_json()

    assert part.json_text == '{"a": "x"}'

    part.type_json('{"a": "y", "b": 1}')

    assert part.leave_json() == ""
    assert some.to_arguments() == {"part": {"a": "y", "b": 1}}


def test_json_that_does_not_fit_its_field_stays_json() -> None:
    some = form()
    part: ObjectField = field(some, "part")
    part.type_json("[1, 2")

    assert part.leave_json() == "not valid JSON yet: line 1, column 6: it ends too early: [ is not closed"

    part.type_json("[1, 2]")

    assert part.leave_json() == "this JSON does not fit the form; it is sent unchanged"
    assert some.to_arguments() == {"part": [1, 2]}


def test_invalid_json_stays_with_its_field_while_another_state_is_tried() -> None:
    some = form()
    part: ObjectField = field(some, "part")
    part.type_json("[1,")
    part.set_state("omit")
    part.use_json()

    assert part.json_text == "[1,"


# -- lists


def test_items_are_added_removed_and_moved() -> None:
    some = form()
    items: ListField = field(some, "list")
    for text in "abc":
        item = items.add()
        assert isinstance(item, TextField)
        item.type(text)

    assert items.move(items.items[2], -1)
    assert not items.move(items.items[0], -1)
    items.remove(items.items[0])

    assert some.to_arguments() == {"list": ["c", "b"]}
    assert [item.path for item in items.items] == [("list", 0), ("list", 1)]


def test_an_item_without_a_value_is_a_problem_since_it_can_not_be_left_out() -> None:
    schema = {"properties": {"numbers": {"type": "array", "items": {"type": "integer"}}}}
    some = form(schema=schema)
    numbers: ListField = field(some, "numbers")
    numbers.add()

    assert some.problems() == [Problem(("numbers", 0), "has no value yet")]
    assert "omit" not in numbers.items[0].states


def test_a_tuple_has_its_places_at_once_and_keeps_them() -> None:
    pair = {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}
    some = form(schema={"properties": {"pair": pair}, "required": ["pair"]})
    places: ListField = field(some, "pair")
    first, second = places.items
    assert isinstance(first, TextField)
    assert isinstance(second, NumberField)
    first.type("a")
    second.type("1")

    assert some.to_arguments() == {"pair": ["a", 1]}
    assert not places.can_grow
    assert not places.move(first, 1)


def test_a_list_of_a_thousand_is_json_text_and_not_a_thousand_fields() -> None:
    some = form()
    some.from_arguments({"list": ["x"] * 1000})

    assert field(some, "list").state == "json"
    assert some.to_arguments() == {"list": ["x"] * 1000}


# -- maps


def test_entries_of_a_map_have_names_that_are_typed() -> None:
    some = form()
    labels: ObjectField = field(some, "map")
    entry = labels.add_entry()

    assert [problem.message for problem in some.problems()] == [
        "has no value yet",
        'needs a name (the empty name is written "")',
    ]

    entry.rename("pages")
    assert isinstance(entry.field, NumberField)
    entry.field.type("3")

    assert some.to_arguments() == {"map": {"pages": 3}}


def test_an_entry_without_a_name_and_a_name_given_twice_are_problems() -> None:
    some = form()
    labels: ObjectField = field(some, "map")
    for _ in range(2):
        entry = labels.add_entry("a")
        assert isinstance(entry.field, NumberField)
        entry.field.type("1")

    assert some.problems() == [Problem(("map", "a"), "the name 'a' appears twice")]

    labels.entries[0].rename("")

    assert some.problems() == [Problem(("map", ""), 'needs a name (the empty name is written "")')]


@pytest.mark.parametrize("name", ["", '"quoted"', "a b", "\x1b[2J", "line\nbreak", "{", "ü"])
def test_any_name_can_be_typed(name: str) -> None:
    some = form()
    some.from_arguments({"map": {name: 1}})
    labels: ObjectField = field(some, "map")
    shown = labels.entries[0].text
    labels.entries[0].rename("other")
    labels.entries[0].rename(shown)

    assert shown.isprintable()
    assert some.to_arguments() == {"map": {name: 1}}


def test_an_entry_that_is_renamed_gets_the_shape_of_its_new_name_and_keeps_what_was_typed() -> None:
    schema = {"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": {"type": "string"}}
    some = form(schema=schema)
    root = some.root
    assert isinstance(root, ObjectField)
    entry = root.add_entry("x")
    assert isinstance(entry.field, TextField)
    entry.field.type("5")
    entry.rename("n_x")

    assert isinstance(entry.field, NumberField)
    assert some.to_arguments() == {"n_x": "5"}  # as it was typed: still a text, now shown as JSON


def test_what_the_schema_does_not_name_can_be_sent_too() -> None:
    some = form()
    some.from_arguments({"unknown": [1]})

    assert some.to_arguments() == {"unknown": [1]}


# -- choices between shapes


def test_an_alternative_keeps_what_was_typed_while_another_is_chosen() -> None:
    some = form()
    either: UnionField = field(some, "either")
    assert isinstance(either.part, NumberField)
    either.part.type("5")

    assert some.to_arguments() == {"either": 5}

    either.choose(1)
    assert isinstance(either.part, TextField)
    either.part.type("5")

    assert some.to_arguments() == {"either": "5"}

    either.choose(0)

    assert some.to_arguments() == {"either": 5}


def test_emptying_the_number_of_a_choice_omits_the_choice() -> None:
    some = form()
    either: UnionField = field(some, "either")
    assert isinstance(either.part, NumberField)
    either.part.type("5")
    either.part.type("")

    assert (some.to_arguments(), either.state) == ({}, "omit")


def test_the_alternative_is_found_by_its_mark() -> None:
    some = Form(PETS, {"pet": {"kind": "dog", "tricks": ["sit"]}})
    pet: UnionField = field(some, "pet")

    assert pet.chosen == 1
    assert some.to_arguments() == {"pet": {"kind": "dog", "tricks": ["sit"]}}


def test_a_required_choice_between_objects_unfolds_with_its_mark() -> None:
    assert Form(PETS).to_arguments() == {"pet": {"kind": "cat"}}


def test_a_part_of_a_choice_is_at_the_path_of_the_choice() -> None:
    some = Form(PETS)
    pet = next(found for found in some.fields() if isinstance(found, UnionField))
    lives = next(part for part in pet.part.parts if part.key == "lives")

    assert lives.path == ("pet", "lives")


# -- without end


def test_a_schema_that_contains_itself_unfolds_one_step_at_a_time() -> None:
    some = Form(TREE)

    assert some.to_arguments() == {"tree": {}}
    assert [found.path for found in some.fields()] == [
        (),
        ("tree",),
        ("tree", "name"),
        ("tree", "children"),
        ("tree", "next"),
    ]

    following: ObjectField = field(some, "tree", "next")
    following.present()
    child = field(some, "tree", "children").add()

    assert child.state == "value"
    assert some.to_arguments() == {"tree": {"next": {}, "children": [{}]}}


def test_a_schema_that_refers_to_its_root_is_a_form() -> None:
    schema = {"type": "object", "properties": {"child": {"$ref": "#"}}, "required": ["child"]}

    assert len(list(Form(schema).fields())) <= 4


def test_a_root_that_chooses_between_itself_is_a_form() -> None:
    schema = {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}
    some = Form(schema, {"a": 1})

    assert some.to_arguments() == {"a": 1}


def test_required_objects_that_double_at_each_level_unfold_only_so_far() -> None:
    defs: dict[str, Any] = {
        f"L{n}": {
            "type": "object",
            "properties": {side: {"$ref": f"#/$defs/L{n + 1}"} for side in "ab"},
            "required": ["a", "b"],
        }
        for n in range(30)
    }
    some = Form({"$ref": "#/$defs/L0", "$defs": {**defs, "L30": {"type": "string"}}})

    assert sum(1 for _ in some.fields()) < 1000


def test_reading_a_field_that_is_omitted_answers_no_value() -> None:
    text: Field = field(form(), "text")

    assert text.read([]) is OMITTED
