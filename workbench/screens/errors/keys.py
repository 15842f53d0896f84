"""The keys of errors."""

from __future__ import annotations

from workbench.actions import Action, define

ERRORS = define(
    Action("errors.edit", "e", "Edit", "Open your editor where the error was raised", "edit"),
)
