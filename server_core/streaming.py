"""`?stream=true` on a readable resource: its text in chunks, with progress, cancellable between chunks."""

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
"""The `_meta` key for a chunk's position: `index` from 1, `of` if the number is known, `truncated` on a last chunk that
is not the end."""

CHUNK_BYTES = 64_000
"""The default size of a chunk in a streamed read."""


def without_stream(uri: str) -> tuple[str, bool]:
    """Remove `stream=true` from the query of `uri`; also returns whether it was there."""
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
    """Split `contents` into chunks of at most `chunk_bytes` each, in order, reporting progress for each.

    Contents that already arrive in chunks, with their progress reported, stay as they are. A cancelled request stops
    between two chunks. Each chunk has `index` (from 1) and `of` in its `_meta`.
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
    """Collect what an async generator yields, one content per piece, reporting progress for each.

    Stops at `limit` bytes: the last chunk is then marked `truncated`. The generator is always closed, even when the
    request is cancelled halfway.
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
    """Deliver each piece as it arrives. The generator is always closed, even by a cancellation halfway."""
    async with aclosing(pieces):
        async for piece in pieces:
            take(piece)
            await asyncio.sleep(0)  # a generator that never waits must not block the loop


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
