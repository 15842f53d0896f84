"""`.ci/run` tries again only what ran out of time: the exit code tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TRY_AGAIN

TIME = "raise OutOfTimeError('slow')"
GROUP = "raise ExceptionGroup('both', [OutOfTimeError('slow'), OutOfTimeError('slower')])"
MIXED = "raise ExceptionGroup('both', [OutOfTimeError('slow'), ValueError('wrong')])"


@pytest.mark.parametrize(
    ("bodies", "code"),
    [
        (["pass"], 0),
        ([TIME, "pass"], TRY_AGAIN),
        ([GROUP], TRY_AGAIN),
        ([TIME, "assert 1 == 2"], 1),
        ([MIXED], 1),
        (["raise TimeoutError('of the code, not of a wait')"], 1),
    ],
)
def test_only_a_run_that_failed_by_nothing_but_time_is_tried_again(
    bodies: list[str], code: int, tmp_path: Path
) -> None:
    tests = "".join(f"def test_{number}():\n    {body}\n" for number, body in enumerate(bodies))
    (tmp_path / "test_it.py").write_text(f"from tests.waiting import OutOfTimeError\n{tests}", "utf-8")
    command = [
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-o",
        "addopts=",
        "test_it.py",
    ]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, pytest; sys.path.insert(0, {str(Path(__file__).parents[1])!r}); "
         f"sys.exit(pytest.main({command!r}))"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
