"""`?stream=true` on a readable resource: its text in chunks, with progress, cancellable between any two."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from mcp.types import BlobResourceContents, TextResourceContents

from .bus import EventBus
from .events import StreamChunked
from .items import Contents, TakePiece
from .request import Request

CHUNK_META = "io.mcp-server-workbench/chunk"
"""The `_meta` key of a chunk's place: `index` from 1, `of` where the number is known, `truncated` on a last one
that is not the end."""

CHUNK_BYTES = 64_000
"""How much one chunk of a streamed read carries, unless told otherwise."""


def without_stream(uri: str) -> tuple[str, bool]:
    """`uri` without a `stream=true` in its query, and whether it had one."""
    base, mark, query = uri.partition("?")
    if not mark:
        return uri, False
    parts = query.split("&")
    kept = [part for part in parts if part != "stream=true"]
    if len(kept) == len(parts):
        return uri, False
    return (f"{base}?{'&'.join(kept)}" if kept else base), True


async def chunked(
    contents: Contents, uri: str, request: Request, bus: EventBus, chunk_bytes: int = CHUNK_BYTES
) -> Contents:
    """`contents` as several contents of at most `chunk_bytes` each, in order, with progress told for each.

    What comes in chunks already, each told of, stays as it is. A cancelled request stops between two chunks.
    Each chunk has `index` (from 1) and `of` in its `_meta`.
    """
    if contents and all(CHUNK_META in (content.meta or {}) for content in contents):
        return [content.model_copy(update={"uri": uri}) for content in contents]
    parts = [part for content in contents for part in _pieces(content, chunk_bytes)]
    chunks: list[TextResourceContents | BlobResourceContents] = []
    for index, part in enumerate(parts, 1):
        meta = {CHUNK_META: {"index": index, "of": len(parts)}}
        chunks.append(part.model_copy(update={"uri": uri, "meta": meta}))
        if bus.active:
            size = len(part.text) if isinstance(part, TextResourceContents) else len(part.blob)
            bus.emit(StreamChunked(uri, request.number, index, size))
        await request.report_progress(index, len(parts), f"chunk {index} of {len(parts)}")
        await asyncio.sleep(0)
    return chunks


async def collected(
    pieces: AsyncGenerator[str, None],
    uri: str,
    request: Request,
    bus: EventBus,
    *,
    limit: int,
    mime_type: str = "text/plain",
    total: int | None = None,
) -> Contents:
    """What an async generator yields, a content for each piece, with progress told for each.

    Ends at `limit` bytes: the last chunk then says `truncated`. The generator is closed at the end, also when the
    request is cancelled half way.
    """
    chunks: list[TextResourceContents] = []
    size = 0
    async with aclosing(pieces):
        async for piece in pieces:
            meta: dict[str, object] = {"index": len(chunks) + 1}
            left = limit - size
            if len(piece) > left:
                meta["truncated"] = True
            size += len(piece)
            chunks.append(
                TextResourceContents(
                    uri=uri, text=piece[:left], mime_type=mime_type, _meta={CHUNK_META: meta}
                )
            )
            if bus.active:
                bus.emit(StreamChunked(uri, request.number, len(chunks), len(piece)))
            await request.report_progress(len(chunks), total, f"chunk {len(chunks)}")
            if size >= limit:
                break
    return chunks or [TextResourceContents(uri=uri, text="", mime_type=mime_type)]


async def handed_over(pieces: AsyncGenerator[str, None], take: TakePiece) -> None:
    """Hand over each piece as it comes. The generator is closed at the end, also by a cancellation half way."""
    async with aclosing(pieces):
        async for piece in pieces:
            take(piece)
            await asyncio.sleep(0)  # one that never waits must not keep the loop for itself


def _pieces(
    content: TextResourceContents | BlobResourceContents, chunk_bytes: int
) -> Iterator[TextResourceContents | BlobResourceContents]:
    if isinstance(content, TextResourceContents):
        text = content.text
        for start in range(0, max(len(text), 1), chunk_bytes):
            yield content.model_copy(update={"text": text[start : start + chunk_bytes]})
        return
    data = base64.b64decode(content.blob)
    for start in range(0, max(len(data), 1), chunk_bytes):
        piece = base64.b64encode(data[start : start + chunk_bytes]).decode("ascii")
        yield content.model_copy(update={"blob": piece})
