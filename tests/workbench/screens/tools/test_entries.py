"""The list of tools and prompts as data: its sections, its filter, prompts as forms, a tool that is edited."""

from __future__ import annotations

from mcp.types import PromptArgument, Tool

from tests.workbench.fake_calls import OWNERS, PROMPTS, TOOLS
from workbench.forms import Form
from workbench.records import Owners
from workbench.screens.tools.entries import Entry, best_match, entries_of, prompt_schema, rows_of
from workbench.screens.tools.work import Work

ENTRIES = entries_of(TOOLS, PROMPTS, OWNERS)


def names(words: str = "") -> list[str]:
    return [row.entry.name if row.entry else f"{row.heading} {row.size}" for row in rows_of(ENTRIES, words)]


def test_tools_stand_by_module_and_prompts_at_the_end() -> None:
    assert names() == ["shop 1", "query", "tools 3", "add", "reindex", "order", "prompts 1", "review"]


def test_the_filter_looks_at_names_descriptions_and_modules_and_wants_every_word() -> None:
    assert names("books customer") == ["tools 1", "order"]
    assert names("SHOP") == ["shop 1", "query"]
    assert names("nothing") == []


def test_a_filter_highlights_what_has_the_words_in_its_name() -> None:
    assert best_match(rows_of(ENTRIES, "order"), "order") == "tool:order"
    assert best_match(rows_of(ENTRIES, "statement"), "statement") == "tool:query"
    assert best_match([], "x") == ""


def test_what_is_known_of_a_tool_is_said_in_a_few_words() -> None:
    asides = {entry.name: entry.aside for entry in ENTRIES}

    assert asides["query"] == "shop  read-only  breaker shop"
    assert asides["reindex"] == "tools  can run as a task"


def test_tools_of_nobody_known_are_listed_too() -> None:
    entries = entries_of(TOOLS[:1], [], Owners({}, {}, {}, {}))

    assert [row.heading or row.entry.name for row in rows_of(entries) if row.entry or row.heading] == [
        "tools",
        "query",
    ]


def test_a_prompts_parameters_are_a_form_of_texts() -> None:
    form = Form(prompt_schema([PromptArgument(name="title", required=True), PromptArgument(name="tone")]))
    form.from_arguments({"title": "Dune"})

    assert form.to_arguments() == {"title": "Dune"}
    assert form.warnings() == []
    assert Form(prompt_schema([])).is_empty


def test_a_tool_that_is_edited_keeps_what_was_typed() -> None:
    work = Work(ENTRIES[1])
    work.draft.fill({"a": 1, "b": 2})
    edited = Tool(
        name="add", input_schema={"properties": {"a": {"type": "integer"}, "c": {"type": "string"}}}
    )
    entry: Entry = entries_of([edited], [], OWNERS)[0]

    assert work.change_to(entry)
    assert work.draft.arguments() == {"a": 1, "b": 2}
    assert not work.change_to(entry)
