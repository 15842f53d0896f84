"""The slow work of the Export screen, run on threads: generating, checking and writing the script."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workbench.widgets.spans import Line, Span, line

if TYPE_CHECKING:
    from workbench.exporter import CheckReport
    from workbench.project import Project

_ONE_AT_A_TIME = threading.Lock()
"""Python 3.11 trips over two threads that parse at once (`SystemError: AST constructor recursion depth mismatch`)."""


class Made(NamedTuple):
    """A generated script with notes; without a text, the reason."""

    text: str
    notes: tuple[str, ...]
    findings: tuple[str, ...]


def script_path(project: Project) -> Path:
    """The path of a project's script: in the project's folder, at a name that no file has."""
    name = project.name.replace("/", "_")
    taken = {getattr(module, "path", "") for module in project.config.modules.values()}
    return project.folder / (f"{name}_server.py" if f"{name}.py" in taken else f"{name}.py")


def make_script(project: Project, path: Path, thin: bool) -> Made:
    """Generate the script from the project's files on disk. Blocks; runs the project's functions files."""
    from server_core.config import ConfigError
    from workbench.exporter import ExportError, make_export
    from workbench.project import Project

    try:
        with _ONE_AT_A_TIME:
            export = make_export(Project(project.folder, project.config_path), path, thin=thin)
    except ExportError as error:
        return Made("", (), tuple(map(str, error.findings)) or (str(error),))
    except ConfigError as error:
        return Made("", (), (str(error),))
    return Made(export.text, export.notes, ())


def check_text(project: Project, text: str, tell: Callable[[str], None]) -> CheckReport:
    """Run a script of this text in a clean interpreter and compare it with the project. Blocks, for seconds.

    Raises:
        ConfigError, OSError: the check could not run.
    """
    from workbench.exporter import check_script
    from workbench.project import Project

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.py")
        path.write_text(text, "utf-8")
        fresh = Project(project.folder, project.config_path)
        return asyncio.run(check_script(fresh, path, on_progress=tell))


def said_of(made: Made, path: Path) -> list[Line]:
    """The contents of the panel next to the script."""
    from workbench.exporter.core_files import CORE

    if made.findings:
        heading = line(Span("Can't be exported yet.", "bad"))
        return [heading, *(line(Span(finding)) for finding in made.findings)]
    size = f"{made.text.count(chr(10)) + 1:,} lines, {len(made.text.encode()) / 1000:,.0f} kB"
    state = Span("already exists", "warn") if path.exists() else Span("not written yet", "dim")
    yours = made.text.partition(f"\n# {CORE} ")[0].count("\n") + 1
    lines = [
        line(Span(str(path))),
        line(Span(size, "dim"), "  ", state),
        line(Span(f"The first {yours:,} lines are yours.", "dim")),
    ]
    return [*lines, *(line(Span(note, "warn")) for note in made.notes)]


def said_of_check(report: CheckReport) -> list[Line]:
    """The report of a check, its verdict first."""
    *rest, verdict = report.lines()
    first = Span(f"✓ {verdict}", "ok") if report.ok else Span(f"✗ {verdict}", "bad")
    return [line(first), *(line(Span(text)) for text in rest)]
