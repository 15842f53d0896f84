"""What acceptance tests have: a fresh sample project. They need a pseudo-terminal, which Windows has not."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project as `workbench demo` makes it; to look at, not to change."""
    from workbench.demo import make_demo

    folder = tmp_path_factory.mktemp("sample").resolve() / "bookshop"
    make_demo(folder)
    return folder


@pytest.fixture
def project(sample: Path, tmp_path: Path) -> Path:
    """A sample project of the test's own."""
    return copy_of(sample, tmp_path)


def copy_of(sample: Path, folder: Path) -> Path:
    """A copy of the sample in `folder`, whose task takes as long as any test."""
    project = folder.resolve() / "bookshop"
    shutil.copytree(sample, project, ignore=shutil.ignore_patterns(".workbench", "__pycache__"))
    tools = project / "tools.py"
    text = tools.read_text("utf-8")
    assert text.count("seconds: float = 12.0") == 1
    tools.write_text(text.replace("seconds: float = 12.0", "seconds: float = 240.0"), "utf-8")
    return project
