"""Facts as lines that a person reads."""

from __future__ import annotations

import pytest

from server_core.bus import Event
from server_core.events import (
    BreakerChanged,
    ClientsNotified,
    FileChange,
    FilesChanged,
    FunctionsReloaded,
    LogWritten,
    ModuleStarted,
    PoolChanged,
    TaskChanged,
)
from tests.workbench.fakes import NOON, request
from workbench.state.timeline import changes_text, describe, trace_text


def told(fact: object) -> tuple[str, str, str, str]:
    line = describe(Event(1, NOON, fact))
    assert line is not None
    return line.source, line.text, line.detail, line.tone


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (
            request(1, "query", "shop"),
            ("shop", "query  1.9 ms", "cache miss → pool 0.10 ms → shop 1.6 ms", "ok"),
        ),
        (
            request(1, "divide", "tools", outcome="tool_error", error="division by zero"),
            ("tools", "divide  tool error  1.9 ms", "division by zero", "bad"),
        ),
        (
            request(1, "slow", "tools", outcome="timeout", seconds=60.0, error="60 s are over"),
            ("tools", "slow  timed out  1:00", "60 s are over", "bad"),
        ),
        (
            request(1, "slow", "tools", outcome="cancelled", seconds=2.0),
            ("tools", "slow  cancelled after 2.0 s", "", "dim"),
        ),
        (
            ModuleStarted("shop", "database", 0.031, 1, 4, 1, 0),
            ("shop", "started  31 ms", "1 tool, 4 resources, 1 template", "ok"),
        ),
        (
            BreakerChanged("api", "open", "half_open", 3, 0.0, "time for a probe"),
            ("api", "breaker open → half-open", "time for a probe", "warn"),
        ),
        (
            TaskChanged("0123456789", "failed", "no space", "copy"),
            ("tasks", "copy failed", "no space", "bad"),
        ),
        (
            ClientsNotified("updated", "file:///a.md", 2),
            ("notice", "updated file:///a.md", "sent to 2 clients", "accent"),
        ),
        (
            FilesChanged("docs", (FileChange("added", "a.md"),), True, 0.004),
            ("docs", "+ a.md  (replayed)", "applied in 4.0 ms", "accent"),
        ),
        (
            FunctionsReloaded("tools", "tools.py", ("new",), (), ("add", "sub")),
            ("tools", "tools.py reloaded", "+new  ~add sub", "accent"),
        ),
    ],
)
def test_a_fact_says_whose_it_is_what_happened_and_how_it_went(fact: object, line: tuple[str, ...]):
    assert told(fact) == line


@pytest.mark.parametrize(
    "fact",
    [
        TaskChanged("t", "working", ""),
        ClientsNotified("updated", "file:///a.md", 0),
        PoolChanged("p", "acquired", 1, 1, 0, 10),
    ],
)
def test_what_happens_all_the_time_gets_no_line(fact: object):
    assert describe(Event(1, NOON, fact)) is None


def test_many_changes_are_counted_by_their_kind():
    changes = (*tuple(FileChange("added", f"{n}.md") for n in range(3)), FileChange("deleted", "x"))
    assert changes_text(changes) == "+3 −1  0.md, …"
    assert changes_text(()) == "no changes"


def test_a_stage_that_took_no_time_is_told_without_one():
    assert trace_text((("cache hit", 0.00002), ("handler", 0.5))) == "cache hit → handler 500 ms"


def test_hostile_text_is_one_harmless_line():
    source, text, _, _ = told(LogWritten("ev\x1b[31mil", "info", "one\ntwo\x07\u202e"))
    assert (source, text) == ("ev␛[31mil", "one two␇<U+202E>")


def test_the_whole_fact_stays_with_its_line():
    fact = LogWritten("tool", "info", "text")
    line = describe(Event(7, NOON, fact))
    assert line is not None
    assert (line.seq, line.at, line.fact) == (7, NOON, fact)
