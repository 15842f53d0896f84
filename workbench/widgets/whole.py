"""Atomic changes to a widget's children."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from textual.widget import Widget

WidgetT = TypeVar("WidgetT", bound=Widget)
P = ParamSpec("P")


Change = Callable[Concatenate[WidgetT, P], Coroutine[Any, Any, None]]


def whole(change: Change[WidgetT, P]) -> Change[WidgetT, P]:
    """Decorate a method that changes its widget's children.

    Changes to one widget run one after another. Each runs to completion, even if the caller is
    cancelled, and is painted once. A widget being removed is not changed.
    """

    @wraps(change)
    async def made(self: WidgetT, *args: P.args, **kwargs: P.kwargs) -> None:
        begun = False

        async def make() -> None:
            nonlocal begun
            async with self.batch():
                begun = True
                if stands(self):
                    await change(self, *args, **kwargs)

        task = asyncio.ensure_future(make())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if not begun:
                task.cancel()
            raise

    return cast("Change[WidgetT, P]", made)


def stands(widget: Widget) -> bool:
    """Whether `widget` is mounted and not being removed."""
    return widget.is_attached and not widget._pruning
