"""The files module, live: what changes on disk changes in the list, the cache and at the clients."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from server_core.files import source
from tests.server_core.modules.files_for_tests import LIST, listening, serving
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_new_file_and_its_end_reach_subscribed_clients_of_both_revisions(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs, listening(docs, ["a.txt"]) as heard:
        both = [docs.uri("a.txt"), LIST]
        (tmp_path / "a.txt").write_text("x")
        await until(lambda: heard.old == both and heard.new == both, "both heard of the new file")
        assert list(await docs.listed()) == ["a.txt"]
        (tmp_path / "a.txt").unlink()
        await until(lambda: heard.old == 2 * both and heard.new == 2 * both, "both heard of its end")
        assert await docs.listed() == {}


async def test_a_changed_file_is_told_of_without_the_list_and_reads_anew(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    async with serving(tmp_path) as docs, listening(docs, ["a.txt"]) as heard:
        assert await docs.text("a.txt") == "one"
        (tmp_path / "a.txt").write_text("two")
        await until(lambda: heard.old and heard.new, "both heard of the change")
        assert await docs.text("a.txt") == "two"
        assert heard.old == heard.new == [docs.uri("a.txt")]


async def test_files_written_at_once_into_new_folders_are_found(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs:
        (tmp_path / "a/b/c").mkdir(parents=True)
        (tmp_path / "a/b/c/f.txt").write_text("x")
        await docs.until_changed(("added", "a/b/c/f.txt"))
        (tmp_path / "a/b/c/g.txt").write_text("x")
        await docs.until_changed(("added", "a/b/c/g.txt"))


async def test_a_moved_folder_takes_its_files_along(tmp_path: Path) -> None:
    (tmp_path / "old/deep").mkdir(parents=True)
    for name in ("old/a.txt", "old/deep/b.txt"):
        (tmp_path / name).write_text("x")
    async with serving(tmp_path) as docs:
        (tmp_path / "old").rename(tmp_path / "new")
        await docs.until_changed(("deleted", "old/a.txt"), ("added", "new/deep/b.txt"))
        assert list(await docs.listed()) == ["new/a.txt", "new/deep/b.txt"]


async def test_a_save_by_way_of_a_temporary_file_is_one_modification(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    async with serving(tmp_path) as docs:
        (tmp_path / "a.txt.new").write_text("two")
        (tmp_path / "a.txt.new").replace(tmp_path / "a.txt")
        (tmp_path / "z.txt").write_text("the next change")
        await docs.until_changed(("added", "z.txt"))
        assert [change for change in docs.live() if change[1] == "a.txt"] == [("modified", "a.txt")]


async def test_a_link_changes_with_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "link.txt").symlink_to("a.txt")
    (tmp_path / "links.txt").symlink_to("link.txt")
    async with serving(tmp_path) as docs:
        assert await docs.text("links.txt") == "one"
        (tmp_path / "a.txt").write_text("two")
        await docs.until_changed(("modified", "link.txt"), ("modified", "links.txt"))
        assert await docs.text("links.txt") == "two"
        (tmp_path / "a.txt").unlink()
        await docs.until_changed(("deleted", "link.txt"), ("deleted", "links.txt"))
        (tmp_path / "a.txt").write_text("three")
        await docs.until_changed(("added", "link.txt"), ("added", "links.txt"))


async def test_a_link_turned_outwards_leaves_the_list(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("inside")
    (folder / "link.txt").symlink_to("a.txt")
    (tmp_path / "secret.txt").write_text("secret")
    async with serving(folder) as docs:
        (folder / "link.txt").unlink()
        (folder / "link.txt").symlink_to("../secret.txt")
        await docs.until_changed(("deleted", "link.txt"))
        assert list(await docs.listed()) == ["a.txt"]


async def test_a_folder_that_is_removed_and_made_again_is_watched_again(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("x")
    async with serving(folder) as docs:
        shutil.rmtree(folder)
        await until(lambda: "the folder is gone" in docs.state.note, "the module says so")
        await docs.until_changed(("deleted", "a.txt"))
        folder.mkdir()
        (folder / "b.txt").write_text("x")
        await docs.until_changed(("added", "b.txt"))
        (folder / "c.txt").write_text("x")
        await docs.until_changed(("added", "c.txt"))
        assert docs.state.note == "2 files"


async def test_a_folder_put_in_the_place_of_the_watched_one_is_noticed(tmp_path: Path) -> None:
    folder, other = tmp_path / "docs", tmp_path / "other"
    for each in (folder, other):
        each.mkdir()
        (each / f"{each.name}.txt").write_text("x")
    async with serving(folder) as docs:
        folder.rename(tmp_path / "away")
        other.rename(folder)
        await docs.until_changed(("deleted", "docs.txt"), ("added", "other.txt"))


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names are always text here")
async def test_a_name_that_is_not_text_is_left_out_and_stops_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs:
        (tmp_path / os.fsdecode(b"bad\xff.txt")).write_text("x")
        (tmp_path / "a.txt").write_text("x")
        await docs.until_changed(("added", "a.txt"))
        await until(
            lambda: docs.state.note == "1 file; 1 with a name that is not UTF-8 left out", "it is noted"
        )
        (tmp_path / "b.txt").write_text("x")
        await docs.until_changed(("added", "b.txt"))
        assert list(await docs.listed()) == ["a.txt", "b.txt"]


async def test_a_storm_of_changes_comes_in_few_batches(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs:
        for number in range(2000):
            (tmp_path / f"{number:04}.txt").write_text("x")
        await until(lambda: len(docs.live()) >= 2000, "all are taken in")
        assert len(await docs.listed()) == 2000
        assert len(docs.batches) <= 20


async def test_without_the_operating_systems_help_changes_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_paths: Any, **_options: Any) -> Any:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    monkeypatch.setattr(source, "POLL_SECONDS", 0.02)
    async with serving(tmp_path) as docs:
        await until(lambda: "OS file watch limit reached" in docs.state.note, "the module says so")
        (tmp_path / "a.txt").write_text("x")
        await docs.until_changed(("added", "a.txt"))


async def test_a_stopped_module_tells_of_nothing_more(tmp_path: Path) -> None:
    async with serving(tmp_path) as docs:
        await docs.server.remove_module("docs")
        (tmp_path / "a.txt").write_text("x")
        assert await docs.listed() == {}
    assert docs.batches == []


async def test_a_link_to_the_folder_that_is_turned_is_followed(tmp_path: Path) -> None:
    """As deployments do it: `ln -sfn releases/2 current`."""
    for release in ("1", "2"):
        (tmp_path / release).mkdir()
        (tmp_path / release / f"in{release}.txt").write_text(release)
    (tmp_path / "current").symlink_to("1")
    async with serving(tmp_path / "current") as docs, listening(docs, ["in1.txt"]) as heard:
        first = docs.uri("in1.txt")
        (tmp_path / "next").symlink_to("2")
        (tmp_path / "next").replace(tmp_path / "current")
        await until(
            lambda: docs.root == tmp_path / "2" and heard.old == heard.new == [first, LIST], "it is followed"
        )
        assert list(await docs.listed()) == ["in2.txt"]
        (tmp_path / "2" / "new.txt").write_text("x")
        await docs.until_changed(("added", "new.txt"))
        assert docs.state.note == "2 files"


async def test_a_link_that_leads_nowhere_for_a_while_is_followed_when_it_leads_somewhere(
    tmp_path: Path,
) -> None:
    for release in ("1", "2"):
        (tmp_path / release).mkdir()
        (tmp_path / release / f"in{release}.txt").write_text(release)
    (tmp_path / "current").symlink_to("1")
    async with serving(tmp_path / "current") as docs:
        (tmp_path / "current").unlink()
        await until(lambda: "the folder is gone" in docs.state.note, "its absence is noted")
        (tmp_path / "current").symlink_to("2")
        await until(lambda: docs.state.note == "1 file", "it is followed")
        assert list(await docs.listed()) == ["in2.txt"]


async def test_a_folder_whose_parent_is_renamed_and_made_again_is_watched_again(tmp_path: Path) -> None:
    (tmp_path / "project" / "docs").mkdir(parents=True)
    async with serving(tmp_path / "project" / "docs") as docs:
        (tmp_path / "project").rename(tmp_path / "other")
        await until(lambda: "the folder is gone" in docs.state.note, "its absence is noted")
        (tmp_path / "project" / "docs").mkdir(parents=True)
        (tmp_path / "project" / "docs" / "a.txt").write_text("x")
        await docs.until_changed(("added", "a.txt"))


async def test_a_file_that_becomes_a_folder_and_a_file_again_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    async with serving(tmp_path) as docs:
        (tmp_path / "a").unlink()
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "b.txt").write_text("x")
        await docs.until_changed(("deleted", "a"), ("added", "a/b.txt"))
        (tmp_path / "a" / "b.txt").unlink()
        (tmp_path / "a").rmdir()
        (tmp_path / "a").write_text("y")
        await docs.until_changed(("deleted", "a/b.txt"), ("added", "a"))
        assert list(await docs.listed()) == ["a"]
