"""Reading a schema: the kind of each place, its words, and schemas that are wrong or without end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workbench.forms.schemas import ORDER, PETS, TREE
from workbench.forms import MISSING, Shape, constraints, default_text, type_text


def shape(schema: Any) -> Shape:
    return Shape(schema, schema)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "integer"}, "integer"),
        ({"type": ["integer", "number"]}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"enum": [True, False]}, "boolean"),
        ({"type": "null"}, "null"),
        ({"enum": ["a", 1, {"b": []}]}, "choice"),
        ({"const": 3}, "choice"),
        ({"properties": {}}, "object"),
        ({"additionalProperties": {"type": "string"}}, "object"),
        ({"items": {}}, "array"),
        ({"minLength": 2}, "text"),
        ({"maximum": 2}, "number"),
        ({}, "any"),
        (True, "any"),
        (False, "any"),
        ({"type": "something"}, "any"),
        ("nonsense", "any"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "union"),
        ({"type": ["string", "integer"]}, "union"),
        ({"oneOf": [{"const": "a"}, {"const": "b", "title": "B"}]}, "choice"),
        ({"anyOf": [{"const": "a"}, {"enum": ["b"]}, {"type": "null"}]}, "choice"),
        ({"anyOf": [{"type": "null"}]}, "null"),
        ({"anyOf": [False, {"type": "string"}]}, "text"),
        ({"anyOf": [False, False]}, "any"),
        ({"allOf": [{"type": "string"}, {"maxLength": 3}]}, "text"),
    ],
)
def test_every_schema_has_a_kind(schema: Any, kind: str) -> None:
    assert shape(schema).kind == kind


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": ["string", "null"]},
        {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/T"}], "$defs": {"T": {"type": "string"}}},
        {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "null"}]}]},
    ],
)
def test_null_beside_one_type_is_that_type_and_nullable(schema: Any) -> None:
    found = shape(schema)

    assert (found.kind, found.nullable) == ("text", True)


def test_what_is_written_beside_an_optional_wins_over_what_is_inside() -> None:
    bill = Shape(ORDER["properties"]["bill"], ORDER)
    note = Shape(ORDER["properties"]["note"], ORDER)

    assert (bill.kind, bill.nullable, bill.name, bill.default) == ("object", True, "Address", None)
    assert list(bill.properties) == ["street", "zip"]
    assert constraints(note) == ("at most 200 characters",)
    assert Shape(ORDER["properties"]["to"], ORDER).description == "Where it goes"


def test_an_enumeration_keeps_values_of_any_type_and_null_apart() -> None:
    shipping = Shape(ORDER["properties"]["shipping"], ORDER)

    assert [choice.value for choice in shipping.choices] == ["post", "bike", 3, True]
    assert shipping.nullable


def test_choices_that_look_like_another_type_are_shown_as_json() -> None:
    labels = [
        choice.label for choice in shape({"enum": ["1", 1, "true", True, "", " a", "plain", [1]]}).choices
    ]

    assert labels == ['"1"', "1", '"true"', "true", '""', '" a"', "plain", "[1]"]


def test_constants_with_titles_say_both() -> None:
    options = [{"const": "de", "title": "German", "description": "Deutsch"}, {"const": "en"}]

    assert [tuple(choice) for choice in shape({"oneOf": options}).choices] == [
        ("de", "de  German", "Deutsch"),
        ("en", "en", ""),
    ]


def test_conditions_beside_properties_are_no_choice() -> None:
    schema = {"type": "object", "properties": {"a": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}

    assert (shape(schema).kind, list(shape(schema).properties)) == ("object", ["a"])


def test_all_of_means_both() -> None:
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"minimum": 1}}, "required": ["a"]},
            {"properties": {"a": {"maximum": 5}, "b": {"type": "string"}}, "required": ["b"]},
        ]
    }
    found = shape(schema)

    assert list(found.properties) == ["a", "b"]
    assert found.required == {"a", "b"}
    assert constraints(found.properties["a"]) == ("1 to 5",)


def test_of_two_bounds_the_tighter_one_counts() -> None:
    schema = {"allOf": [{"type": "number", "minimum": 1, "maximum": 9}, {"type": "integer", "minimum": 3}]}

    assert (shape(schema).kind, constraints(shape(schema))) == ("integer", ("3 to 9",))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "array", "items": {"type": "string"}}, "list of texts"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, "list of text or null"),
        ({"type": "array"}, "list"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map of integers"),
        ({"type": "object"}, "map"),
        ({"type": "array", "prefixItems": [{}, {}], "items": False}, "list of 2"),
        ({"type": ["integer", "string", "null"]}, "integer or text or null"),
        ({"const": "x"}, "fixed"),
        (ORDER["properties"]["lines"], "list of Line"),
        (PETS["properties"]["pet"], "Cat or Dog"),
        (TREE["$defs"]["Node"]["properties"]["children"], "list of Node"),
    ],
)
def test_the_type_is_said_in_words(schema: Any, text: str) -> None:
    root = {**ORDER, "$defs": {**ORDER["$defs"], **PETS["$defs"], **TREE["$defs"]}}

    assert type_text(Shape(schema, root)) == text


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 9}, ("≥ 1", "< 9")),
        ({"type": "number", "multipleOf": 0.5}, ("a multiple of 0.5",)),
        ({"type": "string", "minLength": 1, "format": "email"}, ("at least 1 character", "email")),
        ({"type": "string", "minLength": 4, "maxLength": 4}, ("exactly 4 characters",)),
        ({"type": "string", "pattern": "^a+$"}, ("matches ^a+$",)),
        ({"type": "array", "maxItems": 3, "uniqueItems": True}, ("at most 3 items", "all different")),
        ({"type": "object", "minProperties": 2}, ("at least 2 entries",)),
        ({"type": "integer", "minimum": "one"}, ()),
    ],
)
def test_constraints_are_said_in_words(schema: Any, words: tuple[str, ...]) -> None:
    assert constraints(shape(schema)) == words


def test_no_default_is_not_the_default_null() -> None:
    assert shape({"type": "string"}).default is MISSING
    assert shape({"type": ["string", "null"], "default": None}).default is None
    assert default_text(shape({"default": {"a": [1, 2]}})) == '{"a": [1, 2]}'
    assert default_text(shape({})) == ""


@pytest.mark.parametrize(
    ("reference", "trouble"),
    [
        ("#/$defs/Missing", "#/$defs/Missing is not in this schema"),
        ("https://example.org/book.json", "https://example.org/book.json is outside this schema"),
        ("#/$defs/Itself", "#/$defs/Itself refers to itself"),
        ("#/$defs/One", "#/$defs/One refers to itself"),
        (7, "a $ref is not a string"),
    ],
)
def test_a_reference_that_leads_nowhere_is_free_json_and_says_why(reference: Any, trouble: str) -> None:
    defs = {
        "Itself": {"$ref": "#/$defs/Itself"},
        "One": {"$ref": "#/$defs/Two"},
        "Two": {"$ref": "#/$defs/One"},
    }
    found = Shape({"$ref": reference}, {"$defs": defs})

    assert (found.kind, found.trouble) == ("any", trouble)


@pytest.mark.parametrize(
    ("root", "reference"),
    [
        ({"definitions": {"a b/c": {"type": "string"}}}, "#/definitions/a%20b~1c"),
        ({"$defs": {"T": {"$anchor": "here", "type": "string"}}}, "#here"),
        ({"$defs": {"T": {"$id": "t.json", "type": "string"}}}, "t.json"),
        ({"properties": {"a": {"anyOf": [{}, {"type": "string"}]}}}, "#/properties/a/anyOf/1"),
    ],
)
def test_references_of_every_spelling_are_followed(root: Any, reference: str) -> None:
    assert Shape({"$ref": reference}, root).kind == "text"


def test_a_choice_between_itself_and_null_ends() -> None:
    root = {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}}}
    found = Shape({"$ref": "#/$defs/A"}, root)

    assert (found.kind, found.nullable) == ("any", True)
    assert "itself" in found.trouble


def test_a_choice_between_itself_and_itself_ends() -> None:
    root = {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}]}}}

    assert type_text(Shape({"$ref": "#/$defs/A"}, root)) == "one of several"


def test_parts_that_double_at_each_level_do_not_explode() -> None:
    defs: dict[str, Any] = {f"L{n}": {"allOf": [{"$ref": f"#/$defs/L{n + 1}"}] * 2} for n in range(40)}
    found = Shape({"$ref": "#/$defs/L0"}, {"$defs": {**defs, "L40": {"type": "string"}}})

    assert found.trouble == "the schema has too many parts here"


def test_an_entry_of_a_map_gets_the_shape_that_its_name_asks_for() -> None:
    found = shape(
        {"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": {"type": "string"}}
    )

    assert (found.entry("n_pages").kind, found.entry("title").kind) == ("integer", "text")
    assert found.open
    assert not shape({"properties": {"a": {}}, "additionalProperties": False}).open
    assert not shape({"properties": {"a": {}}}).open
    assert shape({"patternProperties": {"(": {}}}).entry("x").kind == "any"


@pytest.mark.parametrize("schema", [False, {"anyOf": [False, False]}, {"not": {}}])
def test_a_place_where_nothing_is_valid_says_so(schema: Any) -> None:
    assert shape(schema).trouble == "nothing is valid here"


def test_two_choices_in_all_of_are_both_offered() -> None:
    named = {name: {"properties": {name: {"type": "string"}}, "required": [name]} for name in "abcd"}
    a, b, c, d = named.values()
    first = shape({"allOf": [{"oneOf": [a, b]}, {"oneOf": [c, d]}]})

    assert first.kind == "union"
    chosen = [
        (sorted(second.properties), second.kind) for one in first.alternatives for second in one.alternatives
    ]
    assert chosen == [
        (["a", "c"], "object"),
        (["a", "d"], "object"),
        (["b", "c"], "object"),
        (["b", "d"], "object"),
    ]


def test_a_choice_beside_conditions_is_still_offered() -> None:
    kinds = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    conditions = {"oneOf": [{"minLength": 3}, {"maxLength": 1}]}

    assert shape({"allOf": [kinds, conditions]}).kind == "union"
    assert shape({"allOf": [conditions, kinds]}).kind == "union"


def test_entries_whose_names_match_a_pattern_can_be_added() -> None:
    headers = shape({"patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False})

    assert headers.open
    assert headers.entry("x-a").kind == headers.entry("").kind == headers.entry("x").kind == "integer"


def test_a_pattern_that_explodes_decides_over_an_entry_at_once() -> None:
    assert shape({"patternProperties": {"^(a+)+$": {"type": "integer"}}}).entry("a" * 40 + "!").kind == "any"
