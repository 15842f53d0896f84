"""Hostile text on its way to the screen: what reaches the terminal is text, and all of it can be seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mcp.types import Resource, Tool
from textual.drivers.headless_driver import HeadlessDriver

from server_core.events import (
    ClientConnected,
    ErrorReported,
    FileChange,
    FilesChanged,
    LogWritten,
    ModuleFailed,
    ModuleNoted,
    RequestFinished,
    RequestStarted,
    ServerStarted,
    TaskProgressed,
    TaskStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from tests.waiting import until
from tests.workbench.fake_calls import CallEngine, text_result
from tests.workbench.screens.shown import LARGE, quiet_app, settled
from tests.workbench.widgets.host import Host
from workbench.actions import PLACES
from workbench.facts import ConfigRejected
from workbench.records import CallError, Owner
from workbench.widgets.textview import TextView
from workbench.widgets.textview.document import DocumentKind

pytestmark = pytest.mark.anyio


class Row(NamedTuple):
    """A text, what stands on the screen of it, and what of it in JSON, where that is something else."""

    name: str
    text: str
    right: str
    in_json: str = ""


ROWS = (
    Row("colours", "\x1b[38;5;199mred", "␛[38;5;199mred", r"\u001b[38;5;199mred"),
    Row("clearing", "\x1b[2Jgone", "␛[2Jgone", r"\u001b[2Jgone"),
    Row("the clipboard", "\x1b]52;c;aGFjaw==\x07.", "␛]52;c;aGFjaw==␇.", r"\u001b]52;c;aGFjaw==\u0007."),
    Row("a link", "\x1b]8;;http://evil\x1b\\x", "␛]8;;http://evil␛\\x", r"\u001b]8;;http://evil\u001b\\x"),
    Row("a device string", "\x1bP$q\x1b\\.", "␛P$q␛\\.", r"\u001bP$q\u001b\\."),
    Row("C1", "a\x9b31mb\x9d0;c\x9c", "a<U+009B>31mb<U+009D>0;c<U+009C>", r"a\u009b31mb\u009d0;c\u009c"),
    Row("right to left", "abc\u202etxt.exe", "abc<U+202E>txt.exe", r"abc\u202etxt.exe"),
    Row("isolates", "a\u2066b\u2069c\u200e.", "a<U+2066>b<U+2069>c<U+200E>.", r"a\u2066b\u2069c\u200e."),
    Row("nothing to see", "pay\u200bpal\ufeff.", "pay<U+200B>pal<U+FEFF>.", r"pay\u200bpal\ufeff."),
    Row("tags", "hi\U000e0041.", "hi<U+E0041>.", r"hi\udb40\udc41."),
    Row("markup", "[bold]b[/x][red]", "[bold]b[/x][red]"),
    Row("a live link", "[@click=app.quit]q[/]", "[@click=app.quit]q[/]"),
    Row("an escaped bracket", r"\[a]\\[b]", r"\[a]\\[b]", r"\\[a]\\\\[b]"),
    Row("NUL and bell", "a\x00b\x07c\x08d", "a␀b␇c␈d", r"a\u0000b\u0007c\bd"),
    Row("a carriage return", "good\rbad", "good␍bad", r"good\rbad"),
    Row("half a character", "a\ud800b", "a�b", r"a\ud800b"),
    Row("a pile of marks", "e" + "\u0301" * 500, "e" + "\u0301" * 4 + "<+496 marks>", "e" + "\u0301" * 4 + r"\u0301"),
    Row("wide characters", "漢" * 300, "漢" * 20),
    Row("a line without end", "long " * 200_000, "long long long"),
)  # fmt: skip

CALLED = ROWS[:7]
"""The tools that are called: each takes a third of a second."""

OWN = re.compile(r"\x1b\[[0-9;?<>=$]*[A-Za-z]|\x1b\]22;[a-z]+\x07")
"""The sequences that Textual writes: positions, colours, modes, the shape of the mouse's pointer."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Everything that is written to the terminal."""
    written: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "is_headless", property(lambda _self: False))
    monkeypatch.setattr(HeadlessDriver, "write", lambda _self, data: written.append(data))
    yield written
    assert written


def assert_harmless(sent: list[str]) -> None:
    """Nothing of the rows' sequences was sent, and no character that does something or can't be seen."""
    whole = "".join(sent)
    whole.encode()
    for row in ROWS:
        for sequence in re.findall("\x1b[^\x1b]{3,}", row.text):
            assert sequence not in whole, row.name
    rest = OWN.sub("", whole)
    found = {
        f"U+{ord(char):04X}"
        for char in set(rest)
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\r\n"
    }
    assert not found
    assert "\u0301" * 5 not in rest


