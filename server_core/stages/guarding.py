"""The breaker stage: requests for what has failed again and again are refused at once."""

from __future__ import annotations

from typing import Any

from ..breakers import BreakerRegistry
from ..request import Request
from .stage import Handler, Item


class BreakerStage:
    """Guards what an item names as its `breaker`: the thing that can fail, not the request."""

    name = "breaker"

    def __init__(self, breakers: BreakerRegistry) -> None:
        self._breakers = breakers

    def applies(self, item: Item) -> bool:
        return bool(getattr(item, "breaker", ""))

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        return await self._breakers.get(getattr(item, "breaker", "")).call(handler)
