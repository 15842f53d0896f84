"""Arguments that are being filled in, in whichever way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.forms import Form, arguments_of


class Draft:
    """Arguments that are being filled in: a form, and while they are edited as JSON, that text."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.text: str | None = None

    def arguments(self) -> dict[str, Any]:
        """What would be sent.

        Raises:
            FormError, JsonError: it can't be.
        """
        return self.form.to_arguments() if self.text is None else arguments_of(self.text)

    def fill(self, arguments: Mapping[str, Any]) -> None:
        """Take over arguments."""
        self.form.from_arguments(arguments)
        if self.text is not None:
            self.text = self.form.to_json()
