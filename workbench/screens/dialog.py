"""The base of every dialog."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

DialogResultT = TypeVar("DialogResultT")


class Dialog(ModalScreen[DialogResultT]):
    """A dialog that closes also when whoever waited for its result has gone, which Textual fails at."""

    def dismiss(self, result: DialogResultT | None = None) -> AwaitComplete:
        waiting = self._result_callbacks[-1] if self._result_callbacks else None
        if waiting is not None and waiting.future is not None and waiting.future.done():
            waiting.future = None
        return super().dismiss(result)
