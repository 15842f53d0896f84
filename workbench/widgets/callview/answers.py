"""A call's result in readable form: a text, JSON or bytes from whatever the protocol's result contains.

Runs on a thread. Choosing the form takes time in proportion to the result; formatting happens when the lines are
consumed, one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from workbench.records import CallRecord
from workbench.text import size
from workbench.widgets.textview.document import DocumentKind
from workbench.widgets.textview.formatting import json_lines

MARKDOWN = ("text/markdown", "text/x-markdown")


class Answer(NamedTuple):
    """What to show: a text or its lines (`text`, `markdown`), a JSON value (`json`), or base64 (`hex`)."""

    kind: DocumentKind
    value: Any


class _Part(NamedTuple):
    title: str
    kind: DocumentKind
    value: Any


def answer_of(record: CallRecord) -> Answer:
    """The readable result; for an unexpected error, with the cause that no client sees."""
    answer = _answer_of(record)
    if not record.cause or answer.kind != "text":
        return answer
    if not isinstance(answer.value, str):
        return Answer("text", chain(answer.value, ["", CAUSE, *record.cause.split("\n")]))
    if "Traceback (most recent" in answer.value:
        return answer
    return Answer("text", f"{answer.value.rstrip()}\n\n{CAUSE}\n{record.cause}")


CAUSE = "Shown only here, not to clients:"


def _answer_of(record: CallRecord) -> Answer:
    if record.error is not None:
        return Answer("text", _error_text(record))
    result = record.result
    if result is None:
        return Answer("text", _without_result(record))
    if record.method == "tools/call":
        return _tool_answer(result)
    if record.method == "resources/read":
        return _joined(_mappings(result.get("contents")), _content, result)
    return _joined(_mappings(result.get("messages")), _message, result)


def raw_of(record: CallRecord) -> Answer:
    """The protocol's JSON as received."""
    if record.error is not None:
        code, message, data = record.error
        return Answer("json", {"code": code, "message": message, **({} if data is None else {"data": data})})
    if record.result is None:
        return Answer("text", _without_result(record))
    return Answer("json", record.result)


def _error_text(record: CallRecord) -> str:
    assert record.error is not None
    code, message, data = record.error
    lines = [message, ""]
    if code:
        lines.append(f"code  {code}{_CODES.get(code, '')}")
    if record.reference:
        lines.append(f"reference  {record.reference}; see the log for details")
    rest = dict(data) if isinstance(data, Mapping) else data
    traceback = rest.pop("traceback", "") if isinstance(rest, dict) else ""
    if rest:
        lines += ["", *json_lines(rest)]
    if isinstance(traceback, str) and traceback:
        lines += ["", traceback]
    return "\n".join(lines)


_CODES = {
    -32700: ", parse error",
    -32600: ", invalid request",
    -32601: ", method not found",
    -32602: ", invalid parameters",
    -32603: ", internal error",
    -32002: ", resource not found",
    -32003: ", permission denied",
    -32010: ", unavailable",
    -32011: ", timed out",
    -32012: ", too large",
}


def _without_result(record: CallRecord) -> str:
    if record.outcome == "cancelled":
        return "Cancelled. A function that blocks the loop, or runs in a thread, continues until it returns."
    kept = f" Its size was {size(record.size)}." if record.size else ""
    return f"The result was too large to store in the history.{kept} Run it again to see it."


# -- tools


def _tool_answer(result: Mapping[str, Any]) -> Answer:
    blocks = _mappings(result.get("content"))
    structured = result.get("structuredContent")
    if structured is None:
        return _joined(blocks, _block, result)
    if not _says_more(blocks, structured):
        # A function that returns a string: the protocol wraps it in an object, which a reader doesn't need.
        plain = structured["result"] if structured.keys() == {"result"} else None
        return Answer(*_text("", plain)[1:]) if isinstance(plain, str) else Answer("json", structured)
    return _joined([*blocks, _Part("structured", "json", structured)], _block, result)


