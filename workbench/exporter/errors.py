"""Errors of the exporter."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.finding import Finding


class ExportError(Exception):
    """An export is not possible; the message says why, where, and what to do."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)
