"""What is said of a copy is true of it: which way it went, or that it went nowhere."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from textual.widgets import Static

from tests.waiting import until
from workbench.widgets import copying

from .host import Host

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts"),
]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the only programs that are found, under a display."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DISPLAY", ":0")
    return folder


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


async def copied(text: str) -> tuple[list[str], str]:
    """What the terminal was sent, and what the user was told."""
    app = Host(Static)
    async with app.run_test() as pilot:
        copying.copy(app.query_one(Static), text)
        await until(lambda: bool(app._notifications), "a message")
        await pilot.pause()
        return app.copied, next(iter(app._notifications)).message


async def test_a_program_that_takes_the_text_is_named(programs: Path, tmp_path: Path) -> None:
    program(programs, "xclip", f"/bin/cat > {tmp_path}/clipboard")

    assert await copied("grün") == (["grün"], "Copied 5 B with xclip")
    assert (tmp_path / "clipboard").read_text("utf-8") == "grün"


async def test_a_program_that_fails_is_not_believed(programs: Path, tmp_path: Path) -> None:
    program(programs, "xclip", "exit 1")
    assert (await copied("a"))[1] == "Sent 1 B to the terminal's clipboard"

    program(programs, "xsel", f"/bin/cat > {tmp_path}/clipboard")
    assert (await copied("a"))[1] == "Copied 1 B with xsel"


async def test_without_a_program_the_terminal_is_sent_it_and_nobody_knows_whether_it_took_it() -> None:
    assert await copied("a" * 1500) == (["a" * 1500], "Sent 1.5 kB to the terminal's clipboard")


async def test_more_than_a_terminal_takes_goes_by_a_program_or_not_at_all(
    programs: Path, tmp_path: Path
) -> None:
    large = "x" * (copying.MOST_TERMINAL_BYTES + 1)
    sent, said = await copied(large)
    assert (sent, said[:22]) == ([], "Not copied: 750 kB is ")

    program(programs, "xclip", f"/bin/cat > {tmp_path}/clipboard")
    assert await copied(large) == ([], "Copied 750 kB with xclip")


async def test_the_text_is_copied_as_it_is_and_what_nobody_sees_in_it_is_said() -> None:
    sent, said = await copied("a\u202eb\ud800")

    assert sent == ["a\u202eb?"]
    assert said == "Sent 6 B to the terminal's clipboard, including invisible or control characters"
