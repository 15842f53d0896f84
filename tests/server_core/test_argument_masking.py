"""Arguments of calls as they are stored: without secrets, whatever says that they are some."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from server_core.argument_masking import mask_arguments, mask_echoes
from server_core.masking import MASKED, contains_mask


class Account(BaseModel):
    user: str
    code: SecretStr
    older: list[Account] = []


class Login(BaseModel):
    account: Account
    spare: Account | None = None
    phrase: str = Field("", json_schema_extra={"format": "password"})
    blob: dict[str, str] = Field({}, json_schema_extra={"writeOnly": True})
    by_name: dict[str, SecretStr] = {}


LOGIN = Login.model_json_schema()
TUPLE = {"properties": {"pair": {"prefixItems": [{"type": "string"}, {"format": "password"}]}}}
CONDITION = {
    "properties": {"how": {}},
    "if": {"properties": {"how": {"const": "code"}}},
    "then": {"properties": {"value": {"writeOnly": True}}},
}
PATTERN = {"patternProperties": {"^(a+)+$": {"writeOnly": True}}}
LOOP = {"$ref": "#", "properties": {"next": {"$ref": "#"}, "code": {"writeOnly": True}}}


@pytest.mark.parametrize(
    ("given", "schema", "stored"),
    [
        ({"password": "hunter2", "user": "ann"}, None, {"password": MASKED, "user": "ann"}),
        ({"X-Api-Key": "hunter2", "apiKey": "hunter2"}, None, {"X-Api-Key": MASKED, "apiKey": MASKED}),
        ({"pin": 12345}, None, {"pin": MASKED}),
        ({"credentials": {"user": "hunter2"}}, None, {"credentials": MASKED}),
        ({"deep": [{"a": {"auth_token": "hunter2"}}]}, None, {"deep": [{"a": {"auth_token": MASKED}}]}),
        ({"token": None, "password": "", "has_secret": True}, None, "the same"),
        ({"max_tokens": 100, "maxTokens": 5, "token_limit": 9, "key": "a", "author": "b"}, None, "the same"),
        ({"url": "https://ann:hunter2@host/"}, None, {"url": f"https://ann:{MASKED}@host/"}),
        ({"urls": ["https://h/?api_key=hunter2&b=1"]}, None, {"urls": [f"https://h/?api_key={MASKED}&b=1"]}),
        ({"u": "https://h/?key=hunter2#access_token=hunter2"}, None, {"u": f"https://h/?key={MASKED}#access_token={MASKED}"}),
        ({"account": {"user": "ann", "code": "hunter2"}}, LOGIN, {"account": {"user": "ann", "code": MASKED}}),
        ({"spare": {"user": "a", "code": "hunter2", "older": [{"user": "b", "code": "hunter2"}]}}, LOGIN,
         {"spare": {"user": "a", "code": MASKED, "older": [{"user": "b", "code": MASKED}]}}),
        ({"phrase": "hunter2"}, LOGIN, {"phrase": MASKED}),
        ({"blob": {"a": "hunter2"}, "by_name": {"x": "hunter2"}}, LOGIN, {"blob": MASKED, "by_name": {"x": MASKED}}),
        ({"pair": ["ann", "hunter2"]}, TUPLE, {"pair": ["ann", MASKED]}),
        ({"how": "code", "value": "hunter2"}, CONDITION, {"how": "code", "value": MASKED}),
        ({"a" * 60 + "!": "hunter2"}, PATTERN, {"a" * 60 + "!": MASKED}),
        ({"next": {"next": {"code": "hunter2"}}}, LOOP, {"next": {"next": {"code": MASKED}}}),
        ({"a": 1}, {"properties": [], "$ref": 5}, {"a": MASKED}),
        ({"a": 1}, {"$ref": "#/nowhere/at/all"}, "the same"),
    ],
)  # fmt: skip
def test_secrets_are_masked(given: dict[str, Any], schema: Any, stored: Any) -> None:
    masked = mask_arguments(given, schema).arguments
    assert masked == (given if stored == "the same" else stored)
    assert "hunter2" not in str(masked)
    assert contains_mask(masked) == (stored != "the same")


def test_arguments_that_are_nested_too_deeply_are_masked_as_a_whole() -> None:
    deep: Any = "hunter2"
    for _ in range(5000):
        deep = {"a": deep}
    assert mask_arguments({"deep": deep, "b": 1}).arguments == {"deep": MASKED, "b": MASKED}


def test_a_result_that_repeats_a_secret_is_masked_there() -> None:
    secrets = mask_arguments({"password": "hunter2", "pin": 12345, "token": "abc", "keys": ["k"]}).secrets
    assert secrets == {"hunter2", "12345"}  # shorter ones are in any text
    result = {"text": "for hunter2 ü", "n": [12345, 12, True], "hunter2": "postgresql://a:b@h/x"}
    assert mask_echoes(result, secrets) == {
        "text": f"for {MASKED} ü", "n": [MASKED, 12, True], MASKED: f"postgresql://a:{MASKED}@h/x",
    }  # fmt: skip
