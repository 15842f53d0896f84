"""Marked async generator functions: read in chunks, or followed while they run."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from ..items import Contents, FollowHandler, ReadHandler, TakePiece
from ..module import ModuleContext
from ..request import Request
from ..streaming import collected, handed_over
from .returned import plain_value

ValuesOf = Callable[[Request, Mapping[str, Any]], dict[str, Any]]
"""The arguments of a function for a request and its URI's variables."""


def stream_handlers(
    generator: Callable[[dict[str, Any]], AsyncGenerator[Any, None]],
    values_of: ValuesOf,
    mime_type: str,
    module: ModuleContext,
) -> tuple[ReadHandler, FollowHandler]:
    """Create the handlers that read and follow what `generator` yields; both close it at the end."""

    async def pieces(request: Request, variables: Mapping[str, Any]) -> AsyncGenerator[str, None]:
        async with aclosing(generator(values_of(request, variables))) as produced:
            async for piece in produced:
                yield piece if isinstance(piece, str) else json.dumps(piece, default=plain_value)

    async def read(request: Request, uri: str, variables: Mapping[str, Any]) -> Contents:
        return await collected(
            pieces(request, variables),
            uri,
            request,
            module.bus,
            limit=module.limits.result_bytes,
            mime_type=mime_type,
        )

    async def follow(request: Request, _uri: str, variables: Mapping[str, Any], take: TakePiece) -> None:
        await handed_over(pieces(request, variables), take)

    return read, follow
