"""A stream followed on the screen: what a file gets shows as it comes, until one stops it."""

from __future__ import annotations

from pathlib import Path

from .driving import go, wait_until_started, whole, workbench


def test_a_growing_file_is_followed_until_it_is_stopped(project: Path, tmp_path: Path) -> None:
    ticker = project / "ticker.log"
    with workbench(project, columns=80, rows=24, data=tmp_path) as terminal:
        wait_until_started(terminal)
        go(terminal, "resources")
        terminal.send("/")
        terminal.wait_for("esc Clear")
        terminal.send("ticker")
        terminal.wait_until(lambda: "│ ticker " in terminal.text, "the filter typed")
        terminal.send("\r")
        terminal.wait_for("F Follow")
        terminal.send("F")
        terminal.wait_for("◌ following")
        terminal.wait_for("1 chunk ")
        for number, line in enumerate(["the first customer", "the second customer"], 2):
            with ticker.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
            terminal.wait_for(line)
            terminal.wait_for(f"{number} chunks ")
        whole(terminal)
        terminal.send("x")
        terminal.wait_for("■ stopped")
        with ticker.open("a", encoding="utf-8") as file:
            file.write("nobody sees this one\n")
        whole(terminal)
        terminal.send("F")
        terminal.wait_for("nobody sees this one")
        assert "◌ following" in terminal.text
        terminal.send("q")
        assert terminal.wait_for_end() == 0
