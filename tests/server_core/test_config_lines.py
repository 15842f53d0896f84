"""The line of each key of a TOML document."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from server_core.configuration.locate import key_lines, line_of_key

TEXT = '''\
a = 1 # b = 2
"quoted key" = "x = y"

[table]
b = """
c = 1
"""
'lit.eral' = [
  1,  # one
  { d = "]" },
]
e.f.g = { h = 1, i = [2, 3] }

[[list]]
j = 1979-05-27 07:32:00
[list.sub]
k = \'\'\'
[no]
\'\'\'
[[list]]
[[list.inner]]
l = "a \\" # no comment"
[table."m n"]
"\\u00e9" = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("quoted key",), 2),
        (("table",), 4),
        (("table", "b"), 5),
        (("table", "lit.eral"), 8),
        (("table", "lit.eral", 0), 9),
        (("table", "lit.eral", 1, "d"), 10),
        (("table", "e", "f", "g", "i", 1), 12),
        (("list",), 14),
        (("list", 0, "j"), 15),
        (("list", 0, "sub", "k"), 17),
        (("list", 1), 20),
        (("list", 1, "inner", 0, "l"), 22),
        (("table", "m n", "é"), 24),
        (("table", "nothing", "below"), 4),
        (("nothing",), 0),
    ],
)
def test_every_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert line_of_key(TEXT, path) == line


KEYS = st.text("ab. \"'\\#=[]é-_1", min_size=1, max_size=4)
PLAIN = st.one_of(
    st.integers(-(2**40), 2**40),
    st.booleans(),
    st.floats(allow_nan=False),
    st.text("x#\"'\\\n[]{}=, é", max_size=8),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*path, key))
    return found


@settings(max_examples=150)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_tomlkit_writes_is_found_key_by_key(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    written = tomllib.loads(text)
    lines = key_lines(text)
    for path in paths(written):
        assert 1 <= lines[path] <= text.count("\n") + 1, path
