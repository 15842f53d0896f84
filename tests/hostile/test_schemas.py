"""Schemas and values that would keep a validator busy without end: each is answered in bounded time, in words.

The rows run in a process of their own, which an alarm ends: a regular expression of Python's can't be interrupted.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, Field

from server_core.functions.markers import tool
from server_core.masking import MASKED, is_secret_name, without_passwords
from server_core.modules.functions import FunctionsModule
from server_core.modules.workflows import WorkflowsModule
from server_core.schemas.validation import SchemaValidator
from server_core.schemas.wording import sentence
from server_core.server import Server
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect

ALARM_SECONDS = 20
"""How long one row may take; the right ones take at most a second, of a machine that has nothing else to do."""

EVIL = "^(a+)+$"
LONG = "a" * 40 + "!"
TOO_LONG = "it takes more than 0.5 s"
TOO_DEEP = "nested too deeply"


class Row(NamedTuple):
    """A schema, a value, and words of the right answer; empty words where nothing is wrong with the value."""

    name: str
    schema: Any
    value: Any
    right: str


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _level in range(depth):
        value = wrap(value)
    return value


def doubling(word: str, levels: int) -> dict[str, Any]:
    """Each level refers twice to the next: 2 to the power of `levels` ways."""
    parts = {f"d{level}": {word: [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**parts, f"d{levels}": {"type": "string"}}}


CHILDREN: dict[str, Any] = {"properties": {"a": {"$ref": "#"}}}
ROWS = [
    Row("pattern", {"pattern": EVIL}, LONG, "does not match"),
    Row("pattern, a long text", {"pattern": EVIL}, "a" * 1_000_000 + "!", "does not match"),
    Row(
        "pattern within a reference",
        {"$ref": "#/$defs/a", "$defs": {"a": {"pattern": EVIL}}},
        LONG,
        "does not",
    ),
    Row(
        "pattern behind another dialect",
        {
            "$ref": "#/$defs/a",
            "$defs": {"a": {"$schema": "http://json-schema.org/draft-07/schema#", "pattern": EVIL}},
        },
        LONG,
        "does not match",
    ),
    Row("patternProperties", {"patternProperties": {EVIL: False}}, {LONG: 1}, ""),
    Row(
        "additionalProperties beside patterns",
        {"patternProperties": {EVIL: {}}, "additionalProperties": False},
        {LONG: 1},
        "is not allowed here",
    ),
    Row(
        "unevaluatedProperties beside patterns",
        {"patternProperties": {EVIL: {}}, "unevaluatedProperties": False},
        {LONG: 1},
        "is not supported",
    ),
    Row("propertyNames", {"propertyNames": {"pattern": EVIL}}, {LONG: 1}, "the name"),
    Row("a lookahead that backtracks", {"pattern": "^((?=x?)a+)+$"}, LONG, "takes too long"),
    Row("a lookahead and a long text", {"pattern": "(?=x?)(a+)+$"}, "a" * 100_000, "2,000 characters"),
    Row("a useful lookahead", {"pattern": r"^(?=.*[A-Z])(?=.*\d).{8,}$"}, "Abcdefg8", ""),
    Row("a backreference", {"pattern": r"^(a+)\1$"}, "aaaa", ""),
    Row("letters of any script", {"pattern": r"^\p{L}+$"}, "é", ""),
    Row("an escaped slash", {"pattern": r"^a\/b$"}, "a/b", ""),
    Row("digits are ASCII", {"pattern": r"^\d$"}, "٣", "does not match"),
    Row("the end as Python writes it", {"pattern": r"\Aa\Z"}, "a", ""),
    Row("a pattern too large", {"pattern": "(a{1000}){1000}"}, "a", "not a valid regex"),
    Row("not a pattern", {"properties": {"a": {"pattern": "("}}}, {}, "properties.a.pattern"),
    Row("format regex", {"format": "regex"}, "(", "is not a valid regex"),
    Row("a lone surrogate", {"pattern": "a"}, "\ud800", "does not match"),
    Row("a reference to itself", {"$ref": "#"}, 1, "refers to itself"),
    Row(
        "a loop of references",
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        1,
        "refers to itself",
    ),
    Row("a reference to nothing", {"$ref": "#/$defs/a"}, 1, "#/$defs/a does not exist in this schema"),
    Row(
        "a reference to the network", {"$ref": "http://192.0.2.1/x.json"}, 1, "does not exist in this schema"
    ),
    Row("a reference to a file", {"$ref": "file:///etc/hostname"}, 1, "does not exist in this schema"),
    Row(
        "a dialect of the network", {"$schema": "http://192.0.2.1/x", "type": "string"}, 1, "is not a string"
    ),
    Row("a deep value", CHILDREN, nested(10_000, lambda value: {"a": value}), TOO_DEEP),
    Row("a deep schema", nested(10_000, lambda part: {"properties": {"a": part}}), {}, TOO_DEEP),
    Row("a deep enum", {"enum": [nested(10_000, lambda value: [value])]}, [1], TOO_DEEP),
    Row("a hundred levels", CHILDREN, nested(100, lambda value: {"a": value}), ""),
    Row("alternatives that double", doubling("anyOf", 60), 1, TOO_LONG),
    Row("conditions that double", doubling("allOf", 60), "a", TOO_LONG),
    Row(
        "a recursion that doubles",
        {"anyOf": [{**CHILDREN, "required": ["b"]}, {**CHILDREN, "required": ["c"]}]},
        nested(60, lambda value: {"a": value}),
        TOO_LONG,
    ),
    Row("a huge enum", {"items": {"enum": [*map(str, range(30_000))]}}, ["x"] * 300, "… (30,000)"),
    Row("uniqueItems", {"uniqueItems": True}, [{"a": n} for n in range(30_000)], ""),
    Row(
        "uniqueItems, one twice",
        {"uniqueItems": True},
        [{"a": n % 29_999} for n in range(30_000)],
        "same item",
    ),
    Row("true is not 1", {"uniqueItems": True}, [1, True, 0, False], ""),
    Row(
        "many rows",
        {"items": {"properties": {"a": {"type": "integer"}}}},
        [{"a": n} for n in range(30_000)],
        "",
    ),
    Row("a multiple as it is written", {"multipleOf": 0.01}, 0.29, ""),
    Row("a multiple of nearly nothing", {"multipleOf": 1e-300}, 1e300, ""),
    Row("a multiple of nothing", {"multipleOf": 0}, 1, "the schema is invalid"),
    Row("a very large number", {"multipleOf": 3}, 10**4000, "is not a multiple of 3"),
    Row("nothing is valid", {"anyOf": [False, False]}, 1, "nothing is valid here"),
    Row("not a schema", [], 1, "the schema is invalid"),
    Row("a type that does not exist", {"type": "strin"}, 1, "the schema is invalid: type"),
]


# -- the same through whole servers


class Answered(BaseModel):
    """What a tool returns: pydantic does not check the pattern, the SDK's client does."""

    name: str = Field(json_schema_extra={"pattern": EVIL})


