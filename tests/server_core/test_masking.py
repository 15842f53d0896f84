"""Values for a developer's eyes: cut, and without secrets."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from server_core.masking import MASKED, VALUE_CHARACTERS, masked_repr


class Login(NamedTuple):
    user: str
    password: str


@dataclass
class Settings:
    host: str
    api_key: str


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Endless(list[int]):
    def __repr__(self) -> str:
        pytest.fail("the whole of it is looked at")


@pytest.mark.parametrize(
    "name", ["password", "db_passwd", "API_KEY", "apikey", "auth_token", "client_secret", "pwd"]
)
def test_what_is_named_like_a_secret_is_not_shown(name: str) -> None:
    assert masked_repr("hunter2", name) == MASKED


@pytest.mark.parametrize("name", ["keyboard", "author", "title", "monkey", "shopping"])
def test_other_names_are(name: str) -> None:
    assert masked_repr("hunter2", name) == "'hunter2'"


def test_a_secret_that_is_not_there_is_told() -> None:
    assert masked_repr(None, "token") == "None"
    assert masked_repr(False, "has_secret") == "False"


@pytest.mark.parametrize(
    "value",
    [
        {"user": "ann", "password": "hunter2"},
        [{"headers": {"Authorization": "Bearer hunter2"}}],
        Login("ann", "hunter2"),
        Settings("localhost", "hunter2"),
        "postgresql://ann:hunter2@localhost/shop",
        "password=hunter2 host=localhost",
        OrderedDict(secret="hunter2"),
        (OrderedDict(token={"value": "hunter2"}),),
    ],
)
def test_secrets_inside_a_value_are_not_shown(value: object) -> None:
    text = masked_repr(value)
    assert "hunter2" not in text
    assert MASKED in text


def test_huge_values_are_cut_before_they_are_written() -> None:
    for value in ("x" * 20_000_000, b"x" * 20_000_000, list(range(10**6)), Endless(range(10**6)), 10**1000):
        assert len(masked_repr(value)) <= VALUE_CHARACTERS
    assert masked_repr({"a": [1, 2]}) == "{'a': [1, 2]}"
    loop: list[object] = []
    loop.append(loop)
    assert "..." in masked_repr(loop)


def test_a_repr_that_raises_hurts_nobody() -> None:
    assert masked_repr(Broken()).startswith("<Broken instance at")
    assert masked_repr([Broken(), 2]).endswith(", 2]")
    assert masked_repr(type("array", (), {})()) == "<array, whose repr raised AttributeError>"
