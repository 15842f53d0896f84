"""Forms for whatever comes as a schema: valid, malformed, without end. They never raise, and take up any value."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.forms import Form, FormError, Shape, constraints, default_text, example_text, type_text
from workbench.forms.groups import ListField, ObjectField, UnionField

TYPES = ("string", "integer", "number", "boolean", "null", "object", "array")
NAMES = st.sampled_from(["a", "b", "", "x-y"])
ODD = st.sampled_from(
    [None, True, False, 0, -1, 1.5, "", "a", "(", "^(a+)+$", [], {}, [{}], ["a", 1], {"a": 1}]
)
REFERENCES = st.sampled_from(
    [
        "#",
        "#/$defs/a",
        "#/$defs/b",
        "#/$defs/none",
        "#a",
        "#/properties/a/items",
        "#/allOf/٣",
        "http://192.0.2.1/x",
        3,
    ]
)
VALUES = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def words(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    schemas, named = st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)
    known: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), max_size=3),
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "(", "(?=x)y"]), inner, max_size=2),
        "additionalProperties": inner,
        "items": inner | schemas,
        "required": st.lists(NAMES, max_size=2),
        "enum": st.lists(VALUES, max_size=3),
        "const": VALUES,
        "default": VALUES,
        "examples": st.lists(VALUES, max_size=2),
        "$ref": REFERENCES,
        "$defs": named,
        **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), schemas),
        **dict.fromkeys(("not", "if", "then", "else", "contains", "propertyNames"), inner),
        **dict.fromkeys(
            ("$dynamicRef", "$anchor", "title", "description", "format", "pattern"), REFERENCES | ODD
        ),
        **dict.fromkeys(("minimum", "maximum", "minLength", "maxItems", "multipleOf", "uniqueItems"), ODD),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES), max_size=2),
    }
    wrong = st.dictionaries(st.sampled_from(sorted(known)), ODD, max_size=1)
    right = st.fixed_dictionaries({}, optional=known)
    few = st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=4, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({word: known[word] for word in chosen})
    )
    return st.builds(lambda one, other: {**one, **other}, few | few | right, wrong)


SCHEMAS = st.recursive(st.booleans() | ODD, words, max_leaves=12)


@given(schema=SCHEMAS, arguments=st.dictionaries(NAMES, VALUES, max_size=3))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_form_for_any_schema_sends_what_was_filled_in(schema: Any, arguments: dict[str, Any]) -> None:
    form = Form(schema)
    for field in list(form.fields()):
        shape = field.shape
        assert isinstance(type_text(shape) + default_text(shape) + example_text(shape), str)
        assert all(constraints(shape))
        field.cycle()
        field.use_json()
        field.leave_json()
        if isinstance(field, ListField):
            field.add()
        elif isinstance(field, ObjectField):
            field.add_entry().rename("a")
        elif isinstance(field, UnionField):
            field.choose(len(shape.alternatives) - 1)
    form.to_json()
    form.warnings()

    form = Form(schema, arguments)
    try:
        assert form.to_arguments() == arguments
    except FormError as error:
        assert error.problems  # noqa: PT017 - one or the other
    form.warnings()
    form.changed_to({})


@given(schema=SCHEMAS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_shape_of_any_schema_has_a_kind(schema: Any) -> None:
    waiting, seen = [Shape(schema, schema)], 0
    while waiting and seen < 50:
        shape = waiting.pop()
        seen += 1
        assert shape.kind
        assert repr(shape)
        waiting += [*shape.properties.values(), *shape.places, *shape.alternatives, shape.entry("a")]
        waiting += [shape.rest] if shape.rest is not None else []
