"""A resource or template with its state on this screen."""

from __future__ import annotations

from typing import Literal

from workbench.forms import Form, FormError, JsonError
from workbench.screens.calling import Job
from workbench.widgets.formview import Draft

from .streamrun import StreamRun
from .tree import Leaf
from .variables import schema_of, uri_of


class Reading(Job):
    """A resource or template with its reads, a template's variables and a stream's last run.

    Attributes:
        looked_at: what is shown, a read or the stream.
    """

    def __init__(self, leaf: Leaf) -> None:
        super().__init__("resources/read", leaf.uri)
        self.leaf = leaf
        self.draft = Draft(Form(schema_of(leaf.uri))) if leaf.kind == "template" else None
        self.run: StreamRun | None = None
        self.looked_at: Literal["call", "stream"] = "call"

    @property
    def uri(self) -> str:
        """The URI to read; empty while a template's variables are missing."""
        if self.draft is None:
            return self.leaf.uri
        try:
            return uri_of(self.leaf.uri, self.draft.arguments())
        except (FormError, JsonError):
            return ""

    @property
    def follows(self) -> bool:
        """Whether its stream is being followed."""
        return self.run is not None and self.run.goes_on
