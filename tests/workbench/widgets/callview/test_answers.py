"""What is made of a call's answer to read it, and what is said of where its time went."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from server_core.streaming import CHUNK_META
from tests.workbench.fake_calls import record_of, text_result
from workbench.records import CallError, CallMethod, was_cut
from workbench.widgets.callview.answers import answer_of, raw_of
from workbench.widgets.callview.traces import outcome_line, stages_of, strip_line, trace_lines
from workbench.widgets.spans import Line


def read(result: Any, method: CallMethod = "tools/call") -> tuple[str, Any]:
    kind, value = answer_of(record_of(method, "x", {}, result))
    return kind, value if kind != "text" or isinstance(value, str) else "\n".join(value)


def text(lines: list[Line] | Line) -> str:
    rows = [lines] if isinstance(lines, tuple) else lines
    return "\n".join("".join(part for part, _tone in spans).rstrip() for spans in rows)


BLOB = base64.b64encode(b"\x89PNG" + b"0" * 800).decode()


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (text_result("plain words"), ("text", "plain words")),
        (text_result('{"a": [1]}'), ("json", {"a": [1]})),
        (text_result("12"), ("text", "12")),
        (text_result("{not json"), ("text", "{not json")),
        ({**text_result('{"a": 1}'), "structuredContent": {"a": 1}}, ("json", {"a": 1})),
        ({**text_result("3"), "structuredContent": {"result": 3}}, ("json", {"result": 3})),
        ({**text_result("a\nb"), "structuredContent": {"result": "a\nb"}}, ("text", "a\nb")),
        (
            {"content": [{"type": "text", "text": '{"b": 1}'}], "structuredContent": {"result": [{"b": 1}]}},
            ("json", {"result": [{"b": 1}]}),
        ),
        ({"content": []}, ("text", "The result is empty.")),
        ({"resultType": "task", "taskId": "t"}, ("json", {"resultType": "task", "taskId": "t"})),
        (
            {"content": [{"type": "image", "mimeType": "image/png", "data": BLOB}]},
            ("text", "image, image/png, 804 B; see Raw for the data"),
        ),
        (
            {"content": [{"type": "resource_link", "uri": "db://books", "name": "books"}]},
            ("text", "→ db://books  books"),
        ),
        (
            {
                "content": [
                    {
                        "type": "resource",
                        "resource": {"uri": "x:", "mimeType": "text/markdown", "text": "# a"},
                    }
                ]
            },
            ("markdown", "# a"),
        ),
    ],
)
def test_a_tools_answer_is_what_one_wants_to_read(result: Any, answer: tuple[str, Any]) -> None:
    assert read(result) == answer


def test_the_cause_of_an_unexpected_error_is_shown_once() -> None:
    cause = "Traceback (most recent call last):\nValueError: no\n"
    failed = {**text_result("x failed unexpectedly (reference 1)."), "isError": True}
    shown = answer_of(replace(record_of("tools/call", "x", {}, failed), cause=cause))
    assert shown.value == f"x failed unexpectedly (reference 1).\n\nShown only here, not to clients:\n{cause}"
    told = {**text_result(f"x failed.\n\n{cause}"), "isError": True}
    assert (
        answer_of(replace(record_of("tools/call", "x", {}, told), cause=cause)).value.count("ValueError") == 1
    )


class Compared(dict[str, int]):
    """Counts how often it is compared."""

    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]


def test_a_list_that_comes_item_by_item_is_compared_item_by_item() -> None:
    items = [Compared(n=number) for number in range(2000)]
    content = [{"type": "text", "text": json.dumps(item)} for item in items]

    assert read({"content": content, "structuredContent": {"result": items}})[0] == "json"
    assert Compared.times < 10 * len(items)
    # In another order it is not the same: both are shown.
    kind, shown = read({"content": content[::-1], "structuredContent": {"result": items}})
    assert (kind, shown.count("──")) == ("text", 2 * 2001)


def test_words_beside_the_structured_content_are_kept() -> None:
    kind, shown = read({**text_result("Mind the gap"), "structuredContent": {"a": 1}})

    assert kind == "text"
    assert "── text 1 of 2 ──\nMind the gap" in shown
    assert '── structured 2 of 2 ──\n{\n  "a": 1\n}' in shown


def test_several_texts_stand_below_each_other() -> None:
    blocks = [{"type": "text", "text": "one"}, {"type": "text", "text": '{"two": 2}'}]

    assert read({"content": blocks}) == (
        "text",
        '── text 1 of 2 ──\none\n\n── text 2 of 2 ──\n{\n  "two": 2\n}\n',
    )


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ({"uri": "f:", "mimeType": "text/markdown", "text": "# a"}, ("markdown", "# a")),
        ({"uri": "f:", "mimeType": "application/json", "text": "[1]"}, ("json", [1])),
        ({"uri": "f:", "mimeType": "application/json", "text": "[1"}, ("text", "[1")),
        ({"uri": "f:", "mimeType": "text/plain", "text": "[1]"}, ("text", "[1]")),
        ({"uri": "f:", "mimeType": "image/png", "blob": BLOB}, ("hex", BLOB)),
    ],
)
def test_a_resource_is_shown_by_its_type(content: Any, answer: tuple[str, Any]) -> None:
    assert read({"contents": [content]}, "resources/read") == answer


def test_the_chunks_of_a_stream_say_what_they_are() -> None:
    contents = [{"uri": "s:?1", "mimeType": "text/plain", "text": "one"}, {"uri": "s:?2", "text": "two"}]
    kind, shown = read({"contents": contents}, "resources/read")

    assert (kind, shown) == ("text", "── s:?1  text/plain 1 of 2 ──\none\n\n── s:?2 2 of 2 ──\ntwo\n")


def test_a_prompt_is_shown_with_who_speaks() -> None:
    messages = [{"role": "user", "content": {"type": "text", "text": "Write"}}]

    assert read({"messages": messages}, "prompts/get") == ("text", "── user ──\nWrite\n")


def test_an_error_says_what_and_why_with_the_traceback_as_it_is() -> None:
    error = CallError(-32602, "Unknown tool: ad", {"reference": "r1", "traceback": "Traceback\n  line"})
    kind, shown = read(error)

    assert kind == "text"
    assert shown.split("\n") == [
        "Unknown tool: ad",
        "",
        "code  -32602, invalid parameters",
        "",
        "{",
        '  "reference": "r1"',
        "}",
        "",
        "Traceback",
        "  line",
    ]
    assert raw_of(record_of(answer=error)).value["code"] == -32602


def test_a_result_that_the_history_did_not_keep_says_so() -> None:
    assert "Run it again" in read(None)[1]


def test_the_stages_come_with_what_was_outside_of_them() -> None:
    record = record_of(stages=(("pool", 0.0001), ("query", 0.0011), ("handler", 0.0015)), seconds=0.0019)

    assert [(stage.name, round(stage.seconds, 6)) for stage in stages_of(record)] == [
        ("pool", 0.0001),
        ("query", 0.0011),
        ("handler", 0.0015),
        ("protocol and wire", 0.0004),
    ]
    assert text(strip_line(record, 80)) == (
        "pool 0.10 ms → query 1.1 ms → handler 1.5 ms → protocol and wire 0.40 ms"
    )
    assert text(strip_line(record, 30)) == "pool 0.10 ms → query 1.1 ms"


def test_a_hit_in_the_cache_is_seen_at_once() -> None:
    record = record_of("resources/read", "x", stages=(("cache hit", 0.00002),), seconds=0.0005)

    assert "from the cache" in text(outcome_line(record))
    assert stages_of(record)[0].tone == "ok"


def test_waiting_for_the_pool_stands_out() -> None:
    record = record_of(stages=(("pool", 1.8), ("handler", 1.9)), seconds=2.0)

    assert stages_of(record)[0].tone == "warn"


def test_the_trace_is_bars_over_the_whole_call() -> None:
    lines = text(trace_lines(record_of(), 80)).split("\n")

    assert lines[0] == "Where the time went   1.9 ms as seen by the client"
    assert lines[4].startswith("handler            ━")
    assert lines[4].endswith("1.5 ms   79 %")


def test_a_call_of_which_the_server_told_nothing_says_so() -> None:
    assert "The server reported no stages" in text(trace_lines(record_of(stages=()), 80))


def test_a_stream_that_was_cut_says_so_on_its_border():
    chunks = [
        {"uri": "s://x", "text": "a", "_meta": {CHUNK_META: {"index": 0, "truncated": cut}}} for cut in (0, 1)
    ]
    cut, whole = (
        "".join(
            text
            for text, _ in outcome_line(record_of("resources/read", "s://x", None, {"contents": contents}))
        )
        for contents in (chunks, chunks[:1])
    )
    assert "truncated" in cut
    assert "cut" not in whole
    assert not was_cut(None)
    assert not was_cut({"contents": []})
