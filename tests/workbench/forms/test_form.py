"""The form as a whole: arguments in and out exactly, JSON both ways, warnings that never block."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_core.masking import MASKED
from server_core.schemas.validation import SchemaValidator
from tests.workbench.forms.schemas import ORDER, PETS, TREE
from workbench.forms import Form, FormError, JsonError, NumberField, ObjectField, UnionField

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('abc\x1b"é', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)

words = st.sampled_from(["a", "b", "c"])
schemas = st.recursive(
    st.sampled_from(
        [
            {},
            True,
            {"type": "string"},
            {"type": "integer", "default": 2},
            {"type": ["number", "null"]},
            {"type": "boolean"},
            {"enum": [1, "1", None, {"a": 1}]},
            {"const": 1},
            {"$ref": "#/$defs/Loop"},
            {"$ref": "#/nowhere"},
        ]
    ),
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda one, other: {"prefixItems": [one, other]}, inner, inner)
        | st.builds(lambda one, other: {"anyOf": [one, other, {"type": "null"}]}, inner, inner)
        | st.builds(lambda more: {"type": "object", "additionalProperties": more}, inner)
        | st.builds(
            lambda parts, required: {"type": "object", "properties": parts, "required": required},
            st.dictionaries(words, inner, max_size=3),
            st.lists(words, unique=True, max_size=2),
        )
    ),
    max_leaves=6,
)
LOOP = {"Loop": {"type": "object", "properties": {"a": {"$ref": "#/$defs/Loop"}, "b": {}}, "required": ["a"]}}


def exactly(one: Any, other: Any) -> bool:
    """Equality that tells 1 from 1.0 and from true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(exactly(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(exactly, one, other))
    return bool(one == other)


@given(schema=schemas, arguments=st.dictionaries(words, json_values, max_size=3))
def test_whatever_is_filled_in_is_sent_exactly_whatever_the_schema(
    schema: Any, arguments: dict[str, Any]
) -> None:
    root = {"$defs": LOOP, "properties": {"a": schema, "b": schema}, "required": ["a"]}
    form = Form(root)
    form.from_arguments(arguments)

    assert exactly(form.to_arguments(), arguments)

    form.from_json(form.to_json())

    assert exactly(form.to_arguments(), arguments)


@given(arguments=st.dictionaries(words, json_values, max_size=3))
def test_arguments_go_through_the_form_of_another_tool_unharmed(arguments: dict[str, Any]) -> None:
    assert exactly(Form(ORDER, arguments).changed_to(PETS).changed_to(TREE).to_arguments(), arguments)


def test_an_order_is_filled_in_and_sent() -> None:
    arguments = {
        "customer": "Ada",
        "to": {"street": "Main 1", "zip": "12345"},
        "bill": None,
        "lines": [{"isbn": "9780131103627", "gift": None}, {"isbn": "0201633612", "copies": 2}],
        "labels": {"weight": 1.5},
    }
    form = Form(ORDER, arguments)

    assert form.to_arguments() == arguments
    assert form.warnings() == []


def test_what_does_not_fit_the_schema_is_warned_of_at_its_place_and_sent_all_the_same() -> None:
    arguments = {
        "customer": 5,
        "to": {"zip": "1"},
        "lines": [{"isbn": "short", "copies": 1000}],
        "shipping": "ship",
    }
    form = Form(ORDER, arguments)

    assert form.to_arguments() == arguments
    assert [(problem.where, problem.message) for problem in form.warnings()] == [
        ("customer", "5 is not a string"),
        ("lines[0].copies", "1000 is more than the maximum of 100"),
        ("lines[0].isbn", "has 5 characters, fewer than the minimum of 10"),
        ("shipping", '"ship" is not one of "post", "bike", 3, null, true'),
        ("to.street", "is required"),
        ("to.zip", r'"1" does not match ^\d{5}$'),
    ]


@pytest.mark.parametrize(
    ("schema", "value", "warning"),
    [
        (ORDER["properties"]["note"], 5, "5 is not a string"),
        (ORDER["properties"]["note"], "n" * 201, "has 201 characters, more than the maximum of 200"),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            [],
            "[] is not a string or an integer",
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 3}]},
            2,
            "2 is less than the minimum of 3",
        ),
        (PETS["properties"]["pet"], {"kind": "cat", "lives": "9"}, '"9" is not an integer'),
        (
            {"oneOf": [{"minimum": 1}, {"minimum": 2}]},
            3,
            "3 fits more than one of the alternatives",
        ),
        ({"type": "string", "format": "date"}, "tomorrow", '"tomorrow" is not a valid date'),
        ({"additionalProperties": False}, {"x": 1}, "is not allowed here; no such property"),
    ],
)
def test_a_warning_is_about_what_was_most_likely_meant(schema: Any, value: Any, warning: str) -> None:
    root = {**schema, "$defs": PETS["$defs"]}

    assert [problem.message for problem in SchemaValidator(root).problems(value)] == [warning]


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, "refers to itself endlessly"),
        ({"$ref": "https://example.org/never-fetched.json"}, "does not exist in this schema"),
        ({"type": 5}, "the schema is invalid: type"),
        ({"properties": {"a": {"pattern": "("}}}, "the schema is invalid: properties.a.pattern"),
        ("nonsense", "the schema is invalid"),
    ],
)
def test_a_schema_that_can_not_be_used_is_said_and_blocks_nothing(schema: Any, says: str) -> None:
    form = Form(schema, {"a": "x"})

    assert form.to_arguments() == {"a": "x"}
    assert says in form.warnings()[0].message


