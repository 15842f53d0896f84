"""Unexpected errors: who hears of them, and what is told of where they were raised."""

from __future__ import annotations

import linecache
import logging
from pathlib import Path
from typing import Any

import pytest

from server_core.bus import EventBus
from server_core.error_frames import FRAMES_OPENED, error_frames, innermost_place
from server_core.events import ErrorReported
from server_core.manual_clock import ManualClock
from server_core.masking import MASKED
from server_core.reporting import FRAMED_PER_SECOND, ErrorReport, ErrorReporter
from server_core.server import Server
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect
from tests.server_core.modules_for_tests import ToolsModule, hello

CODE = """def outer(password, items):
    count = len(items)
    return inner(count)


def inner(count):
    share = 10 / count
    return share
"""
FILE = "/home/ann/shop/tools.py"


def raised(source: str = CODE, call: str = "outer('hunter2', [])") -> BaseException:
    """What `call` raises in a file of the user's."""
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    names: dict[str, Any] = {"__name__": "tools"}
    exec(compile(source, FILE, "exec"), names)
    try:
        eval(call, names)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def facts(reporter_bus: EventBus) -> list[ErrorReported]:
    told: list[ErrorReported] = []

    def listen(event: Any) -> None:
        if isinstance(event.fact, ErrorReported):
            told.append(event.fact)

    reporter_bus.subscribe(listen)
    return told


def test_frames_have_their_lines_and_variables_without_secrets() -> None:
    *_, outer, inner = error_frames(raised())
    assert (outer.function, outer.line, outer.own) == ("outer", 3, True)
    assert outer.variables == (("password", MASKED), ("items", "[]"), ("count", "0"))
    assert (inner.file, inner.line, inner.first) == (FILE, 7, 2)
    assert inner.source[inner.line - inner.first] == "    share = 10 / count"
    assert inner.variables == (("count", "0"),)


def test_code_of_python_itself_and_of_packages_is_not_the_users_own() -> None:
    frames = error_frames(raised("import json\ndef read(text):\n    return json.loads(text)", "read('{')"))
    own = [frame for frame in frames if frame.own and frame.file == FILE]
    assert [frame.function for frame in own] == ["read"]
    assert frames[-1].file.endswith("decoder.py")
    assert not frames[-1].own
    assert frames[-1].variables == ()


def test_what_an_error_was_raised_from_stands_before_it() -> None:
    code = (
        "def low():\n    raise KeyError('a')\n"
        "def high():\n    try:\n        low()\n    except KeyError as e:\n        raise ValueError('b') from e"
    )
    frames = [frame for frame in error_frames(raised(code, "high()")) if frame.file == FILE]
    assert [(frame.line, frame.raised) for frame in frames] == [
        (5, ""),
        (2, "KeyError: 'a'"),
        (7, "ValueError: b"),
    ]


def test_the_place_of_an_error_is_the_users_own_line_or_what_can_t_be_read() -> None:
    assert innermost_place(raised()) == (FILE, 7)
    assert innermost_place(raised("import json\ndef read():\n    json.loads('{')", "read()")) == (FILE, 3)
    with pytest.raises(SyntaxError) as caught:
        compile("a = 1\nb = (", FILE, "exec")
    assert innermost_place(caught.value) == (FILE, 2)
    assert innermost_place(ValueError("never raised")) == ("", 0)


def test_of_what_can_t_be_read_the_lines_are_told_that_can_t(tmp_path: Path) -> None:
    file = tmp_path / "tools.py"
    file.write_text("a = 1\nb = (\n", encoding="utf-8")
    with pytest.raises(SyntaxError) as caught:
        compile(file.read_text(), str(file), "exec")
    frame = error_frames(caught.value)[-1]
    assert (frame.file, frame.line, frame.own) == (str(file), 2, True)
    assert frame.source == ("a = 1", "b = (")


