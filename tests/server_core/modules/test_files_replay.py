"""Replayed batches go the way of live ones; live ones wait; afterwards the list is true to the disk again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import anyio
import pytest
from mcp import MCPError

from server_core.bus import Event
from server_core.errors import InvalidArgumentsError, UnavailableError
from server_core.events import FileChange, ReplayFinished, ReplayStarted
from tests.server_core.modules.files_for_tests import LIST, Docs, listening, serving
from tests.waiting import until

pytestmark = pytest.mark.anyio


def batch(*changes: str) -> list[FileChange]:
    """`+a.txt`, `~a.txt` and `-a.txt` as changes."""
    kinds = {"+": "added", "~": "modified", "-": "deleted"}
    return [FileChange(kinds[change[0]], change[1:]) for change in changes]  # type: ignore[arg-type]


async def replayed(docs: Docs, *changes: str) -> None:
    (found,) = await docs.module.prepare([batch(*changes)])
    await docs.module.intake_prepared(found)


async def test_each_uri_is_told_once_a_batch_in_order_and_the_list_once(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x")
    async with serving(tmp_path) as docs, listening(docs, ["a.txt", "b.txt", "c.txt"]) as heard:
        a, b, c = (docs.uri(name) for name in ("a.txt", "b.txt", "c.txt"))
        async with docs.module.replaying(2):
            await replayed(docs, "~b.txt", "~a.txt", "~b.txt")
            await replayed(docs, "+c.txt", "-a.txt", "~c.txt")
            told = [b, a, c, a, LIST]
            await until(lambda: heard.old == told and heard.new == told, "both heard of both batches")
        assert [(each.replayed, len(each.changes)) for each in docs.batches] == [(True, 3), (True, 3)]


async def test_a_replayed_file_that_is_not_on_disk_is_listed_with_a_mark_until_the_end(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as docs:
        async with docs.module.replaying(1):
            await replayed(docs, "+ghost.md")
            ghost = (await docs.listed())["ghost.md"]
            assert ghost.description == "Replayed, not on disk"
            assert ghost.meta == {"io.mcp-server-workbench/replayed": True}
            with pytest.raises(MCPError, match=r"ghost\.md is replayed, not on disk"):
                await docs.read("ghost.md")
        assert await docs.listed() == {}
        with pytest.raises(MCPError, match="Unknown resource"):
            await docs.read("ghost.md")


async def test_a_replayed_deletion_hides_a_file_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    async with serving(tmp_path) as docs, listening(docs, ["a.txt"]) as heard:
        assert await docs.text("a.txt") == "x"
        async with docs.module.replaying(1):
            await replayed(docs, "-a.txt")
            assert await docs.listed() == {}
            with pytest.raises(MCPError, match="Unknown resource"):
                await docs.read("a.txt")
        assert await docs.text("a.txt") == "x"
        told = 2 * [docs.uri("a.txt"), LIST]
        await until(lambda: heard.old == told and heard.new == told, "both heard of its end and its return")


async def test_live_changes_wait_for_the_end_and_are_told_as_live(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("x")
    async with serving(tmp_path) as docs:
        async with docs.module.replaying(1):
            (tmp_path / "new.txt").write_text("x")
            (tmp_path / "old.txt").unlink()
            await replayed(docs, "+ghost.txt", "+new.txt")
            live = asyncio.create_task(docs.module.intake(batch("~new.txt")))
            await asyncio.sleep(0)
            assert docs.live() == []
            assert not live.done()
        await live
        # What has changed a moment ago may be told of once more.
        assert docs.live()[:2] == [("added", "new.txt"), ("deleted", "old.txt")]
        assert set(docs.live()[2:]) <= {("modified", "new.txt")}
        listed = await docs.listed()
        assert list(listed) == ["new.txt"]
        assert listed["new.txt"].meta is None
        assert [each.replayed for each in docs.batches][:2] == [True, False]


async def test_a_replay_that_is_cancelled_leaves_the_list_true_to_the_disk(tmp_path: Path) -> None:
    facts: list[object] = []

    def listen(event: Event) -> None:
        if isinstance(event.fact, ReplayStarted | ReplayFinished):
            facts.append(event.fact)

    async with serving(tmp_path) as docs:
        docs.server.bus.subscribe(listen)
        with anyio.CancelScope() as scope:
            async with docs.module.replaying(9):
                await replayed(docs, "+ghost.txt")
                scope.cancel()
                await anyio.sleep_forever()
        assert await docs.listed() == {}
        assert facts == [ReplayStarted("docs", 9), ReplayFinished("docs", 1)]
        async with docs.module.replaying(1):
            await replayed(docs, "+again.txt")


async def test_one_replay_at_a_time(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs:
        async with docs.module.replaying(1):
            with pytest.raises(UnavailableError, match="already running"):
                async with docs.module.replaying(1):
                    pass
        with pytest.raises(UnavailableError, match="only inside"):
            await replayed(docs, "+a.txt")


async def test_a_replay_into_a_module_that_was_removed_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs, docs.module.replaying(1):
        await docs.server.remove_module("docs")
        with pytest.raises(UnavailableError, match="is not running"):
            await replayed(docs, "+a.txt")


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "a/../../b", ""])
async def test_a_path_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path) as docs, docs.module.replaying(1):
        with pytest.raises(InvalidArgumentsError, match="inside the folder"):
            await docs.module.prepare([[FileChange("added", path)]])


async def test_ignored_paths_and_links_out_are_as_good_as_not_on_disk(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "out.txt").symlink_to("../secret.txt")
    async with serving(folder, ignore=["*.tmp"]) as docs, docs.module.replaying(1):
        await replayed(docs, "+a.tmp", "+out.txt")
        assert [change.path for change in docs.batches[0].changes] == ["out.txt"]
        with pytest.raises(MCPError, match="replayed, not on disk"):
            await docs.read("out.txt")


async def test_a_hint_is_checked_against_the_disk(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs:
        await docs.module.intake(batch("+nothing.txt", "-nothing.txt"))
        assert docs.batches == []


async def test_a_thousand_batches_at_once_reach_both_revisions_in_order(tmp_path: Path) -> None:
    names = [f"{number}.txt" for number in range(50)]
    async with serving(tmp_path) as docs, listening(docs, names) as heard:
        told: list[str] = []
        async with docs.module.replaying(1000):
            for number in range(1000):
                name = names[number % 50]
                kind = "+-"[number // 50 % 2]
                await replayed(docs, f"{kind}{name}")
                told += [docs.uri(name), LIST]
            await until(lambda: len(heard.old) == 2000, "the 2025 client heard of all")
        assert heard.old == told
        # The client of 2026 merges list changes that it has not been asked for yet.
        uris = [uri for uri in told if uri != LIST]
        assert [uri for uri in heard.new if uri != LIST] == uris
