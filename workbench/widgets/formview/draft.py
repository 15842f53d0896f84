"""Arguments being edited, as a form or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server_core.masking import MASKED, contains_mask
from workbench.forms import NOT_STORED, Form, JsonError, arguments_of


class Draft:
    """Arguments being edited: a form and, while editing JSON, its text."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.text: str | None = None

    def arguments(self) -> dict[str, Any]:
        """The arguments to send.

        Raises:
            FormError, JsonError: they can't be sent.
        """
        if self.text is None:
            return self.form.to_arguments()
        arguments = arguments_of(self.text)
        if contains_mask(arguments):
            raise JsonError(f"{MASKED} stands where {NOT_STORED}")
        return arguments

    def fill(self, arguments: Mapping[str, Any]) -> None:
        """Fill in arguments."""
        self.form.from_arguments(arguments)
        if self.text is not None:
            self.text = self.form.to_json()
