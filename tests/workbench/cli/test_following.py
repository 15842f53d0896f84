"""`workbench read --follow`: what a stream brings, as it comes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.demo import make_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "bookshop"
    make_demo(folder)
    return folder


@pytest.fixture
def following(demo: Path) -> Iterator[subprocess.Popen[str]]:
    """The growing file of the sample, followed by a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "workbench", "-p", str(demo), "read", "stream://ticker", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_stream_that_ends_is_printed_to_its_end(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-p", str(demo), "read", "shop://till", "-f"]) == 0
    out, _err = capsys.readouterr()
    assert out.startswith("THE BOOKSHOP\n")
    assert out.splitlines()[-1].startswith("SUM")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["shop://today"], 2, "shop://today is not a stream: it can be read, but not followed"),
        (["shop://tils"], 3, "Unknown resource: shop://tils; did you mean shop://till"),
        (["shop://till", "--json"], 2, "use one of them"),
    ],
)
def test_what_cannot_be_followed_says_so(
    demo: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    assert main(["-p", str(demo), "read", "--follow", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt is another thing there")
def test_a_growing_file_is_printed_as_it_grows_until_an_interrupt(
    demo: Path, following: subprocess.Popen[str]
) -> None:
    assert following.stdout is not None
    ticker = demo / "ticker.log"
    for _line in ticker.read_text("utf-8").splitlines():
        assert following.stdout.readline()
    with ticker.open("a", encoding="utf-8") as file:
        file.write("a new line\n")
    assert following.stdout.readline() == "a new line\n"
    following.send_signal(signal.SIGINT)
    assert following.wait(20) == 130


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_it_ends_when_nobody_reads_any_more(demo: Path, following: subprocess.Popen[str]) -> None:
    assert following.stdout is not None
    assert following.stderr is not None
    ticker = demo / "ticker.log"
    for _line in ticker.read_text("utf-8").splitlines():
        assert following.stdout.readline()
    following.stdout.close()
    with ticker.open("a", encoding="utf-8") as file:
        file.write("nobody reads this\n")
    assert following.wait(20) == 1
    assert "Traceback" not in following.stderr.read()
