"""Expressions and templates know their variables, keep types, and put in nothing that is expanded again."""

from __future__ import annotations

import pytest

from server_core.workflows.expressions import ExpressionError, compile_expression, compile_template

VARIABLES = {
    "name": "Ada",
    "count": 3,
    "items": [{"title": "a", "price": 5}],
    "none": None,
    "evil": "${name}",
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${count}", 3),
        ("${items[0]}", {"title": "a", "price": 5}),
        ("${none}", None),
        ("n=${count}, ${name}!", "n=3, Ada!"),
        ("${items}", [{"title": "a", "price": 5}]),
        ("all: ${items[*].title}", 'all: ["a"]'),
        ("$${name} ${name}", "${name} Ada"),
        ("${items[0].{t: title, p: price}}", {"t": "a", "p": 5}),
        ("${evil} ${evil}", "${name} ${name}"),
        ("", ""),
        ("no $ {here}", "no $ {here}"),
        ("${ name }", "Ada"),
        ("${items[?title=='}'] | length(@)}", 0),
        ({"a": ["${count}", {"b": "${name}"}], "c": 1.5}, {"a": [3, {"b": "Ada"}], "c": 1.5}),
    ],
)
def test_a_template_is_filled_in(template: object, value: object) -> None:
    assert compile_template(template).evaluate(VARIABLES) == value


def test_null_inside_a_text_is_an_error_that_names_it() -> None:
    with pytest.raises(ExpressionError, match=r"\$\{none\} is null in 'Dear \$\{none\}'"):
        compile_template("Dear ${none}").evaluate(VARIABLES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("items[", "incomplete"),
        ("a b", "unexpected 'b' at character 3"),
        ("", "not a JMESPath expression"),
        ("lenght(items)", r"did you mean length\?"),
        ("length(items, name)", "length"),
        ("#", "#"),
    ],
)
def test_a_bad_expression_is_told_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ExpressionError, match=says) as caught:
        compile_expression(text).evaluate({"items": [], "name": ""})
    assert "\n" not in str(caught.value)


def test_an_expression_that_fails_when_evaluated_is_told_in_one_line() -> None:
    with pytest.raises(ExpressionError, match="can't be evaluated") as caught:
        compile_expression("length(count)").evaluate(VARIABLES)
    assert "\n" not in str(caught.value)


def test_an_open_brace_is_told() -> None:
    with pytest.raises(ExpressionError, match="no closing brace"):
        compile_template("a ${name")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.b.c", {"a"}),
        ("a[?b > `3`].c | [0]", {"a"}),
        ("length(a) > b", {"a", "b"}),
        ("a || 'x'", set()),
        ("a || b", {"b"}),
        ("a && !b", {"a", "b"}),
        ("not_null(a, b)", set()),
        ("{x: a, y: [b, `1`]}", {"a", "b"}),
        ("sort_by(a, &b)", {"a"}),
        ("a[].b", {"a"}),
        ("a.*.b", {"a"}),
        ("a[1:2]", {"a"}),
        ("@", set()),
        ('`{"a": 1}`', set()),
    ],
)
def test_an_expression_knows_the_variables_that_it_needs(text: str, names: set[str]) -> None:
    assert compile_expression(text).names == names


def test_environment_variables_are_read_when_the_template_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    template = compile_template({"authorization": "Bearer ${env.SHOP_TOKEN}"})
    assert template.environment == {"SHOP_TOKEN"}
    assert template.names == frozenset()
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    assert template.evaluate({}) == {"authorization": "Bearer s3cret"}
    monkeypatch.delenv("SHOP_TOKEN")
    with pytest.raises(ExpressionError, match="SHOP_TOKEN is not set"):
        template.evaluate({})


def test_a_value_nested_too_deeply_is_refused() -> None:
    value: object = "x"
    for _ in range(100):
        value = [value]
    with pytest.raises(ExpressionError, match="nested too deeply"):
        compile_template(value)


def test_an_expression_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ExpressionError, match="nested too deeply"):
        compile_expression("(" * 4000 + "a" + ")" * 4000)
