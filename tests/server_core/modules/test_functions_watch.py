"""A functions file is loaded again whatever leads to it and however it is saved; so are the files that it imports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client

from server_core.functions.neighbours import _imported
from server_core.modules.functions import FunctionsModule
from server_core.server import Server
from server_core.testing import connect
from server_core.watching import FileWatch
from tests.waiting import until

pytestmark = pytest.mark.anyio

CODE = "from server_core import tool\n\n@tool\ndef a() -> str:\n    return 'old'\n"
NEW = CODE.replace("old", "new")


async def answer(client: Client) -> str:
    (content,) = (await client.call_tool("a", {})).content
    return str(getattr(content, "text", ""))


@asynccontextmanager
async def serving(folder: Path, path: str = "tools.py") -> AsyncIterator[tuple[Server, Client]]:
    server = Server("s", base=folder)
    server.add(FunctionsModule("tools", path=path))
    async with server.running(), connect(server) as client:
        assert await answer(client) == "old"
        yield server, client


async def until_answer(client: Client, wanted: str) -> None:
    got = ""

    def same() -> bool:
        return got == wanted

    for _ in range(10_000):
        got = await answer(client)
        if same():
            return
    await until(same, f"a answers {wanted}; it answers {got}")


def plainly(path: Path) -> None:
    path.write_text(NEW)


def in_its_place(path: Path) -> None:
    """As VS Code's atomic save does."""
    path.with_name("tools.py.tmp").write_text(NEW)
    path.with_name("tools.py.tmp").replace(path)


def by_a_backup(path: Path) -> None:
    """As Vim does without `backupcopy`."""
    path.rename(path.with_name("tools.py~"))
    path.write_text(NEW)


def in_two_writes(path: Path) -> None:
    with path.open("w") as file:
        file.write(NEW[:30])
        file.flush()
        file.write(NEW[30:])


def by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    path.rmdir()
    path.write_text(NEW)


@pytest.mark.parametrize("save", [plainly, in_its_place, by_a_backup, in_two_writes, by_a_folder])
async def test_however_it_is_saved_it_is_loaded_again(tmp_path: Path, save: Callable[[Path], None]) -> None:
    (tmp_path / "tools.py").write_text(CODE)
    async with serving(tmp_path) as (_server, client):
        save(tmp_path / "tools.py")
        await until_answer(client, "new")


async def test_a_link_is_followed_to_what_is_edited_and_when_it_is_turned(tmp_path: Path) -> None:
    for name, code in (("real", CODE), ("other", CODE.replace("old", "other"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tools.py").write_text(code)
    (tmp_path / "current").symlink_to("real")
    (tmp_path / "tools.py").symlink_to("current/tools.py")
    async with serving(tmp_path) as (_server, client):
        (tmp_path / "real" / "tools.py").write_text(NEW)
        await until_answer(client, "new")
        (tmp_path / "next").symlink_to("other")
        (tmp_path / "next").replace(tmp_path / "current")
        await until_answer(client, "other")


@pytest.mark.parametrize("remove", [shutil.rmtree, lambda path: path.rename(path.with_name("away"))])
async def test_a_folder_that_goes_and_comes_back_is_watched_again(
    tmp_path: Path, remove: Callable[[Path], None]
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "tools.py").write_text(CODE)
    async with serving(tmp_path, "src/tools.py") as (server, client):
        remove(tmp_path / "src")
        says = "src/tools.py is gone; its functions stay available until it is back"
        await until(lambda: server.inspect().modules[0].note == says, "its absence is noted")
        assert await answer(client) == "old"
        (tmp_path / "src").mkdir()
        (tmp_path / "src" / "tools.py").write_text(NEW)
        await until_answer(client, "new")
        assert not server.inspect().modules[0].trouble


def watched(folder: Path) -> set[str]:
    """The neighbours in `folder` that are loaded and watched."""
    return {
        each.__name__
        for each in list(_imported)
        if Path(each.__file__ or "").parent == folder and sys.modules.get(each.__name__) is each
    }


HELPED = "from server_core import tool\nfrom helpers import say\n\n@tool\ndef a() -> str:\n    return say()\n"
LAZY = (
    "from server_core import tool\n\n@tool\ndef a() -> str:\n    from helpers import say\n    return say()\n"
)


@pytest.mark.parametrize("code", [HELPED, LAZY], ids=["at the top", "when it is called"])
async def test_a_neighbour_that_is_saved_is_loaded_again_too(tmp_path: Path, code: str) -> None:
    (tmp_path / "tools.py").write_text(code)
    helper = tmp_path / "helpers.py"
    helper.write_text("from words import WORD\n\ndef say():\n    return WORD\n")
    (tmp_path / "words.py").write_text("WORD = 'old'\n")
    async with serving(tmp_path) as (server, client):
        await until(lambda: watched(tmp_path) == {"helpers", "words"}, "both are watched")
        (tmp_path / "words.py").write_text("WORD = 'new'\n")  # of the same size, within the same second
        await until_answer(client, "new")
        await until(lambda: watched(tmp_path) == {"helpers", "words"}, "both are watched again")
        helper.write_text("def say(:\n")
        await until(
            lambda: server.inspect().modules[0].trouble or code == LAZY, "the broken neighbour is noted"
        )
        if code == HELPED:
            assert "helpers.py:1: invalid syntax" in server.inspect().modules[0].note
            assert await answer(client) == "new"
        helper.write_text("def say():\n    return 'fixed'\n")
        await until_answer(client, "fixed")


def test_a_file_is_reported_once_it_has_come_to_rest(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    watch = FileWatch([path])
    assert watch.look() == set()
    path.write_text("")
    assert watch.look() == set()
    path.write_text("12")
    assert watch.look() == set()
    assert watch.look() == {path}
    assert watch.look() == set()
    os.unlink(path)
    assert (watch.look(), watch.look()) == (set(), {path})
