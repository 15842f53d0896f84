"""A monkey at the keyboard finds no exit, no freeze and no traceback.

`WORKBENCH_MONKEY_SEEDS=50 WORKBENCH_MONKEY_KEYS=2000 pytest -n 0 tests/acceptance/test_monkey.py` is the long form; a
seed that failed is run again by `WORKBENCH_MONKEY_SEED=N`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .monkey import PROJECTS, run_seed

FIRST = int(os.environ.get("WORKBENCH_MONKEY_SEED", "1"))
SEEDS = int(os.environ.get("WORKBENCH_MONKEY_SEEDS", "1" if "WORKBENCH_MONKEY_SEED" in os.environ else "3"))
KEYS = int(os.environ.get("WORKBENCH_MONKEY_KEYS", "250"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_a_monkey_finds_no_exit_no_freeze_and_no_traceback(seed: int, tmp_path: Path) -> None:
    name = PROJECTS[seed % len(PROJECTS)]
    figures = run_seed(seed, name, KEYS, tmp_path)
    print(f"seed {seed}, {name}: {figures.keys} keys, slowest answer {figures.slowest:.2f} s")
    assert not figures.troubles, f"WORKBENCH_MONKEY_SEED={seed}\n" + "\n".join(figures.troubles)
