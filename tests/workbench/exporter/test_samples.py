"""Arguments made up from schemas."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from workbench.exporter.samples import sample_arguments


@pytest.mark.parametrize(
    ("properties", "arguments"),
    [
        ({"a": {"type": "integer"}}, {"a": 1}),
        ({"a": {"type": "integer", "minimum": 5}}, {"a": 5}),
        ({"a": {"type": "number", "exclusiveMinimum": 1, "multipleOf": 4}}, {"a": 8}),
        ({"a": {"type": "integer", "maximum": -3}}, {"a": -3}),
        ({"a": {"type": "string"}}, {"a": "a"}),
        ({"a": {"type": "string", "minLength": 3, "maxLength": 4}}, {"a": "aaa"}),
        ({"a": {"type": "string", "format": "date"}}, {"a": "2026-07-28"}),
        ({"sql": {"type": "string"}}, {"sql": "select 1 as one"}),
        ({"a": {"type": "boolean"}}, {"a": True}),
        ({"a": {"enum": ["x", "y"]}}, {"a": "x"}),
        ({"a": {"const": 3}}, {"a": 3}),
        ({"a": {"type": "string", "examples": ["e"]}}, {"a": "e"}),
        ({"a": {"anyOf": [{"type": "null"}, {"type": "integer"}]}}, {"a": 1}),
        ({"a": {"type": ["null", "string"]}}, {"a": "a"}),
        ({"a": {"type": "array", "items": {"type": "integer"}, "minItems": 2}}, {"a": [1, 1]}),
        ({"a": {"type": "array"}}, {"a": []}),
        ({"a": {"$ref": "#/$defs/point"}}, {"a": {"x": 1}}),
        ({"a": {"allOf": [{"$ref": "#/$defs/point"}, {"description": "d"}]}}, {"a": {"x": 1}}),
    ],
)
def test_the_smallest_arguments_that_fit(properties: dict[str, Any], arguments: dict[str, Any]) -> None:
    schema = {
        "type": "object",
        "properties": {**properties, "optional": {"type": "string"}},
        "required": list(properties),
        "$defs": {"point": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}},
    }
    assert sample_arguments(schema) == arguments
    Draft202012Validator(schema).validate(arguments)


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}
    assert sample_arguments({**node, "$defs": {"node": node}})
    assert sample_arguments({"$ref": "#"}) == {}
