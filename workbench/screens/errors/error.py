"""An error in full: where it was raised, the lines and variables of each frame, and the traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from workbench.screens.details import DetailsScreen
from workbench.widgets.binding import bind

from .about import about_error, split_error
from .editor import edit
from .keys import ERRORS

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp
    from workbench.state.parts import Failure


class ErrorScreen(DetailsScreen):
    """Shows an error; `e` opens the editor where it was raised, `y` copies everything."""

    CSS_PATH = "../dialogs.tcss"
    BINDINGS = bind(*ERRORS)
    HELP: ClassVar = "An error in full. e opens your editor where it was raised; y copies everything."

    def __init__(self, failure: Failure) -> None:
        super().__init__(split_error(failure.fact.error)[0], about_error(failure))
        self._fact = failure.fact

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._fact.file) if action == "edit" else super().check_action(action, parameters)

    def action_edit(self) -> None:
        edit(cast("WorkbenchApp", self.app), self._fact.file, self._fact.line)