@pytest.mark.parametrize("kind", ["text", "markdown", "json"])
async def test_a_text_is_shown_with_all_that_is_in_it(kind: DocumentKind, sent: list[str]) -> None:
    app = Host(lambda: TextView("Result"), "widgets/textview/textview.tcss")
    async with app.run_test(size=(60, 8)) as pilot:
        view = app.query_one(TextView)
        for row in ROWS:
            view.show_made(lambda text=row.text: (kind, text))
            await until(lambda: view.document is not None and view.document.complete, "the text")
            await pilot.pause()
            seen = "".join(view.lines.render_line(y).text for y in range(6))
            assert (row.in_json or row.right if kind == "json" else row.right) in seen, row.name
    assert_harmless(sent)


def hostile_engine(folder: Path) -> CallEngine:
    """Every text of the rows wherever somebody else's text is shown."""
    (folder / "server.toml").write_text('[server]\nname = "x"\n', "utf-8")
    story: list[tuple[float, object]] = []
    for number, (_name, long, _right, _in_json) in enumerate(ROWS):
        text = long[:2000]
        facts = (
            LogWritten(text, "info", text),
            ClientConnected(f"c{number}", text, text),
            ErrorReported(f"r{number}", text, f"ValueError: {text}", text, text, number),
            FilesChanged("docs", (FileChange("added", text),), False, 0.1),
            RequestStarted(number, "tools/call", text, text, f"k{number}"),
            RequestFinished(
                number, "tools/call", text, text, text, "", "error", 0.1, ((text, 0.1),), 9, text, ""
            ),
            TaskStarted(f"t{number}", text, text),
            TaskProgressed(f"t{number}", 1.0, 2.0, text),
            WorkflowStarted(f"w{number}", text, 2),
            WorkflowFinished(f"w{number}", text, "failed", 0.1, text),
        )
        story += [(0.0, fact) for fact in facts]
    text = "".join(row.text[:40] for row in ROWS)
    story += [
        (0.0, ServerStarted(text[:30], text[:30])),
        (0.0, ModuleNoted("shop", text, True)),
        (0.0, ModuleFailed("docs", text, text)),
        (0.0, ConfigRejected(text)),
    ]
    engine = CallEngine(story, folder=folder)
    engine.tools = [
        Tool(
            name=row.text[:500],
            title=row.text[:500],
            description=row.text[:500],
            input_schema={
                "type": "object",
                "properties": {
                    row.text[:100]: {
                        "type": "string",
                        "description": row.text[:500],
                        "default": row.text[:500],
                    }
                },
            },
        )
        for row in ROWS
    ]
    engine.resources = [
        Resource(uri=f"file:///{number}/%1b%5b2J%e2%80%ae", name=row.text[:500], description=row.text[:500])
        for number, row in enumerate(ROWS)
    ]
    engine.offers = engine.offers._replace(
        tools={tool.name: Owner(tool.name, tool.name, breaker=tool.name) for tool in engine.tools}
    )
    for number, row in enumerate(ROWS):
        failed = CallError(-1, row.text[:500], {row.text[:100]: row.text[:500]})
        answer: Any = failed if number % 2 else text_result(row.text)
        engine.answers[row.text[:500]] = lambda _arguments, answer=answer: answer
    return engine


async def test_no_screen_sends_the_terminal_what_others_wrote_as_commands(
    sent: list[str], tmp_path: Path
) -> None:
    app = quiet_app(hostile_engine(tmp_path))
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await settled(app, pilot)
        for place in PLACES:
            await pilot.press(place.key)
            await settled(app, pilot)
            await pilot.press("tab", "enter")
            await settled(app, pilot)
            await pilot.press("escape", "tab", "down", "enter")
            await settled(app, pilot)
            await pilot.press("escape")
        await pilot.press("exclamation_mark")
        await pilot.pause()
        await pilot.press("escape")
    assert_harmless(sent)


async def test_tools_with_any_name_are_called_and_any_message_pops_up(
    sent: list[str], tmp_path: Path
) -> None:
    app = quiet_app(hostile_engine(tmp_path))
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await settled(app, pilot)
        await pilot.press("2")
        await settled(app, pilot)
        for row in ROWS:
            app.notify(row.text, markup=False)
        for _row in CALLED:
            await pilot.press("f5", "down")
        await settled(app, pilot)
        called = [command for command in app.engine.commands if command[0] == "call_tool"]  # type: ignore[attr-defined]
        assert len(called) == len(CALLED)
    assert_harmless(sent)
