"""The cache stage: answers reads, and calls of cacheable tools, from the resource cache."""

from __future__ import annotations

import json
from typing import Any

from mcp.types import CallToolResult

from ..cache import ResourceCache
from ..clock import Clock
from ..request import Request
from ..streaming import without_stream
from .stage import Handler, Item


class CacheStage:
    """Serves cached results, even while a breaker is open, without affecting the breaker. Errors are not cached."""

    name = "cache"

    def __init__(self, cache: ResourceCache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock

    def applies(self, item: Item) -> bool:
        return getattr(item, "cached", False)

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        target, _stream = without_stream(request.target)
        key = target
        if request.method == "tools/call":
            key = f"{target} {json.dumps(request.arguments, sort_keys=True, default=str)}"

        async def load() -> tuple[Any, int]:
            answer = await handler()
            if not _lasting(answer):
                raise _KeepOutError(answer)
            return answer, request.size

        started = self._clock.monotonic()
        try:
            cached = await self._cache.get_or_load(key, load, tags=(target.partition("?")[0], request.module))
        except _KeepOutError as kept_out:
            return kept_out.answer
        if cached.hit:
            request.trace.since("cache hit", started)
        request.ttl = cached.ttl_left
        return cached.value


def _lasting(answer: Any) -> bool:
    """Whether a result may be served to later callers."""
    if isinstance(answer, CallToolResult):
        return not answer.is_error
    return isinstance(answer, list | tuple)  # the contents of a read, not a question to the client


class _KeepOutError(Exception):
    """Carries a result that must not be cached past the cache."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer
