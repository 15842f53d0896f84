"""Patterns that explode in engines that backtrack are distinguished from those that don't."""

from __future__ import annotations

import pytest

from workbench.backtracking import backtracks_exponentially, pattern_problems

EXPLODE = [
    "^(a+)+$",
    "^(a*)*$",
    r"^(\w+\s?)+$",
    r"^(\w+\d)+$",
    "^(a|a+)*$",
    "^(a+|b)*$",
    "^foo((ab)+)+$",
    r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^(?:[a-z]+){10,}$",
    r"^(?=(a+)+b)",
    r"^(\p{L}+)*$",
    r"(.*a){12}$",
]
DO_NOT = [
    "^a+$",
    r"^\w+(\.\w+)*$",
    r"^[a-z]+(-[a-z]+)*$",
    r"^([a-z]+-)*[a-z]+$",
    r"^(\w+\s)+$",
    r"^(foo|far)+$",
    r"^(a|b)*$",
    r"^(ab)+$",
    r"^(a+){1,3}$",
    r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
    r"^(?=.*[A-Z])(?=.*\d).{8,}$",
    r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$",
    r"^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$",
    r"^#[0-9a-f]{6}$",
    "(",
    "",
]


@pytest.mark.parametrize("expression", EXPLODE)
def test_a_pattern_that_explodes_is_found(expression: str) -> None:
    assert backtracks_exponentially(expression)


@pytest.mark.parametrize("expression", DO_NOT)
def test_a_pattern_that_does_not_explode_is_left_alone(expression: str) -> None:
    assert not backtracks_exponentially(expression)


def test_a_schemas_patterns_are_found_with_their_places() -> None:
    schema = {
        "properties": {
            "name": {"anyOf": [{"type": "string", "pattern": "^(a+)+$"}, {"type": "null"}]},
            "pattern": {"type": "string", "pattern": "^(?!x)y"},
            "short": {"type": "string", "pattern": "^(?!x)y", "maxLength": 10},
        },
        "patternProperties": {"^(b*)*$": {}},
    }

    found = list(pattern_problems(schema))

    assert [text.partition(" takes")[0].partition(" has")[0] for text in found] == [
        "the pattern ^(b*)*$",
        "the pattern ^(a+)+$ (at properties.name.anyOf[0])",
        "the pattern ^(?!x)y (at properties.pattern)",
    ]
