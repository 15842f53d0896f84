"""The history keeps calls and batches, and harms nobody when it can't."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server_core.events import FileChange
from server_core.masking import MASKED
from tests.waiting import until_sync
from workbench import store as store_module
from workbench.records import BatchRecord, CallError, CallRecord
from workbench.store import Store

CALL = CallRecord(
    key="k1",
    method="tools/call",
    target="add",
    protocol="2026-07-28",
    arguments={"a": 1, "text": "ü\ud800"},
    outcome="tool_error",
    result={"content": [{"type": "text", "text": "no"}], "isError": True},
    error=CallError(-32602, "bad", {"why": ["x"]}),
    started=1000.5,
    seconds=0.25,
    stages=(("cache hit", 0.1), ("handler", 0.15)),
    size=42,
    reference="abcd",
)
BATCH = BatchRecord(1000.0, "docs", (FileChange("added", "a/ü.md"), FileChange("deleted", "b")), True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".workbench" / "history.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def test_a_call_comes_back_as_it_was(store: Store):
    store.add_call(CALL)
    assert store.calls() == [CALL]


def test_a_batch_comes_back_as_it_was(store: Store):
    store.add_batch(BATCH)
    assert store.batches() == [BATCH]


def test_calls_come_newest_first_and_of_one_target_if_asked(store: Store):
    for number in range(4):
        store.add_call(replace(CALL, key=str(number), target="add" if number % 2 else "mul"))
    assert [call.key for call in store.calls()] == ["3", "2", "1", "0"]
    assert [call.key for call in store.calls("add")] == ["3", "1"]
    assert [call.key for call in store.calls(limit=1)] == ["3"]


def test_nothing_is_made_on_disk_before_there_is_something_to_keep(store: Store, path: Path):
    assert store.calls() == []
    assert not path.parent.exists()


def test_what_was_added_is_written_when_the_store_stops(path: Path):
    store = Store(path)
    store.add_call(CALL)
    store.close()
    assert Store(path).calls() == [CALL]


def test_a_result_that_is_too_large_is_left_out(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store_module, "RESULT_CHARS", 100)
    store.add_call(replace(CALL, result={"text": "x" * 200}))
    assert store.calls() == [replace(CALL, result=None)]


def test_only_the_newest_rows_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store_module, "HISTORY_ROWS", 3)
    monkeypatch.setattr(store_module, "PRUNE_ROWS", 1)
    for number in range(10):
        store.add_call(replace(CALL, key=str(number)))
    assert [call.key for call in store.calls()] == ["9", "8", "7"]


def test_only_so_many_bytes_of_results_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store_module, "HISTORY_BYTES", 250)
    monkeypatch.setattr(store_module, "PRUNE_ROWS", 1)
    for number in range(5):
        store.add_call(replace(CALL, key=str(number), result={"text": "x" * 89}))
    assert [call.key for call in store.calls()] == ["4", "3"]


def test_two_processes_may_write_the_same_history(store: Store, path: Path):
    other = Store(path)
    for number in range(20):
        (store if number % 2 else other).add_call(replace(CALL, key=str(number)))
    other.close()
    assert {call.key for call in store.calls()} == {str(number) for number in range(20)}


def test_a_file_that_is_no_database_is_told_of_once_and_costs_the_history_only(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store_module, "RETRY_SECONDS", 0.01)
    told: list[str] = []
    store.on_trouble = told.append
    path.parent.mkdir()
    path.write_bytes(b"this is not SQLite" * 100)
    for number in range(3):
        store.add_call(replace(CALL, key=str(number)))
        until_sync(lambda: not store._waiting and not store._writing, "the store has tried to write")
    assert len(told) == 1
    assert "file is not a database" in told[0]
    assert str(path) in told[0]
    assert store.calls() == []


def test_a_locked_history_is_written_once_it_is_free(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.01)
    monkeypatch.setattr(store_module, "RETRY_SECONDS", 0.01)
    store.add_call(CALL)
    assert store.flush()
    # The writer keeps its connection, and with it the time that it waits for a lock.
    told: list[str] = []
    second = Store(path)
    second.on_trouble = told.append
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("begin immediate")
    second.add_call(replace(CALL, key="k2"))
    until_sync(lambda: told, "the second writer finds the history locked")
    blocker.execute("rollback")
    blocker.close()
    until_sync(lambda: len(store.calls()) == 2, "the second writer has written")
    second.close()
    assert "locked" in told[0]


def on_disk(path: Path) -> bytes:
    """All that stands in the folder of the history, also in the files that SQLite puts beside it."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_secrets_are_in_no_file(store: Store, path: Path):
    secret = "hunter2ü"
    call = replace(
        CALL,
        target=f"https://ann:{secret}@host/?token={secret}",
        arguments={"a": 1, "code": secret, "password": [secret], "url": f"https://ann:{secret}@host/"},
        result={"content": [{"type": "text", "text": f"for {secret}: born-secret"}],
                "structuredContent": {"token": "born-secret"}},
        error=CallError(1, f"not {secret}", {"why": secret}),
    )  # fmt: skip
    store.add_call(call, {"properties": {"code": {"type": "string", "writeOnly": True}}})
    [kept] = store.calls(call.target)
    assert kept.arguments == {
        "a": 1,
        "code": MASKED,
        "password": MASKED,
        "url": f"https://ann:{MASKED}@host/",
    }
    assert kept.result is not None
    assert kept.result["content"][0]["text"] == f"for {MASKED}: {MASKED}"
    assert kept.error == CallError(1, f"not {MASKED}", {"why": MASKED})
    for text in (b"hunter2", b"born-secret"):
        assert text not in on_disk(path)


def test_a_result_nested_too_deeply_costs_no_other_row(store: Store):
    deep: dict[str, Any] = {}
    for _ in range(20_000):
        deep = {"a": deep}
    store.add_call(replace(CALL, result=deep))
    store.add_call(CALL)
    assert [call.result for call in store.calls()] == [CALL.result, None]


@pytest.mark.skipif(os.name == "nt", reason="permission bits are POSIX's")
@pytest.mark.parametrize("existing", [False, True])
def test_nobody_else_can_read_the_history_and_git_ignores_it(store: Store, path: Path, existing: bool):
    if existing:
        path.parent.mkdir()
        before = sqlite3.connect(path)
        before.execute("pragma journal_mode = wal")
        before.execute("create table t (a)")
        assert oct(path.stat().st_mode & 0o077) != "0o0"
    store.add_call(CALL)
    assert store.flush()
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.glob("history.db*")}
    assert modes == dict.fromkeys(["history.db", "history.db-wal", "history.db-shm"], "0o600")
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"
    assert (path.parent / ".gitignore").read_text() == "*\n"
    if existing:
        before.close()


def test_nothing_is_made_in_the_place_of_a_deleted_project(tmp_path: Path):
    store = Store(tmp_path / "gone" / ".workbench" / "history.db")
    told: list[str] = []
    store.on_trouble = told.append
    store.add_call(CALL)
    store.close()
    assert len(told) == 1
    assert not (tmp_path / "gone").exists()
