"""What stands in the way of an export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExportFinding:
    """Something that an exported script can't carry along; `line` is 0 where there is none."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class ExportError(Exception):
    """An export that can't be made; the text says why, where, and what to do."""

    def __init__(self, message: str, findings: Sequence[ExportFinding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)
