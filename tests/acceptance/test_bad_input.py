"""Bad input to the real command line: one clear line that says what is wrong and where, and the right exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60

FAILS = """
[server]
name = "x"

[modules.shop]
kind = "database"
url = "sqlite:///nowhere/shop.db"
"""


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `workbench WORDS` in `folder`."""
    ended = subprocess.run(
        [sys.executable, "-m", "workbench", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    return ended.returncode, ended.stdout, ended.stderr


def says(folder: Path, words: list[str], code: int, *parts: str) -> None:
    """The command ends with `code` and one line on stderr that has all `parts`; on stdout there is nothing."""
    got, out, err = run(folder, *words)
    lines = err.strip().splitlines()
    assert (got, out, len(lines)) == (code, "", 1), err
    assert lines[0].startswith("workbench: ")
    assert [part for part in parts if part not in lines[0]] == [], lines[0]


def test_no_project(tmp_path: Path) -> None:
    says(tmp_path, ["list", "tools"], 2, "server.toml", "workbench new")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[server]\nname = "x"\nversion = \n', ["server.toml:3"]),
        ('[server]\nname = "x"\n\n[cache]\nmax_sise = 10\n', ["server.toml:5", "max_sise", "max_size"]),
        ('[server]\nname = "x"\n\n[modules.a]\nkind = "databse"\n', ["server.toml:5", "databse", "database"]),
    ],
    ids=["broken TOML", "unknown key", "unknown kind"],
)
def test_a_config_that_is_wrong(tmp_path: Path, text: str, parts: list[str]) -> None:
    (tmp_path / "server.toml").write_text(text, "utf-8")
    says(tmp_path, ["list", "tools"], 2, *parts)


def test_a_module_that_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(FAILS, "utf-8")
    code, out, err = run(tmp_path, "list", "modules")
    assert (code, "failed" in out) == (0, True), err
    [line] = err.splitlines()
    assert "module shop failed" in line
    assert "nowhere/shop.db does not exist" in line
    # Whoever asks for what it would offer is told of it first.
    code, out, err = run(tmp_path, "call", "query", "sql=select 1")
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        line,
        "workbench: Unknown tool: query; run `workbench list tools` to see them all",
    ]


@pytest.mark.parametrize(
    ("words", "code", "parts"),
    [
        (["call", "find_book", "words=a"], 3, ["Unknown tool: find_book", "find_books"]),
        (["call", "add", "a=one", "b=2"], 2, ["a must be an integer", "'one'"]),
        (["call", "add", "a=1"], 2, ["Missing argument: b"]),
        (["call", "find_books", "--args", '{"words": 1}'], 2, ["words", "string"]),
        (["call", "add", "a=1", "c=2"], 2, ["Unknown argument c", "a, b"]),
    ],
    ids=["unknown tool", "wrong type", "missing", "wrong in JSON", "unknown argument"],
)
def test_a_call_that_is_wrong(sample: Path, words: list[str], code: int, parts: list[str]) -> None:
    says(sample, words, code, *parts)


def test_an_export_over_a_file_that_is_there(sample: Path, tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text("mine", "utf-8")
    says(sample, ["export", "-o", str(script)], 2, str(script), "--force")
    assert script.read_text("utf-8") == "mine"
