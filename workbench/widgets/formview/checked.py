"""Validation of a form's arguments, with errors shown at the fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import work
from textual.containers import Vertical
from textual.widgets import Static

from workbench.forms import Form, FormError, JsonError, Path, Problem, sentence
from workbench.text import clean

from .draft import Draft
from .editor import FieldEditor
from .views import FieldView

REQUIRED = "is required"
"""Shown only after the user has tried to send the arguments."""

MOST_TOLD = 3


class CheckedForm(Vertical):
    """A form that shows errors, which prevent sending, and warnings about schema mismatches, which don't.

    Attributes:
        draft: the arguments.
        warnings: schema mismatches as of the last check.
        tried: the user has tried to send them, so missing values are shown.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.draft = Draft(Form({}))
        self.warnings: Sequence[Problem] = ()
        self.tried = False

    @property
    def json_editor(self) -> FieldEditor:
        """The editor for all arguments as JSON."""
        return self.query_one(".json", Vertical).query_one(FieldEditor)

    def ready(self) -> dict[str, Any] | None:
        """Return the arguments to send; `None` if they can't be sent, with the focus on the field to fix.

        From now on missing required values are shown too.
        """
        self.tried = True
        self.check()
        try:
            return self.draft.arguments()
        except JsonError as error:
            self._tell_json(error)
            self.json_editor.focus()
        except FormError as error:
            field = self.draft.form.find(error.problems[0].path)
            for view in self.query(FieldView):
                if view.field is field:
                    view.control.focus()
                    view.scroll_visible(animate=False)
        return None

    @property
    def _stands(self) -> bool:
        """Whether it is fully mounted: a check may end while the form is being removed."""
        return bool(self.query(".trouble"))

    def check(self) -> None:
        """Show errors, and find schema mismatches on a thread."""
        if not self._stands:
            return
        try:
            arguments = self.draft.arguments()
        except JsonError as error:
            self._tell_json(error)
            return
        except FormError as error:
            self._tell(error.problems, [])
            return
        self._tell_json(None)
        self._find_warnings(self.draft.form, arguments)

    @work(thread=True, exclusive=True, group="check")
    def _find_warnings(self, form: Form, arguments: dict[str, Any]) -> None:
        warnings = form.validator.problems(arguments)
        self.call_later(self._take_warnings, form.schema, arguments, warnings)

    def _take_warnings(self, schema: Any, arguments: dict[str, Any], warnings: list[Problem]) -> None:
        if self.draft.form.schema is not schema or not self._stands:
            return
        self.warnings = warnings
        if self.draft.text is not None:
            self._tell_json_warnings(warnings)
        else:
            self._tell([], warnings)

    def _tell(self, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
        told: dict[Path, tuple[list[Problem], list[Problem]]] = {}
        shown = {view.field.path for view in self.query(FieldView)}
        rest: list[Problem] = []
        for place, found in ((0, problems), (1, warnings)):
            for problem in found:
                if place and problem.message == REQUIRED and not self.tried:
                    continue
                path = self._nearest(problem.path, shown)
                if path is None:
                    rest.append(problem)
                else:
                    message = problem.message if path == problem.path else sentence(problem)
                    told.setdefault(path, ([], []))[place].append(Problem(path, message))
        for view in self.query_one(".fields").query_children(FieldView):
            view.tell(told)
        self._tell_trouble(rest)

    def _nearest(self, path: Path, shown: set[Path]) -> Path | None:
        while path and path not in shown:
            path = path[:-1]
        return path if path in shown else None

    def _tell_trouble(self, problems: Sequence[Problem]) -> None:
        text = "\n".join(clean(f"! {sentence(problem)}") for problem in problems[:MOST_TOLD])
        line = self.query_one(".trouble", Static)
        line.update(text)
        line.display = bool(text)
        line.remove_class("-bad")

    def _tell_json(self, error: JsonError | None) -> None:
        line = self.query_one(".trouble", Static)
        line.update(f"✗ {clean(str(error))}" if error is not None else "")
        line.display = error is not None
        line.set_class(error is not None, "-bad")

    def _tell_json_warnings(self, warnings: Sequence[Problem]) -> None:
        shown = [w for w in warnings if self.tried or w.message != REQUIRED]
        self._tell_trouble(shown)