def test_half_characters_are_refused_with_the_place() -> None:
    form = Form({"properties": {"a": {"type": "string"}}})
    form.find(("a",)).type("\ud800")  # type: ignore[attr-defined]

    with pytest.raises(FormError, match="a has a lone surrogate") as caught:
        form.to_arguments()

    assert caught.value.problems[0].path == ("a",)


def test_what_can_not_be_sent_yet_stands_in_the_json_as_the_text_that_was_typed() -> None:
    form = Form({"properties": {"n": {"type": "integer"}, "free": {}, "list": {"type": "array"}}})
    number = form.find(("n",))
    assert isinstance(number, NumberField)
    number.type("abc")
    form.find(("free",)).type_json('{"a": ')

    assert form.to_json() == '{\n  "n": "abc",\n  "free": "{\\"a\\": "\n}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "arguments must be a JSON object: {…}"),
        ('"a"', "arguments must be a JSON object: {…}"),
        ('{"a": }', "line 1, column 7: expecting value"),
    ],
)
def test_json_that_can_not_be_taken_changes_nothing(text: str, message: str) -> None:
    form = Form(ORDER, {"customer": "kept"})

    with pytest.raises(JsonError) as caught:
        form.from_json(text)

    assert str(caught.value) == message
    assert form.to_arguments() == {"customer": "kept"}


def test_an_empty_json_text_is_no_arguments() -> None:
    form = Form(ORDER, {"customer": "gone"})
    form.from_json("  \n")

    assert form.to_arguments() == {}


def test_filling_in_omits_what_the_arguments_do_not_have() -> None:
    form = Form(ORDER, {"customer": "Ada", "note": "n"})
    form.from_arguments({"customer": "Eve"})

    assert form.to_arguments() == {"customer": "Eve"}


def test_a_field_is_found_by_its_path_or_the_nearest_one_above() -> None:
    form = Form(ORDER, {"lines": [{"isbn": "x"}]})

    assert form.find(("lines", 0, "isbn")).path == ("lines", 0, "isbn")
    assert form.find(("lines", 0, "unknown", 3)).path == ("lines", 0)
    assert form.find(("nothing",)).path == ()


def test_a_tool_without_parameters_has_nothing_to_fill_in() -> None:
    assert Form({"type": "object", "properties": {}, "additionalProperties": False}).is_empty
    assert not Form({"type": "object"}).is_empty
    assert not Form(ORDER).is_empty


def test_a_root_that_is_a_choice_between_objects_is_one_in_the_form() -> None:
    schema = {
        "type": "object",
        "oneOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}],
    }
    form = Form(schema, {"b": 1})

    assert isinstance(form.root, UnionField)
    assert form.root.chosen == 1
    assert form.to_arguments() == {"b": 1}


def test_an_object_without_properties_takes_entries_but_a_tool_without_arguments_none() -> None:
    nothing = {"type": "object", "properties": {}}
    form = Form({"properties": {"labels": nothing}}, {"labels": {}})

    labels = form.find(("labels",))
    assert isinstance(labels, ObjectField)
    assert labels.shape.open
    assert Form(nothing).is_empty


SECRETS = {
    "properties": {
        "password": {"type": "string"},
        "key": {"type": "string", "writeOnly": True, "format": "password"},
        "pin": {"type": "integer"},
        "url": {"type": "string"},
        "login": {"type": "object", "properties": {"user": {"type": "string"}, "token": {"type": "string"}}},
        "plain": {"type": "string"},
    },
    "required": ["password"],
}


def test_secrets_that_were_not_stored_are_empty_and_not_sent_before_they_are_typed_or_omitted() -> None:
    stored = {
        "password": MASKED,
        "key": MASKED,
        "pin": MASKED,
        "url": f"https://a.example/?token={MASKED}",
        "login": {"user": "ada", "token": MASKED},
        "plain": "x",
    }
    form = Form(SECRETS, stored)

    assert {problem.where for problem in form.problems()} == {"password", "key", "pin", "url", "login.token"}
    assert form.changed_to(SECRETS).problems() == form.problems()
    for name in ("password", "url"):
        form.find((name,)).fill("typed")
    for path in (("key",), ("pin",), ("login", "token")):
        form.find(path).set_state("omit")
    assert form.to_arguments() == {
        "password": "typed",
        "url": "typed",
        "login": {"user": "ada"},
        "plain": "x",
    }


def test_a_mask_in_json_is_not_sent() -> None:
    form = Form(SECRETS, {"password": "x"})
    form.find(("plain",)).type_json(f'"{MASKED}"')

    assert [problem.where for problem in form.problems()] == ["plain"]