def _mappings(found: Any) -> list[Mapping[str, Any] | _Part]:
    return [each for each in found or () if isinstance(each, Mapping)]


def _says_more(blocks: Sequence[Any], structured: Any) -> bool:
    """Whether the content has something that the structured content lacks.

    A list comes as one text, or as one text per item in the same order; only these are compared.
    """
    known = [structured]
    items: list[Any] = []
    if isinstance(structured, dict) and structured.keys() == {"result"}:
        known.append(structured["result"])
        items = structured["result"] if isinstance(structured["result"], list) else []
    if len(blocks) != len(items):
        items = [structured] * len(blocks)
    for block, item in zip(blocks, items, strict=True):
        text = block.get("text", "")
        candidates = (item, *known)
        if block.get("type") != "text" or (text not in candidates and _parsed(text) not in candidates):
            return True
    return False


def _block(block: Any) -> _Part:
    if isinstance(block, _Part):
        return block
    kind = block.get("type")
    if kind == "text":
        return _text("text", str(block.get("text", "")))
    if kind == "resource" and isinstance(block.get("resource"), Mapping):
        return _content(block["resource"])
    if kind == "resource_link":
        name = f"  {block['name']}" if block.get("name") else ""
        return _Part("link", "text", f"→ {block.get('uri', '')}{name}")
    if kind in ("image", "audio"):
        return _Part(kind, "text", _binary(block))
    return _Part(str(kind), "json", dict(block))


def _binary(block: Mapping[str, Any]) -> str:
    mime = block.get("mimeType") or "unknown type"
    return f"{block.get('type')}, {mime}, {size(_bytes(str(block.get('data') or '')))}; see Raw for the data"


def _bytes(base64: str) -> int:
    return len(base64) * 3 // 4 - base64[-2:].count("=")


# -- resources and prompts


def _content(content: Any) -> _Part:
    mime = str(content.get("mimeType") or "")
    title = "  ".join(filter(None, (str(content.get("uri") or ""), mime)))
    if "blob" in content:
        return _Part(title, "hex", str(content["blob"]))
    return _text(title, str(content.get("text", "")), mime)


def _message(message: Any) -> _Part:
    block = message.get("content")
    part = _block(block) if isinstance(block, Mapping) else _Part("", "json", block)
    return part._replace(title=str(message.get("role", "")))


def _text(title: str, text: str, mime: str = "") -> _Part:
    if mime in MARKDOWN:
        return _Part(title, "markdown", text)
    value = _parsed(text) if not mime or mime.endswith("json") else text
    return _Part(title, "json", value) if isinstance(value, dict | list) else _Part(title, "text", text)


def _parsed(text: str) -> Any:
    """The JSON value of `text`, or `text` itself if it isn't JSON."""
    if text[:1] not in '{["-0123456789tfn' or not text:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


# -- several as one


def _joined(found: Sequence[Any], part_of: Callable[[Any], _Part], result: Mapping[str, Any]) -> Answer:
    if not found:
        return (
            Answer("json", result) if set(result) - {"content", "contents", "messages", "_meta"} else _NOTHING
        )
    if len(found) == 1 and part_of is not _message:
        return Answer(*part_of(found[0])[1:])
    return Answer("text", _lines_of(found, part_of))


def _lines_of(found: Sequence[Any], part_of: Callable[[Any], _Part]) -> Iterator[str]:
    """The parts in order, each below its title."""
    for number, each in enumerate(found, 1):
        title, kind, value = part_of(each)
        count = f" {number} of {len(found)}" if len(found) > 1 else ""
        yield f"── {title}{count} ──"
        if kind == "json":
            yield from json_lines(value)
        elif kind == "hex":
            yield f"{size(_bytes(value))} of binary data"
        else:
            yield from value.split("\n")
        yield ""


_NOTHING = Answer("text", "The result is empty.")
