"""The streams module: resources that are read in chunks, and files that grow."""

from __future__ import annotations

import codecs
import functools
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from mcp.types import Resource

from ..errors import ModuleStartError, NotFoundError
from ..items import Contents, Offer, ResourceItem
from ..module import Module, ModuleContext
from ..request import Request
from ..settings import BreakerSettings
from ..streaming import CHUNK_BYTES, collected

FOLLOW_SECONDS = 0.2
"""How often a followed file is looked at."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """A file read in chunks, or the name of a function marked `@stream` in a functions module of the server.

    `follow` says that the file grows: `StreamsModule.follow` then waits for more at its end.
    """

    path: str | None = None
    function: str | None = None
    follow: bool = False


class StreamsModule(Module):
    """Offers each source as `stream://NAME`: one read answers several contents, with progress for each.

    A read ends at the server's limit for results; its last chunk then says so in its `_meta`.
    """

    kind: ClassVar[str] = "streams"

    def __init__(
        self,
        name: str,
        *,
        sources: Mapping[str, StreamSource | Mapping[str, Any]],
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        sources: by name; a mapping stands for a `StreamSource` with those fields.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        self.sources = {
            key: source if isinstance(source, StreamSource) else StreamSource(**source)
            for key, source in sources.items()
        }
        self._context: ModuleContext | None = None

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        for name, source in self.sources.items():
            if bool(source.path) == bool(source.function):
                raise ModuleStartError(f"source {name}: give it a path or a function, one of the two")
        context.offer(Offer(resources=[self._item(name, source) for name, source in self.sources.items()]))
        context.note(", ".join(self.sources))
        if any(source.follow and source.path for source in self.sources.values()):
            context.spawn(self._tell_growth(), "watching the files that grow")

    async def follow(self, name: str) -> AsyncGenerator[str, None]:
        """The source's text as it comes: what is there, and for a followed file what is added later, until closed.

        Raises:
            NotFoundError: there is no source of that name, or its file is gone.
        """
        source = self.sources.get(name)
        if source is None or not source.path:
            raise NotFoundError("stream", name, (key for key, each in self.sources.items() if each.path))
        async for piece in self._pieces(source, endless=source.follow):
            yield piece

    def _item(self, name: str, source: StreamSource) -> ResourceItem:
        async def read(request: Request, uri: str, _variables: Mapping[str, Any]) -> Contents:
            context = self._context
            assert context is not None
            if source.function:
                target = f"stream://{source.function}"
                contents = await context.read(request.nested("resources/read", target), target)
                return [content.model_copy(update={"uri": uri}) for content in contents]
            path = self._path(source)
            total = max(1, -(-path.stat().st_size // CHUNK_BYTES)) if path.is_file() else None
            return await collected(
                self._pieces(source, endless=False),
                uri,
                request,
                context.bus,
                limit=context.limits.result_bytes,
                total=total,
            )

        what = f"{source.path} in chunks" if source.path else f"What the function {source.function} yields"
        definition = Resource(
            uri=self.uri("stream", name), name=name, description=what, mime_type="text/plain"
        )
        return ResourceItem(definition, read)

    async def _tell_growth(self) -> None:
        """Tell subscribed clients when a followed file has changed."""
        context = self._context
        assert context is not None
        followed = {
            self.uri("stream", name): self._path(source)
            for name, source in self.sources.items()
            if source.follow and source.path
        }
        before = {uri: _file_mark(path) for uri, path in followed.items()}
        while True:
            await context.clock.sleep(FOLLOW_SECONDS)
            now = {uri: _file_mark(path) for uri, path in followed.items()}
            changed = [uri for uri in followed if now[uri] != before[uri]]
            before = now
            if changed:
                await context.publish(updated=changed)

    def _path(self, source: StreamSource) -> Path:
        assert self._context is not None
        assert source.path is not None
        return self._context.base / Path(source.path).expanduser()

    async def _pieces(self, source: StreamSource, *, endless: bool) -> AsyncGenerator[str, None]:
        context = self._context
        assert context is not None
        path = self._path(source)
        # Incremental: a character may lie across two chunks.
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        try:
            file: BinaryIO = await context.run_sync(lambda: path.open("rb"))
        except OSError as error:
            raise NotFoundError("stream", f"{source.path} ({error.strerror})") from error
        try:
            while True:
                rotated = endless and _is_another_file(path, file)
                data = await context.run_sync(functools.partial(file.read, CHUNK_BYTES))
                text = decoder.decode(data)
                if text:
                    yield text
                if data:
                    continue
                if not endless:
                    break
                fresh = _opened(path) if rotated else None
                if fresh is not None:  # the old one is read to its end
                    file.close()
                    file = fresh
                    decoder.reset()
                    continue
                if os.fstat(file.fileno()).st_size < file.tell():  # a log that was cut begins anew
                    file.seek(0)
                    decoder.reset()
                await context.clock.sleep(FOLLOW_SECONDS)
            if rest := decoder.decode(b"", final=True):
                yield rest
        finally:
            file.close()


def _file_mark(path: Path) -> tuple[int, ...]:
    """What tells a file from what it was before; empty while there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except OSError:
        return None


def _is_another_file(path: Path, file: BinaryIO) -> bool:
    """Whether the file at `path` is not the open one any more; not while there is none."""
    try:
        return not os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False
