"""A project's functions files, read and tried, as a script would carry them."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from server_core.errors import ModuleStartError
from server_core.functions.loading import load_file, unload
from server_core.functions.markers import mark_of
from workbench.finding import Finding

from .core_source import CoreSource
from .functions import FunctionsFile
from .placing import Functions, PlacedFile
from .plan import Plan


def functions_of(plan: Plan, source: CoreSource) -> Functions:
    """The functions files of a plan's modules, each once. They are run, to see what they offer."""
    folder = plan.project.folder
    placed: dict[Path, PlacedFile] = {}
    problems: list[Finding] = []
    for module in plan.modules:
        if not module.file:
            continue
        path = (folder / Path(module.file).expanduser()).absolute()
        if path in placed:
            placed[path].modules.append(module.name)
            continue
        file = FunctionsFile(path, module.file, source)
        marked: list[str] = []
        if not file.findings:
            try:
                marked = marked_names(path)
            except ModuleStartError as error:
                problems.append(_load_finding(module.file, str(error)))
        placed[path] = PlacedFile(file, module.file, [module.name], marked)
    functions = Functions(list(placed.values()))
    functions.findings[:0] = problems
    return functions


def marked_names(path: Path) -> list[str]:
    """The top-level names of the functions that a file offers, in its order; the file is run.

    Raises:
        ModuleStartError: it can't be run.
    """
    with contextlib.redirect_stdout(sys.stderr):
        loaded = load_file(path)
    try:
        found: dict[int, str] = {}
        for name, value in vars(loaded).items():
            if callable(value) and mark_of(value) and getattr(value, "__module__", "") == loaded.__name__:
                found.setdefault(id(value), name)
        return list(found.values())
    finally:
        unload(loaded)


def _load_finding(shown: str, message: str) -> Finding:
    """A finding out of the `file:line: text` of a file that can't be loaded."""
    place, separator, rest = message.partition(": ")
    line = place.rpartition(":")[2]
    if separator and line.isdigit():
        return Finding(shown, int(line), rest)
    return Finding(shown, 0, message)
