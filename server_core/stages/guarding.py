"""The breaker stage: refuses requests at once while what they depend on keeps failing."""

from __future__ import annotations

from typing import Any

from ..breakers import BreakerRegistry
from ..request import Request
from .stage import Handler, Item


class BreakerStage:
    """Applies the breaker that an item names: it guards the thing that can fail, not the request."""

    name = "breaker"

    def __init__(self, breakers: BreakerRegistry) -> None:
        self._breakers = breakers

    def applies(self, item: Item) -> bool:
        return bool(getattr(item, "breaker", ""))

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        return await self._breakers.get(getattr(item, "breaker", "")).call(handler)
