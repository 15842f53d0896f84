"""The tools screen: choose, fill in, run, cancel, look at what came, and find it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from mcp.types import Tool
from textual.content import Content
from textual.pilot import Pilot

from server_core.events import ClientsNotified, OfferChanged
from tests.waiting import until
from tests.workbench.fake_calls import NEWEST, TOOLS, CallEngine, record_of, text_result
from tests.workbench.fakes import NOON
from tests.workbench.screens.shown import LARGE, SMALL, quiet_app, screen_text
from tests.workbench.screens.test_health import failure
from workbench.app import WorkbenchApp
from workbench.facts import QuestionAsked
from workbench.questions import Question
from workbench.records import CallError
from workbench.screens.errors import ErrorScreen
from workbench.screens.tools import ToolsScreen
from workbench.screens.tools.toollist import EntryRows
from workbench.session import Next
from workbench.widgets.callview import CallView
from workbench.widgets.filterline import FilterLine
from workbench.widgets.formview import FormView
from workbench.widgets.formview.editor import FieldEditor
from workbench.widgets.sheet import Sheet
from workbench.widgets.textview import TextView

pytestmark = pytest.mark.anyio


class Stage(NamedTuple):
    """The tools screen on show, with its parts."""

    app: WorkbenchApp
    pilot: Pilot[Next]
    engine: CallEngine
    screen: ToolsScreen

    @property
    def rows(self) -> EntryRows:
        return self.screen.query_one(EntryRows)

    @property
    def form(self) -> FormView:
        return self.screen.query_one(FormView)

    @property
    def call(self) -> CallView:
        return self.screen.query_one(CallView)

    @property
    def title(self) -> str:
        return Content.from_markup(str(self.call.border_title)).plain

    async def choose(self, name: str) -> None:
        """Highlight a tool and wait for its form."""
        self.rows.show_key(f"tool:{name}")
        await self.until(lambda: self.shown == name, f"the form of {name}")

    @property
    def shown(self) -> str:
        """The tool whose form stands there."""
        work = self.screen.shown
        ready = work is not None and self.form.draft is getattr(work, "draft", None)
        return work.target if work is not None and ready else ""

    async def type(self, text: str) -> None:
        await self.pilot.press(*({" ": "space"}.get(char, char) for char in text))

    async def result(self) -> str:
        """The text of the result, once a call has ended."""
        text = self.screen.query_one("#result TextView#result", TextView)
        await self.until(
            lambda: self.call.record is not None and text.document is not None and text.document.complete,
            "a result",
        )
        assert text.document is not None
        return text.document.text()

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        await until(condition, what)
        await self.pilot.pause()

    def commands(self, name: str) -> list[tuple[object, ...]]:
        return [command[1:] for command in self.engine.commands if command[0] == name]


@asynccontextmanager
async def tools(engine: CallEngine | None = None, size: tuple[int, int] = LARGE) -> AsyncIterator[Stage]:
    """The tools screen with everything listed."""
    engine = engine or CallEngine()
    app = quiet_app(engine)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(lambda: app.has_engine and app.snapshot.phase == "running", "a running server")
        await pilot.press("2")
        await until(lambda: isinstance(app.screen, ToolsScreen), "the screen")
        assert isinstance(app.screen, ToolsScreen)
        stage = Stage(app, pilot, engine, app.screen)
        await stage.until(lambda: bool(stage.rows.rows) and stage.shown, "the list")
        yield stage


async def test_tools_and_prompts_are_listed_and_the_first_one_is_ready_to_run() -> None:
    async with tools() as stage:
        assert [row.heading or row.entry.name for row in stage.rows.rows if row.entry or row.heading] == [
            "shop", "query", "tools", "add", "reindex", "order", "prompts", "review",
        ]  # fmt: skip
        assert stage.shown == "query"
        assert stage.rows.has_focus


async def test_a_tool_is_filled_in_and_run_with_exactly_that() -> None:
    async with tools() as stage:
        stage.engine.answers["add"] = lambda arguments: text_result(str(arguments["a"] + arguments["b"]))
        await stage.choose("add")
        await stage.pilot.press("enter")
        await stage.type("19")
        await stage.pilot.press("tab")
        await stage.type("23")
        await stage.pilot.press("f5")

        assert await stage.result() == "42"
        assert stage.commands("call_tool") == [("add", {"a": 19, "b": 23}, "2026-07-28", None)]
        assert "✓ ok" in stage.title


@pytest.mark.parametrize("key", ["f5", "ctrl+j", "alt+enter"])
async def test_every_run_key_runs_from_inside_of_a_field(key: str) -> None:
    async with tools() as stage:
        await stage.pilot.press("enter")
        await stage.type("select 1")
        await stage.pilot.press(key)
        await stage.result()

        assert stage.commands("call_tool")[0][1] == {"sql": "select 1"}


async def test_the_button_runs_too() -> None:
    async with tools() as stage:
        await stage.pilot.click("#run")
        await stage.result()

        assert stage.commands("call_tool") == [("query", {}, "2026-07-28", None)]


async def test_missing_arguments_are_a_warning_and_no_block() -> None:
    async with tools() as stage:
        await stage.pilot.press("f5")
        await stage.result()
        await stage.until(lambda: bool(stage.form.warnings), "the warning")

        assert stage.form.warnings[0].message == "is required"


async def test_what_can_not_be_sent_is_not_sent_and_said() -> None:
    async with tools() as stage:
        await stage.choose("add")
        await stage.pilot.press("enter")
        await stage.type("many")
        await stage.pilot.press("f5")
        await stage.pilot.pause()

        assert stage.commands("call_tool") == []
        assert any("Can't send yet" in notice.message for notice in stage.app._notifications)


async def test_progress_is_shown_while_it_runs_and_a_key_cancels() -> None:
    async with tools() as stage:
        stage.engine.gates["reindex"] = asyncio.Event()
        stage.engine.progress["reindex"] = (12.0, 60.0, "page 12 of 60")
        await stage.choose("reindex")
        await stage.pilot.press("f5")
        progress = stage.screen.query_one("#progress", Sheet)
        await stage.until(lambda: "page 12 of 60" in progress.text, "progress")

        assert "20 %" in progress.text
        assert "◌ running" in stage.title
        assert stage.rows.marks["tool:reindex"] == "running"

        await stage.pilot.press("ctrl+g")

        assert (await stage.result()).startswith("Cancelled.")
        assert stage.engine.cancelled == ["reindex"]
        assert "■ cancelled" in stage.title


async def test_a_call_whose_question_was_put_off_says_what_it_waits_for() -> None:
    async with tools() as stage:
        stage.engine.gates["reindex"] = asyncio.Event()
        await stage.choose("reindex")
        await stage.pilot.press("f5")
        stage.engine.emit(QuestionAsked(Question("q", "form", NEWEST, "How many?")))
        await stage.until(lambda: stage.app.screen.is_modal, "the question")
        await stage.pilot.press("escape")
        progress = stage.screen.query_one("#progress", Sheet)
        await stage.until(lambda: "Press ctrl+y" in progress.text, "what it waits for")


async def test_a_call_goes_on_while_another_tool_is_looked_at() -> None:
    async with tools() as stage:
        gate = stage.engine.gates["reindex"] = asyncio.Event()
        await stage.choose("reindex")
        await stage.pilot.press("f5")
        await stage.choose("query")
        await stage.pilot.press("f5")
        await stage.result()
        gate.set()
        await stage.until(lambda: stage.rows.marks["tool:reindex"] == "ok", "the end of the first")

        assert any("reindex: ok" in notice.message for notice in stage.app._notifications)
        assert stage.call.record is not None
        assert stage.call.record.target == "query"


async def test_an_error_is_told_clearly() -> None:
    async with tools() as stage:
        stage.engine.answers["query"] = lambda _arguments: CallError(-32602, "Unknown tool: query")
        await stage.pilot.press("f5")

        assert (await stage.result()).startswith("Unknown tool: query\n\ncode  -32602, invalid parameters")
        assert "✗ error  -32602" in stage.title
        assert stage.rows.marks["tool:query"] == "error"


async def test_an_unexpected_error_is_told_with_the_place_where_it_was_raised() -> None:
    async with tools() as stage:
        stage.engine.references["query"] = "4b1d77aa"
        stage.engine.answers["query"] = lambda _arguments: CallError(
            -32603, "Internal error (reference 4b1d77aa)"
        )
        await stage.pilot.press("f5")
        await stage.result()
        # The focus is still on the list: the key works there as on the result.
        await stage.pilot.press("e")
        await stage.until(lambda: stage.app._notifications, "it is told that it is not known any more")
        stage.engine.emit(failure())
        await stage.until(lambda: stage.app.snapshot.failures, "it is known")
        stage.call.focus_view()
        await stage.pilot.press("e")
        await stage.until(lambda: isinstance(stage.app.screen, ErrorScreen), "the error in full")
        assert "raised in ask_supplier" in screen_text(stage.app)


async def test_without_an_unexpected_error_there_is_nothing_to_tell() -> None:
    async with tools() as stage:
        await stage.pilot.press("f5")
        await stage.result()
        stage.call.focus_view()
        await stage.pilot.pause()
        assert "e Error" not in screen_text(stage.app)


async def test_a_result_of_a_quarter_million_lines_does_not_hold_the_screen() -> None:
    async with tools() as stage:
        rows = [{"n": number} for number in range(80_000)]
        stage.engine.answers["query"] = lambda _arguments: {
            "content": [],
            "structuredContent": {"result": rows},
        }
        await stage.pilot.press("f5")
        text = stage.screen.query_one("#result TextView#result", TextView)
        await stage.until(
            lambda: text.document is not None and len(text.document.lines) > 100, "the first page"
        )
        await stage.pilot.press("slash")

        assert stage.screen.query_one(FilterLine).has_focus  # keys are answered while the rest is being made
        await until(lambda: text.document is not None and text.document.complete, "all of it")
        assert text.document is not None
        assert len(text.document.lines) == 240_004


# -- what is remembered


async def test_the_arguments_of_the_last_call_in_the_history_are_filled_in() -> None:
    engine = CallEngine()
    engine.store.records = [
        record_of("tools/call", "query", {"sql": "select 7"}, text_result("7"), started=NOON - 90)
    ]
    async with tools(engine) as stage:
        assert stage.form.draft.arguments() == {"sql": "select 7"}


async def test_each_tool_keeps_its_own_arguments_while_others_are_looked_at() -> None:
    async with tools() as stage:
        await stage.pilot.press("enter")
        await stage.type("select 1")
        await stage.pilot.press("escape")
        await stage.choose("add")
        await stage.choose("query")

        assert stage.form.draft.arguments() == {"sql": "select 1"}


async def test_an_earlier_call_fills_the_form_in_again() -> None:
    engine = CallEngine()
    engine.store.records = [
        record_of("tools/call", "query", {"sql": "select 2"}, text_result("two"), key="k2"),
        record_of("tools/call", "query", {"sql": "select 1", "limit": 5}, text_result("one"), key="k1"),
        record_of("prompts/get", "query", {"sql": "not a tool"}, text_result(""), key="k0"),
    ]
    async with tools(engine) as stage:
        stage.call.view = "earlier"
        stage.call.focus_view()
        await stage.pilot.press("j", "enter")

        assert await stage.result() == "one"
        assert stage.form.draft.arguments() == {"sql": "select 1", "limit": 5}
        assert stage.engine.commands.count(("call_tool",)) == 0


async def test_a_tool_that_is_edited_keeps_what_was_typed() -> None:
    async with tools() as stage:
        await stage.pilot.press("enter")
        await stage.type("select 1")
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {"sql": {"type": "string"}, "rows": {"type": "integer"}},
        }
        stage.engine.tools = (Tool(name="query", input_schema=schema), *TOOLS[1:])
        stage.engine.emit(ClientsNotified("tools", "", 2))
        await stage.until(lambda: len(stage.form.draft.form.root.parts) == 2, "the new form")

        assert stage.form.draft.arguments() == {"sql": "select 1"}


async def test_a_tool_that_is_gone_leaves_the_list() -> None:
    async with tools() as stage:
        stage.engine.tools = TOOLS[1:]
        stage.engine.emit(OfferChanged("shop", 0, 4, 1, 0))
        await stage.until(lambda: stage.shown == "add", "the next tool")


# -- keys and places


async def test_a_slash_filters_and_letters_in_the_filter_are_letters() -> None:
    async with tools() as stage:
        await stage.pilot.press("slash")
        await stage.type("customer")
        await stage.pilot.press("enter")
        await stage.until(lambda: stage.shown == "order", "the only match")

        assert stage.rows.has_focus

        await stage.pilot.press("slash", "escape")

        assert stage.screen.query_one(FilterLine).value == ""
        assert len(stage.rows.rows) == 8


async def test_escape_leaves_the_field_then_the_screen_and_never_quits() -> None:
    async with tools() as stage:
        await stage.pilot.press("enter", "x", "escape")

        assert stage.rows.has_focus
        assert stage.app.is_running

        await stage.pilot.press("escape")

        assert stage.app.is_running


async def test_digits_and_q_are_text_in_a_field() -> None:
    async with tools() as stage:
        await stage.pilot.press("enter")
        await stage.type("q13?/")

        assert stage.form.draft.arguments() == {"sql": "q13?/"}
        assert isinstance(stage.app.screen, ToolsScreen)


async def test_the_other_revision_is_spoken_when_it_is_chosen() -> None:
    async with tools() as stage:
        await stage.pilot.press("f9")
        await stage.until(lambda: ("2025-11-25",) in stage.commands("list_tools"), "the other list")
        await stage.pilot.press("f5")
        await stage.result()

        assert stage.commands("call_tool") == [("query", {}, "2025-11-25", None)]


async def test_a_limit_can_be_set() -> None:
    async with tools() as stage:
        await stage.pilot.press("ctrl+l", "f5")
        await stage.result()

        assert stage.commands("call_tool")[0][3] == 5.0


async def test_a_prompt_is_rendered_with_suggestions_from_the_server() -> None:
    engine = CallEngine()
    engine.suggestions["title"] = ["Dune", "Dubliners"]
    engine.answers["review"] = lambda arguments: {
        "messages": [{"role": "user", "content": {"type": "text", "text": f"Review {arguments['title']}"}}]
    }
    async with tools(engine) as stage:
        stage.rows.show_key("prompt:review")
        await stage.until(lambda: stage.shown == "review", "the prompt")
        await stage.pilot.press("enter")
        await stage.type("Du")
        editor = stage.form.query(FieldEditor).first()
        await stage.until(lambda: editor.suggesting, "suggestions")
        await stage.pilot.press("down", "enter", "f5")

        assert "Review Dubliners" in await stage.result()
        assert stage.commands("get_prompt") == [("review", {"title": "Dubliners"})]
        assert stage.commands("complete")[-1] == ({"type": "ref/prompt", "name": "review"}, "title", "Du", {})


async def test_where_there_is_little_room_one_part_is_shown_at_a_time() -> None:
    async with tools(size=SMALL) as stage:

        def parts() -> list[str]:
            return [
                name for name in ("list", "form", "result") if stage.screen.query_one(f"#{name}").region.area
            ]

        await stage.until(lambda: parts() == ["list"], "the list alone")

        await stage.pilot.press("enter")
        await stage.until(lambda: parts() == ["form"], "the form alone")

        await stage.pilot.press("f5")
        await stage.result()
        await stage.until(lambda: parts() == ["result"], "the result alone")

        await stage.pilot.press("escape")
        await stage.until(lambda: parts() == ["form"], "the form alone")

        await stage.pilot.press("escape")
        await stage.until(lambda: parts() == ["list"], "the list alone")


async def test_a_server_that_does_not_answer_is_told_and_nothing_breaks() -> None:
    engine = CallEngine()

    async def refuse(*_arguments: object, **_options: object) -> Any:
        from workbench.engine import EngineError

        raise EngineError("There is no server: the port is taken")

    async with tools(engine) as stage:
        engine.call_tool = refuse  # type: ignore[method-assign]
        await stage.pilot.press("f5")
        await stage.until(
            lambda: any("There is no server" in notice.message for notice in stage.app._notifications),
            "the reason",
        )

        assert stage.screen.shown is not None
        assert stage.screen.shown.under_way is None


async def test_thousands_of_tools_are_listed_and_filtered() -> None:
    engine = CallEngine()
    engine.tools = [Tool(name=f"tool_{number}", input_schema={"type": "object"}) for number in range(3_000)]
    engine.offers = engine.offers._replace(tools={})
    async with tools(engine) as stage:
        assert len(stage.rows.rows) == 3_003

        await stage.pilot.press("slash")
        await stage.type("2999")
        await stage.until(lambda: len(stage.rows.rows) == 2, "one match")
