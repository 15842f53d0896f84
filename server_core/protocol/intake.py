"""Reads what a client sent, the same way for every transport: as a message, or the error that answers it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mcp.types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic_core import from_json

SCANNED_BYTES = 1024 * 1024
"""How much of an unreadable message is searched for its id."""

_TOKEN = re.compile(rb'("(?:[^"\\]++|\\.)*+")(\s*:)?|[\[\]{}]', re.DOTALL)
_ID_VALUE = re.compile(rb'\s*("(?:[^"\\]++|\\.)*+"|-?\d+)\s*[,}]', re.DOTALL)

_LIMITS = {
    "recursion limit": "The message is nested too deeply",
    "number out of range": "The message contains an integer that is too long",
    "hex escape": "The message contains a lone surrogate (half of a \\ud83d\\ude00 pair), which is not text",
}
"""Valid JSON that is refused nevertheless: the parser's message, and ours."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The JSON-RPC error in response to an invalid message. `id` is the request's, if it has one."""

    code: int
    text: str
    id: RequestId | None = None


def read_message(raw: bytes) -> dict[str, Any] | Refusal:
    """The JSON-RPC request, notification or response in `raw`, with a valid envelope and unchecked parameters."""
    try:
        message = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        return _unreadable(raw, str(error))
    return _refusal(message) or message


def parsed_message(message: dict[str, Any]) -> JSONRPCMessage:
    """Convert the result of `read_message` to the SDK's object."""
    if "method" not in message:
        return jsonrpc_message_adapter.validate_python(message, by_name=False)
    kind = JSONRPCRequest if "id" in message else JSONRPCNotification
    return kind.model_validate(message, by_name=False)


def id_of_request(raw: bytes) -> RequestId | None:
    """The id of a request in text that may not be valid JSON; `None` if it isn't in the first `SCANNED_BYTES`."""
    depth = 0
    found: RequestId | None = None
    has_method = False
    for token in _TOKEN.finditer(raw, 0, SCANNED_BYTES):
        if token[1] is None:
            depth += 1 if token[0] in b"[{" else -1
        elif depth == 1 and token[2] is not None:
            name = _scalar(token[1])
            has_method = has_method or name == "method"
            if name == "id":
                value = _ID_VALUE.match(raw, token.end())
                found = _scalar(value[1]) if value else None
    return found if has_method else None


def is_request_id(value: object) -> bool:
    """Whether JSON-RPC and MCP allow `value` as a request's id."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def _unreadable(raw: bytes, why: str) -> Refusal:
    limit = next((text for said, text in _LIMITS.items() if said in why), None)
    if limit is None:
        return Refusal(PARSE_ERROR, f"The message is not valid JSON: {why}")
    found = id_of_request(raw)
    return Refusal(PARSE_ERROR if found is None else INVALID_REQUEST, limit, found)


def _refusal(message: Any) -> Refusal | None:
    """The problem with the envelope of `message`."""
    if isinstance(message, list):
        return Refusal(INVALID_REQUEST, "Batches are not supported: send one message at a time")
    if not isinstance(message, dict):
        return Refusal(INVALID_REQUEST, "A message must be a JSON object")
    given = message.get("id")
    usable = is_request_id(given)
    if "method" not in message and ("result" in message or "error" in message):
        # Answered without an id: the client could take it for the response to a request of its own.
        return None if _is_response(message, usable) else Refusal(INVALID_REQUEST, _BAD_RESPONSE)
    answered = given if usable else None
    if message.get("jsonrpc") != "2.0":
        return Refusal(INVALID_REQUEST, 'A message must have "jsonrpc": "2.0"', answered)
    if not isinstance(message.get("method"), str):
        return Refusal(INVALID_REQUEST, "A request's method must be a string", answered)
    if "id" in message and not usable:
        return Refusal(
            INVALID_REQUEST, "A request's id must be a string or an integer; a notification has none"
        )
    params = message.get("params")
    if params is not None and not isinstance(params, dict):
        return Refusal(INVALID_PARAMS, "A request's params must be an object", answered)
    return None


_BAD_RESPONSE = (
    "A response needs the id of its request, and a result object or an error with a code and a message"
)


def _is_response(message: dict[str, Any], usable_id: bool) -> bool:
    if message.get("jsonrpc") != "2.0":
        return False
    error = message.get("error")
    if error is None:
        return usable_id and isinstance(message["result"], dict)
    known = usable_id or message.get("id", 0) is None
    return (
        known
        and isinstance(error, dict)
        and type(error.get("code")) is int
        and isinstance(error.get("message"), str)
    )


def _scalar(text: bytes) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return None
