"""The importer for the files that a script includes. The class is copied verbatim into each script."""

from __future__ import annotations

import ast
import re
from importlib import abc, machinery, util
from pathlib import Path


class CarriedFiles(abc.ExecutionLoader):
    """Imports the files included below, each after a line with its path."""

    def __init__(self, script: str) -> None:
        self.script, self.base, self.files = script, Path(script), dict[str, tuple[str, int, int]]()
        self.lines = Path(script).read_text("utf-8").split("\n")
        marker = re.compile("# ---- ((.+?)(?:/__init__)?[.]py)(?: as (.+))? ----")
        marks = [(number, mark) for number, line in enumerate(self.lines) if (mark := marker.fullmatch(line))]
        ends = [*(number for number, _mark in marks[1:]), len(self.lines)]
        for (number, mark), end in zip(marks, ends, strict=True):
            self.files[mark[3] or mark[2].replace("/", ".")] = mark[1], number + 1, end

    def find_spec(self, name: str, *_: object) -> machinery.ModuleSpec | None:
        if name not in self.files:
            return None
        path = Path(self.files[name][0])
        place = (Path(self.script) if path.parts[0] == "server_core" else self.base) / path.expanduser()
        inside: list[str] | None = [] if path.name == "__init__.py" else None
        return util.spec_from_file_location(name, place, loader=self, submodule_search_locations=inside)

    def get_filename(self, _name: str) -> str:
        return self.script

    def get_source(self, name: str) -> str:
        _path, start, end = self.files[name]
        text = "\n".join(self.lines[start:end])
        source = ast.literal_eval(text) if text.startswith("r") else text
        return "\n" * start + source  # makes line numbers match this script
