"""The streams module: resources read in chunks, and growing files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mcp.types import Resource

from ..errors import ModuleStartError, NotFoundError
from ..events import FOLLOW_METHOD
from ..items import Contents, Offer, ResourceItem, TakePiece
from ..module import Module, ModuleContext, ModuleProblem
from ..request import Request
from ..settings import BreakerSettings
from ..streaming import CHUNK_BYTES, collected, handed_over
from ..tailing import FOLLOW_SECONDS, file_mark, file_pieces


@dataclass(frozen=True, slots=True)
class StreamSource:
    """A file read in chunks, or the name of a function marked `@stream` in one of the server's functions modules.

    `follow` means that the file grows: following it waits for more at its end.
    """

    path: str | None = None
    function: str | None = None
    follow: bool = False


class StreamsModule(Module):
    """Offers each source as `stream://NAME`: a read returns several contents, with progress for each.

    A read stops at the server's size limit; its last chunk then says so in its `_meta`.
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
        sources: by name; a mapping is converted to a `StreamSource`.
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
                raise ModuleStartError(f"source {name}: give it either a path or a function")
        context.offer(Offer(resources=[self._item(name, source) for name, source in self.sources.items()]))
        context.note(", ".join(self.sources))
        if any(source.follow and source.path for source in self.sources.values()):
            context.spawn(self._watch_growing(), "watching growing files")

    def _item(self, name: str, source: StreamSource) -> ResourceItem:
        async def read(request: Request, uri: str, _variables: Mapping[str, Any]) -> Contents:
            context = self._context
            assert context is not None
            if source.function:
                target = self._target(context, source.function)
                contents = await context.read(request.nested("resources/read", target), target)
                return [content.model_copy(update={"uri": uri}) for content in contents]
            path = self._path(source)
            total = max(1, -(-path.stat().st_size // CHUNK_BYTES)) if path.is_file() else None
            return await collected(
                file_pieces(context, path, endless=False),
                uri,
                request,
                context.bus,
                limit=context.limits.result_bytes,
                total=total,
            )

        async def follow(request: Request, uri: str, _variables: Mapping[str, Any], take: TakePiece) -> None:
            context = self._context
            assert context is not None
            if source.function:
                target = self._target(context, source.function)
                await context.follow(request.nested(FOLLOW_METHOD, target), target, take)
            else:
                await handed_over(file_pieces(context, self._path(source), endless=source.follow), take)

        growing = ", and what is appended to it" if source.follow else ""
        what = f"The output of the function {source.function}"
        if source.path:
            what = f"{source.path} in chunks{growing}"
        definition = Resource(
            uri=self.uri("stream", name), name=name, description=what, mime_type="text/plain"
        )
        return ResourceItem(definition, read, follow=follow)

    def problems(self) -> Sequence[ModuleProblem]:
        context = self._context
        assert context is not None
        found = []
        for name, source in self.sources.items():
            try:
                _ = source.function and self._target(context, source.function)
            except NotFoundError as error:
                found.append(ModuleProblem(str(error), path=("sources", name, "function")))
        return found

    def _target(self, context: ModuleContext, function: str) -> str:
        """The URI of the stream that a function offers.

        Raises:
            NotFoundError: no function marked `@stream` has that name.
        """
        streams = {
            uri.removeprefix("stream://"): uri
            for uri, item in context.resources().items()
            if item.source and item.follow is not None
        }
        for name, uri in streams.items():
            if function in (name, name.rpartition("/")[2]):
                return uri
        raise NotFoundError("function marked @stream", function, streams)

    async def _watch_growing(self) -> None:
        """Notify subscribed clients when a followed file changes."""
        context = self._context
        assert context is not None
        followed = {
            self.uri("stream", name): self._path(source)
            for name, source in self.sources.items()
            if source.follow and source.path
        }
        before = {uri: file_mark(path) for uri, path in followed.items()}
        while True:
            await context.clock.sleep(FOLLOW_SECONDS)
            now = {uri: file_mark(path) for uri, path in followed.items()}
            changed = [uri for uri in followed if now[uri] != before[uri]]
            before = now
            if changed:
                await context.publish(updated=changed)

    def _path(self, source: StreamSource) -> Path:
        assert self._context is not None
        assert source.path is not None
        return self._context.base / Path(source.path).expanduser()
