"""JSON as it is typed: what is refused and how that is said, what is made visible."""

from __future__ import annotations

import pytest

from workbench.forms.jsontext import JsonError, dump_json, parse_json, same_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; type a JSON value"),
        ('{"a": 1', "line 1, column 8: it ends too early: { is not closed"),
        ('{"a": [1, 2', "line 1, column 12: it ends too early: [ is not closed"),
        ('{"a": ', "line 1, column 7: it ends too early: { is not closed"),
        ('{\n  "a": True}', "line 2, column 8: in JSON it is true, not True"),
        ("[None]", "line 1, column 2: in JSON it is null, not None"),
        ("{'a': 1}", 'line 1, column 2: JSON requires "double quotes"'),
        ("hello world", 'line 1, column 1: hello needs quotes: "hello"'),
        ('{"a": 1,}', "line 1, column 9: extra comma before }"),
        ("[1,]", "line 1, column 4: extra comma before ]"),
        ("1 2", "line 1, column 3: extra text after the end of the value"),
        ('{"a": 1, "a": 2}', 'the key "a" appears twice in one object; only one value can be sent'),
        ("[NaN]", "NaN is not a JSON number and can't be sent"),
        ("-Infinity", "-Infinity is not a JSON number and can't be sent"),
        ("1e999", "the number 1e999 is too large"),
        ("1" * 5000, "the number 11111111111111111111… has too many digits"),
        ("[" * 200_000, "the JSON is nested too deeply"),
        (r'"\ud800"', "the text has a lone surrogate (half a character), which can't be sent"),
        (r'{"\uDFFF": 1}', "the text has a lone surrogate (half a character), which can't be sent"),
    ],
)
def test_what_can_not_be_sent_is_refused_and_says_where_and_why(text: str, message: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse_json(text)

    assert str(caught.value) == message


def test_pairs_of_surrogates_are_one_character() -> None:
    assert parse_json(r'"\ud83d\ude00"') == "😀"


def test_what_can_not_be_seen_is_written_as_escapes() -> None:
    assert dump_json("\x1b[31mred") == r'"\u001b[31mred"'
    assert dump_json({"a": "\u202eabc"}) == r'{"a": "\u202eabc"}'
    assert dump_json("grün 本") == '"grün 本"'
    assert dump_json("\ud800") == r'"\ud800"'


def test_equality_is_that_of_json() -> None:
    assert same_json({"a": [1, None]}, {"a": [1.0, None]})
    assert not same_json(True, 1)
    assert not same_json([0], [False])
    assert not same_json({"a": 1}, {"a": 1, "b": 2})
