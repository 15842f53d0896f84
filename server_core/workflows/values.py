"""The values that steps use and return, and how they are displayed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from mcp.types import CallToolResult, TextContent

from ..errors import InvalidArgumentsError, clean_surrogates
from .api_calls import ApiRequest
from .definition import ApiCallStep

API_SECONDS = 30.0
"""The time limit of an `api_call` that has none of its own."""

SHOWN_TEXT = 500
SHOWN_ITEMS = 20
SHOWN_DEPTH = 6
SHOWN_LENGTH = 4000
_LOOKED_AT = 100_000


def filled_request(step: ApiCallStep, variables: Mapping[str, Any]) -> ApiRequest:
    """Fill in the variables in a step's request. May take long: call it on a worker thread.

    Raises:
        InvalidArgumentsError: its URL is not a string.
        ExpressionError: an expression in it can't be evaluated.
    """
    url = step.url.evaluate(variables)
    if not isinstance(url, str):
        raise InvalidArgumentsError(f"its url must be a string, not {json.dumps(url)[:100]}")
    headers = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in step.headers.evaluate(variables).items()
        if value is not None
    }
    params = {name: value for name, value in step.params.evaluate(variables).items() if value is not None}
    content: bytes | None = None
    if step.body is not None:
        body = step.body.evaluate(variables)
        as_json = step.json or not isinstance(body, str)
        text = json.dumps(body, ensure_ascii=False) if as_json else body
        content = text.encode("utf-8", "replace")
        if not any(name.lower() == "content-type" for name in headers):
            headers["content-type"] = "application/json" if as_json else "text/plain; charset=utf-8"
    return ApiRequest(step.method, url, headers, params, content, step.timeout or API_SECONDS)


def is_true(value: Any) -> bool:
    """Whether a value is true in JMESPath: everything except null, false, and empty strings, lists and tables."""
    return not (value is None or value is False or value == "" or value == [] or value == {})


def tool_value(answer: CallToolResult) -> Any:
    """Convert a tool's result to one value: its data (unwrapped if the SDK wrapped a plain value), JSON in its text, or
    the text."""
    data = answer.structured_content
    if data is not None:
        return data["result"] if data.keys() == {"result"} else data
    blocks = [
        block.text
        if isinstance(block, TextContent)
        else block.model_dump(by_alias=True, mode="json", exclude_none=True)
        for block in answer.content
    ]
    if len(blocks) != 1:
        return blocks
    only = blocks[0]
    if isinstance(only, str) and only[:1] in ("{", "["):
        try:
            return json.loads(only)
        except (ValueError, RecursionError):
            return only
    return only


def shown_request(request: ApiRequest) -> dict[str, Any]:
    """A request for display to developers: without headers, which may contain secrets."""
    shown: dict[str, Any] = {"method": request.method, "url": request.url}
    if request.params:
        shown["params"] = dict(request.params)
    if request.content is not None:
        shown["body"] = request.content[:_LOOKED_AT].decode("utf-8", "replace")
    return shown


class ShownValues:
    """Formats values as JSON for display: shortened, and with `${env.NAME}` in place of values from the environment."""

    def __init__(self, environment: Iterable[str]) -> None:
        """`environment` names the variables whose values are hidden."""
        self._environment = tuple(environment)

    def text(self, value: Any) -> str:
        """Format `value` as JSON. Fast, however large it is."""
        text = json.dumps(_cut_value(value, self._hidden(), SHOWN_DEPTH), ensure_ascii=False, default=str)
        return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"

    def line(self, text: str) -> str:
        """The first line of an error message."""
        first = _without_secrets(text[:_LOOKED_AT].partition("\n")[0], self._hidden())
        return first if len(first) <= SHOWN_TEXT else f"{first[: SHOWN_TEXT - 1]}…"

    def _hidden(self) -> list[tuple[str, str]]:
        return [(os.environ[name], name) for name in self._environment if os.environ.get(name)]


def _cut_value(value: Any, hidden: list[tuple[str, str]], depth: int) -> Any:
    if isinstance(value, str):
        text = _without_secrets(clean_surrogates(value[:_LOOKED_AT]), hidden)
        return text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        if depth == 0:
            return "{…}"
        shown = {str(key): _cut_value(value[key], hidden, depth - 1) for key in list(value)[:SHOWN_ITEMS]}
        if len(value) > SHOWN_ITEMS:
            shown["…"] = f"{len(value) - SHOWN_ITEMS} more"
        return shown
    if isinstance(value, list | tuple):
        if depth == 0:
            return "[…]"
        items = [_cut_value(each, hidden, depth - 1) for each in value[:SHOWN_ITEMS]]
        return items if len(value) <= SHOWN_ITEMS else [*items, f"… {len(value) - SHOWN_ITEMS} more"]
    return value


def _without_secrets(text: str, hidden: list[tuple[str, str]]) -> str:
    for secret, name in hidden:
        text = text.replace(secret, f"${{env.{name}}}")
    return text
