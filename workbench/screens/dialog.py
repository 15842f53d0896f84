"""What every dialog has: it can be closed once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, cast

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

if TYPE_CHECKING:
    from .resilient import ResilientApp

ResultT = TypeVar("ResultT")


class Dialog(ModalScreen[ResultT]):
    """A dialog that closes itself and nothing else, though it is told so twice, or by work that ends after the user has
    closed it or gone elsewhere."""

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        waiting = self._result_callbacks[-1] if self._result_callbacks else None
        if waiting is not None and waiting.future is not None and waiting.future.done():
            waiting.future = None  # whoever waited has gone
        if self.is_active:
            return super().dismiss(result)
        app = cast("ResilientApp[object]", self.app)
        if app.is_open(self):
            if waiting is not None:
                waiting(result)
            app.close(self)
        return AwaitComplete(asyncio.sleep(0))