@tool
async def give() -> Answered:
    """Return a name that does not match."""
    return Answered(name=LONG)


@tool
async def take(name: str = Field(pattern=EVIL)) -> str:
    """Take a name."""
    return name


async def said(call: str, revision: ProtocolRevision, arguments: dict[str, Any]) -> str:
    server = Server("hostile")
    server.add(FunctionsModule("functions", functions=[give, take]))
    steps = [{"id": "a", "type": "data_transform", "value": "${name}"}]
    flow = {"inputs": {"name": {"type": "string", "pattern": EVIL}}, "steps": steps, "tool": True}
    server.add(WorkflowsModule("flows", workflows={"flow": flow}))
    async with server.running(), connect(server, revision) as client:
        try:
            result = await client.call_tool(call, arguments)
        except RuntimeError as error:
            return str(error)
        return str(result.content)


CALLS = [
    ("take", {"name": LONG}, "should match pattern"),
    ("flow", {"name": LONG}, "does not match ^(a+)+$"),
    ("give", {}, "does not match ^(a+)+$"),
]


def masked_parameter() -> str:
    return without_passwords(f"https://a.example/?{'token' * 200_000} ?token=x")[-10:]


def secret_name() -> str:
    return str(is_secret_name("maxtoken" * 50_000))


SEARCHES = [(masked_parameter, f"ken={MASKED}"), (secret_name, "True")]
"""Other searches in what comes from outside."""


def answers_from(first: int) -> None:
    """Run the rows from `first` on, each with an alarm, and write what each answers."""
    import signal

    cases: list[Callable[[], str]] = [
        lambda row=row: "; ".join(map(sentence, SchemaValidator(row.schema).problems(row.value, 3)))  # type: ignore[misc]
        for row in ROWS
    ]
    cases += [
        lambda call=call, revision=revision: asyncio.run(said(call[0], revision, call[1]))  # type: ignore[misc]
        for call in CALLS
        for revision in (OLDEST, NEWEST)
    ]
    cases += [search for search, _right in SEARCHES]
    for case in cases[first:]:
        signal.alarm(ALARM_SECONDS)
        print(json.dumps(case()), flush=True)


@pytest.fixture(scope="module")
def answers() -> list[str | None]:
    """What each row answers; nothing where the alarm ended it."""
    found: list[str | None] = []
    count = len(ROWS) + 2 * len(CALLS) + len(SEARCHES)
    while len(found) < count:
        code = f"from tests.hostile.test_schemas import answers_from; answers_from({len(found)})"
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            check=False,
            capture_output=True,
            text=True,
            timeout=ALARM_SECONDS * count,
        )
        found += map(json.loads, ran.stdout.splitlines())
        if len(found) < count:
            assert ran.returncode == -14, ran.stderr  # SIGALRM
            found.append(None)
    return found


@pytest.mark.parametrize("place", range(len(ROWS)), ids=[row.name for row in ROWS])
def test_validation_ends(answers: list[str | None], place: int) -> None:
    answer, right = answers[place], ROWS[place].right
    assert answer is not None, "it did not end"
    assert right in answer if right else answer == ""


@pytest.mark.parametrize("revision", [0, 1], ids=[OLDEST, NEWEST])
@pytest.mark.parametrize("place", range(len(CALLS)), ids=[call[0] for call in CALLS])
def test_a_call_ends(answers: list[str | None], place: int, revision: int) -> None:
    answer = answers[len(ROWS) + 2 * place + revision]
    assert answer is not None, "it did not end"
    assert CALLS[place][2] in answer


@pytest.mark.parametrize("place", range(len(SEARCHES)), ids=[search.__name__ for search, _right in SEARCHES])
def test_a_search_ends(answers: list[str | None], place: int) -> None:
    assert answers[place - len(SEARCHES)] == SEARCHES[place][1]
