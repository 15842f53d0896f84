"""What a call answered, as something to read: one text, JSON or bytes out of whatever the protocol's result holds.

Plain data and slow for large results: it runs on a thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from workbench.records import CallRecord
from workbench.text import size
from workbench.widgets.textview.document import DocumentKind

MARKDOWN = ("text/markdown", "text/x-markdown")


class Answer(NamedTuple):
    """What to show: a text (`text`, `markdown`), a JSON value (`json`), or base64 (`hex`)."""

    kind: DocumentKind
    value: Any


class _Part(NamedTuple):
    title: str
    answer: Answer


def answer_of(record: CallRecord) -> Answer:
    """The answer to read; of an unexpected error also what no client is told."""
    answer = _answer_of(record)
    if not record.cause or answer.kind != "text" or "Traceback (most recent" in answer.value:
        return answer
    return Answer("text", f"{answer.value.rstrip()}\n\nOnly here, no client is told:\n{record.cause}")


def _answer_of(record: CallRecord) -> Answer:
    if record.error is not None:
        return Answer("text", _error_text(record))
    result = record.result
    if result is None:
        return Answer("text", _without_result(record))
    if record.method == "tools/call":
        return _tool_answer(result)
    if record.method == "resources/read":
        return _joined(_contents(result.get("contents")), result)
    return _joined(_messages(result), result)


def raw_of(record: CallRecord) -> Answer:
    """The protocol's JSON as it came."""
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
        lines.append(f"reference  {record.reference}, under which the log tells the rest")
    rest = dict(data) if isinstance(data, Mapping) else data
    traceback = rest.pop("traceback", "") if isinstance(rest, dict) else ""
    if rest:
        lines += ["", json.dumps(rest, indent=2, ensure_ascii=False, default=str)]
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
    -32011: ", took too long",
    -32012: ", too large",
}


def _without_result(record: CallRecord) -> str:
    if record.outcome == "cancelled":
        return (
            "It was cancelled. A function that holds the loop, or a thread, goes on until it ends by itself."
        )
    kept = f" It had {size(record.size)}." if record.size else ""
    return f"The result was not kept: it was too large for the history.{kept} Run it again to see it."


# -- tools


def _tool_answer(result: Mapping[str, Any]) -> Answer:
    blocks = [block for block in result.get("content") or () if isinstance(block, Mapping)]
    structured = result.get("structuredContent")
    parts = list(_blocks(blocks))
    if structured is None:
        return _joined(parts, result)
    if not _says_more(blocks, structured):
        # A function that returns a text: the protocol wants it in an object, a reader does not.
        plain = structured["result"] if structured.keys() == {"result"} else None
        return _text(plain, "") if isinstance(plain, str) else Answer("json", structured)
    return _joined([*parts, _Part("structured", Answer("json", structured))], result)


def _says_more(blocks: Iterable[Mapping[str, Any]], structured: Any) -> bool:
    """Whether the content has something that the structured content has not."""
    known = [structured]
    if isinstance(structured, dict) and structured.keys() == {"result"}:
        inner = structured["result"]
        known += [inner, *(inner if isinstance(inner, list) else ())]
    for block in blocks:
        if block.get("type") != "text":
            return True
        text = block.get("text", "")
        value = _json_or_none(text)
        if text not in known and (value is None or value not in known):
            return True
    return False


def _blocks(blocks: Iterable[Mapping[str, Any]]) -> Iterable[_Part]:
    for block in blocks:
        kind = block.get("type")
        if kind == "text":
            yield _Part("text", _text(str(block.get("text", "")), ""))
        elif kind == "resource" and isinstance(block.get("resource"), Mapping):
            yield from _contents([block["resource"]])
        elif kind == "resource_link":
            name = f"  {block['name']}" if block.get("name") else ""
            yield _Part("link", Answer("text", f"→ {block.get('uri', '')}{name}"))
        elif kind in ("image", "audio"):
            yield _Part(kind, Answer("text", _binary(block)))
        else:
            yield _Part(str(kind), Answer("json", dict(block)))


def _binary(block: Mapping[str, Any]) -> str:
    mime = block.get("mimeType") or "unknown type"
    return f"{block.get('type')}, {mime}, {size(_bytes(str(block.get('data') or '')))}; Raw has its data"


def _bytes(base64: str) -> int:
    return len(base64) * 3 // 4 - base64[-2:].count("=")


# -- resources and prompts


def _contents(contents: Any) -> Iterable[_Part]:
    for content in contents or ():
        if not isinstance(content, Mapping):
            continue
        mime = str(content.get("mimeType") or "")
        title = "  ".join(filter(None, (str(content.get("uri") or ""), mime)))
        if "blob" in content:
            yield _Part(title, Answer("hex", str(content["blob"])))
        else:
            yield _Part(title, _text(str(content.get("text", "")), mime))


def _messages(result: Mapping[str, Any]) -> Iterable[_Part]:
    for message in result.get("messages") or ():
        block = message.get("content") if isinstance(message, Mapping) else None
        for part in _blocks([block] if isinstance(block, Mapping) else []):
            yield _Part(str(message.get("role", "")), part.answer)


def _text(text: str, mime: str) -> Answer:
    if mime in MARKDOWN:
        return Answer("markdown", text)
    if not mime or mime.endswith("json"):
        value = _json_or_none(text)
        if isinstance(value, dict | list):
            return Answer("json", value)
    return Answer("text", text)


def _json_or_none(text: str) -> Any:
    if text[:1] not in '{["-0123456789tfn' or not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# -- several as one


def _joined(parts: Iterable[_Part], result: Mapping[str, Any]) -> Answer:
    found = list(parts)
    if not found:
        return (
            Answer("json", result) if set(result) - {"content", "contents", "messages", "_meta"} else _NOTHING
        )
    if len(found) == 1 and found[0].title not in ("user", "assistant"):
        return found[0].answer
    texts: list[str] = []
    for number, (title, answer) in enumerate(found, 1):
        count = f" {number} of {len(found)}" if len(found) > 1 else ""
        texts.append(f"── {title}{count} ──\n{_as_text(answer)}\n")
    return Answer("text", "\n".join(texts))


_NOTHING = Answer("text", "It answered nothing: an empty result.")


def _as_text(answer: Answer) -> str:
    if answer.kind == "json":
        return json.dumps(answer.value, indent=2, ensure_ascii=False, default=str)
    return f"{size(_bytes(answer.value))} of bytes" if answer.kind == "hex" else str(answer.value)
