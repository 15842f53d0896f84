"""Which names of a file mean its top level."""

from __future__ import annotations

import ast
import textwrap

import pytest

from workbench.exporter.scopes import Use, top_level_uses


def uses(text: str) -> list[Use]:
    source = textwrap.dedent(text)
    return top_level_uses(ast.parse(source), source.encode())


def lines_of(name: str, text: str) -> list[int]:
    """The lines, counted from the first one with text, on which `name` means the top level."""
    return [use.start[0] for use in uses(text.lstrip("\n")) if use.name == name]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n    return x", [2]),
        ("def f(x):\n    return x", []),
        ("def f(a=x):\n    return a", [1]),
        ("def f():\n    x = 1\n    return x", []),
        ("def f():\n    global x\n    x = 1", [2, 3]),
        ("def f():\n    x = 1\n    def g():\n        return x", []),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2", []),
        ("def f():\n    def g():\n        return x\n    return g", [3]),
        ("x = x + 1", [1, 1]),
        ("lambda x: x", []),
        ("lambda y=x: y", [1]),
        ("lambda: x", [1]),
        ("[x for x in y]", []),
        ("[x for y in x]", [1, 1]),
        ("[y for x in x]", [1]),
        ("[y for z in y for x in z if x]", []),
        ("[(x := y) for y in z]", [1]),
        ("def f():\n    [(x := y) for y in z]\n    return x", []),
        ("class A:\n    x = 1\n    y = x", []),
        ("class A:\n    x = x", [2]),
        ("class A:\n    x: int = x", [2]),
        ("class A:\n    x = 1\n    def f(self):\n        return x", [4]),
        ("class A:\n    x: int\n    y: x", [3]),
        ("class A:\n    def x(self): ...\n    y = x", []),
        ("class A(x, metaclass=x): ...", [1, 1]),
        ("class x: ...", [1]),
        ("async def x(): ...", [1]),
        ("class A:\n    if y:\n        x = 1\n    z = x", []),
        ("class A:\n    x = [x for y in z]", [2]),
        ("class A:\n    x = 1\n    y = [x for z in x]", [3]),
        ("import x", []),
        ("def f():\n    import x\n    return x", []),
        ("def f():\n    from a import b as x\n    return x", []),
        ("try:\n    pass\nexcept E as x:\n    x", [3, 4]),
        ("def f():\n    try:\n        pass\n    except E as x:\n        x", []),
        ("match y:\n    case {'a': x, **z}:\n        x", [2, 3]),
        ("def f():\n    match y:\n        case [x, *z]:\n            x", []),
        ("@x\ndef f(): ...", [1]),
        ("def f(a: x) -> x: ...", [1, 1]),
        ("def f():\n    a: x = 1", [2]),
        ("with a as x:\n    del x", [1, 2]),
        ("a.x = b[x]", [1]),
        ("f(x=x)", [1]),
        ("def f():\n    for x in y:\n        pass\n    x", []),
        ("print(f'{x!r:>{x}}')", [1, 1]),
    ],
)
def test_a_name_means_the_top_level_exactly_where_python_looks_there(text: str, lines: list[int]) -> None:
    assert lines_of("x", text) == lines


def test_positions_are_columns_in_bytes() -> None:
    (use,) = [use for use in uses("s = 'äöü€'; y = x") if use.name == "x"]
    assert (use.start, use.end) == ((1, 21), 22)


def test_the_name_behind_def_is_found_past_blanks_and_decorators() -> None:
    text = "@x\nasync  def   spaced(): ...\n"
    (use,) = [use for use in uses(text) if use.name == "spaced"]
    assert (use.kind, use.start, use.end) == ("definition", (2, 13), 19)


def test_what_runs_with_the_file_is_told_from_what_runs_later() -> None:
    eager = {
        use.name
        for use in uses("def f(a: b = c) -> d:\n    e\nclass G(h):\n    i = j\n    def k(self): l")
        if use.eager
    }
    assert eager == {"f", "b", "c", "d", "G", "h", "j"}


def test_an_annotation_inside_a_function_never_runs() -> None:
    (use,) = [use for use in uses("def f():\n    a: x = 1") if use.name == "x"]
    assert not use.eager
    assert use.annotation is None
