"""`key=value` becomes what the tool's schema takes, and mistakes say which and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.arguments import json_arguments, pairs, typed
from workbench.cli.failures import USAGE, CommandError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "name": {"type": "string"},
        "on": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "colour": {"enum": ["red", 3, None]},
        "point": {"$ref": "#/$defs/Point"},
        "anything": {},
    },
    "required": ["count"],
    "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "integer"}}}},
}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("count=3", 3),
        ("share=3", 3),
        ("share=0.5", 0.5),
        ("name=3", "3"),
        ("name=", ""),
        ("name=a=b", "a=b"),
        ("on=true", True),
        ('tags=["a"]', ["a"]),
        ("maybe=null", None),
        ("maybe=4", 4),
        ("either=word", "word"),
        ("either=5", 5),
        ("colour=red", "red"),
        ("colour=3", 3),
        ("colour=null", None),
        ('point={"x": 1}', {"x": 1}),
        ("anything=[1]", [1]),
        ("anything=text", "text"),
    ],
)
def test_a_word_is_typed_by_its_property(word: str, value: object) -> None:
    key = word.partition("=")[0]
    assert typed(["count=1", word] if key != "count" else [word], SCHEMA)[key] == value


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["count=three"], "count must be an integer, not 'three'"),
        (["count=1", "on=yes"], "on must be a boolean, not 'yes'"),
        (["count=1", "colour=blue"], "colour must be one of red, 3, None"),
        (["count=1", "tags={}"], "tags must be a JSON array"),
        ([], "Missing argument: count"),
        (["cuont=1"], "Unknown argument cuont; did you mean count"),
        (["count"], "'count' is not key=value"),
        (["count=1", "count=2"], "count is given twice"),
    ],
)
def test_a_mistake_is_a_usage_error_that_says_which_and_why(words: list[str], says: str) -> None:
    with pytest.raises(CommandError) as caught:
        typed(words, SCHEMA)
    assert says in str(caught.value)
    assert caught.value.code == USAGE


def test_args_takes_json_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"a": 1}))
    assert json_arguments('{"a": 1}') == {"a": 1}
    assert json_arguments(f"@{path}") == {"a": 1}


@pytest.mark.parametrize("text", ["[1]", "{", "@/no/such/file.json"])
def test_args_that_are_no_object_are_refused(text: str) -> None:
    with pytest.raises(CommandError):
        json_arguments(text)


def test_pairs_are_texts() -> None:
    assert pairs(["a=1", "b="]) == {"a": "1", "b": ""}
