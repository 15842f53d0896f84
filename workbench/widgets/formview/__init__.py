"""Forms for the arguments of tools and prompts and the variables of templates."""

from __future__ import annotations

from .draft import Draft
from .formview import FormView

__all__ = ["Draft", "FormView"]