def test_of_an_endless_recursion_the_innermost_frames_are_told() -> None:
    frames = error_frames(raised("def again(n):\n    return again(n + 1)", "again(0)"))
    assert sum(bool(frame.variables) for frame in frames) <= FRAMES_OPENED
    assert frames[-1].variables


def test_frames_are_kept_only_where_the_server_is_developed_and_not_of_a_storm() -> None:
    bus, clock = EventBus(), ManualClock()
    told = facts(bus)
    reporter = ErrorReporter(bus, clock)
    reporter.report(raised(), "tool")
    assert (told[-1].frames, told[-1].file, told[-1].line) == ((), FILE, 7)
    reporter.keeps_frames = True
    for _ in range(FRAMED_PER_SECOND + 2):
        reporter.report(raised(), "tool")
    clock.advance(1)
    reporter.report(raised(), "tool")
    kept = [bool(fact.frames) for fact in told]
    assert kept == [False, *[True] * FRAMED_PER_SECOND, False, False, True]


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.anyio
@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_a_monitoring_hook_hears_of_each_unexpected_error_and_may_fail(
    protocol: ProtocolRevision,
) -> None:
    async def breaks(_request: Any, _arguments: Any) -> Any:
        raise UnspeakableError

    heard: list[ErrorReport] = []

    def hook(report: ErrorReport) -> None:
        heard.append(report)
        raise RuntimeError("the hook fails too")

    server = Server("s")
    server.reporter.add_hook(hook)
    server.add(ToolsModule("m", bad=breaks, good=hello))
    told = facts(server.bus)
    async with server.running(), connect(server, protocol) as client:
        answer = await client.call_tool("bad", {})
        assert answer.is_error
        assert heard[0].reference in answer.content[0].text  # type: ignore[union-attr]
        assert not (await client.call_tool("good", {})).is_error
    (report,), (fact,) = heard, told
    assert [failure.fact for failure in server.inspect().failures] == [fact]
    assert (report.where, report.method, report.source) == ("bad", "tools/call", "request")
    assert (fact.where, fact.method, fact.reference) == ("bad", "tools/call", report.reference)
    assert fact.error == "UnspeakableError: (no text: its __str__ raised RuntimeError)"


@pytest.mark.anyio
@pytest.mark.parametrize("development", [False, True])
async def test_variables_are_never_told_to_a_client(development: bool) -> None:
    async def breaks(_request: Any, _arguments: Any) -> Any:
        customer = "Mr. Smith of Baker Street"
        raise RuntimeError(f"{len(customer)} letters")

    server = Server("s", development=development)
    server.add(ToolsModule("m", bad=breaks))
    told = facts(server.bus)
    async with server.running(), connect(server) as client:
        answer = await client.call_tool("bad", {})
        text = answer.content[0].text  # type: ignore[union-attr]
        assert ("25 letters" in text) is development
        assert "Baker" not in text.replace('customer = "Mr. Smith of Baker Street"', "")
    named = dict(pair for frame in told[0].frames for pair in frame.variables)
    assert named.get("customer") == ("'Mr. Smith of Baker Street'" if development else None)


def test_a_password_in_a_url_is_told_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus(ManualClock())
    facts: list[Any] = []
    bus.subscribe(lambda event: facts.append(event.fact))
    reporter = ErrorReporter(bus, ManualClock())
    try:
        raise RuntimeError("no answer from postgresql://shop:s3cret@db/shop?token=s3cret&x=1")
    except RuntimeError as error:
        reference = reporter.report(error, "query")
    told = logging.Formatter().format(caplog.records[-1])
    assert f"query failed (reference {reference})\nTraceback" in told
    for text in (told, facts[0].error, facts[0].traceback):
        assert "postgresql://shop:••••••@db/shop?token=••••••&x=1" in text
        assert "s3cret" not in text.replace(
            'raise RuntimeError("no answer from postgresql://shop:s3cret@', ""
        )
