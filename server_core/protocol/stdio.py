"""Serves one client over the process's stdin and stdout: one message per line, of limited length, each answered."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import anyio
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
)

from ..rate_limited import RateLimitedLines
from ..workers import WorkerThreads
from .intake import Refusal, id_of_request, parsed_message, read_message
from .transport import SHUTDOWN_SECONDS

if TYPE_CHECKING:
    from types import TracebackType

    from .handlers import ProtocolServer

LINE_BYTES = 64 * 1024 * 1024
"""The size limit of a message. Larger than over HTTP: only the client that started the process can send one."""

WAITING_BYTES = 4 * 1024 * 1024
"""How much output may be queued for a client. Above that no request is read, and senders wait."""

IN_FLIGHT = 256
"""How many of the client's requests run at a time; further ones are read as others finish."""

ENDLESS = frozenset({"subscriptions/listen"})
"""Requests that last as long as their client wants, and are not counted."""


async def serve_stdio(server: ProtocolServer) -> None:
    """Serve one client over the process's stdin and stdout until it closes them.

    Meanwhile `sys.stdout` and file descriptor 1 point to stderr: nothing that a tool prints can break the protocol.
    """
    printed = sys.stdout
    with _taken(sys.stdin, "rb") as source, _taken(printed, "wb") as sink:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                await serve_lines(server, source, sink)
        finally:
            # Flush output still buffered for the temporary stdout before 1 is stdout again.
            printed.flush()


async def serve_lines(server: ProtocolServer, source: BinaryIO, sink: BinaryIO) -> None:
    """Serve the client that writes to `source` and reads from `sink`, until either ends.

    Invalid messages are answered with an error, and mentioned on stderr.
    """
    threads = WorkerThreads(2)
    outgoing = OutgoingLines(sink, threads)
    incoming = IncomingLines(source, threads, outgoing)

    async def write() -> None:
        await outgoing.run()
        # All written, or the reader is gone: either way nobody is waiting any more.
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        await server.run(incoming, outgoing, server.create_initialization_options())
        with anyio.move_on_after(SHUTDOWN_SECONDS):
            await anyio.sleep_forever()
        tasks.cancel_scope.cancel()


class OutgoingLines:
    """The stream that the protocol writes to: a queue of lines, and the requests not yet answered."""

    def __init__(self, sink: BinaryIO, threads: WorkerThreads) -> None:
        self._sink = sink
        self._threads = threads
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._unanswered: set[RequestId] = set()
        self._closed = False
        self._changed = anyio.Event()

    def asked(self, request: JSONRPCRequest) -> ServerMessageMetadata | None:
        """Count a request until it is answered; returns a hook that reports that it never will be."""
        if request.method in ENDLESS:
            return None
        self._unanswered.add(request.id)
        return ServerMessageMetadata(on_request_unanswered=partial(self._settle, request.id))

    async def room(self) -> None:
        """Wait until the client has read enough, and few enough of its requests are running."""
        while not self._closed and (self._bytes > WAITING_BYTES or len(self._unanswered) >= IN_FLIGHT):
            await self._changed.wait()

    async def settled(self) -> None:
        """Wait until every request is answered."""
        while not self._closed and self._unanswered:
            await self._changed.wait()

    async def send(self, item: SessionMessage, /) -> None:
        """Queue a message, waiting while too much is queued before it."""
        if self._closed:
            raise anyio.BrokenResourceError
        message = item.message
        line = _line_of(message)
        if line is not None:
            self._lines.append(line)
            self._bytes += len(line)
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            self._unanswered.discard(message.id)
        self._notify()
        while self._bytes > WAITING_BYTES and not self._closed:
            await self._changed.wait()

    async def run(self) -> None:
        """Write queued lines until the stream is closed, or the reader is gone."""
        while True:
            while not self._lines:
                if self._closed:
                    return
                await self._changed.wait()
            lines = b"".join(self._lines)
            self._lines.clear()
            try:
                await self._threads.run(partial(self._write, lines))
            except (OSError, ValueError):
                self._closed = True
                self._notify()
                return
            self._bytes -= len(lines)
            self._notify()

    async def aclose(self) -> None:
        """Accept no more messages; `run` writes the rest."""
        self._closed = True
        self._notify()

    async def __aenter__(self) -> OutgoingLines:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _settle(self, request: RequestId) -> None:
        self._unanswered.discard(request)
        self._notify()

    def _write(self, lines: bytes) -> None:
        left = memoryview(lines)
        while left:
            left = left[self._sink.write(left) :]

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


class IncomingLines:
    """The stream that the protocol reads from: it reads the client's next line only when it can serve it."""

    def __init__(
        self, source: BinaryIO, threads: WorkerThreads, outgoing: OutgoingLines, most: int = LINE_BYTES
    ) -> None:
        self._source = source
        self._threads = threads
        self._outgoing = outgoing
        self._most = most
        self._refused = RateLimitedLines(lambda line: print(line, file=sys.stderr, flush=True))

    async def receive(self) -> SessionMessage:
        """The next message.

        Raises:
            anyio.EndOfStream: there are no more, and earlier requests have been answered or run out of time.
        """
        while True:
            await self._outgoing.room()
            read = await self._threads.run(self._read)
            if read is None:
                self._refused.close()
                with anyio.move_on_after(SHUTDOWN_SECONDS):
                    await self._outgoing.settled()
                raise anyio.EndOfStream
            if isinstance(read, Refusal):
                self._refused.add(f"Refused a message from the client: {read.text}")
                error = ErrorData(code=read.code, message=read.text)
                await self._outgoing.send(
                    SessionMessage(JSONRPCError(jsonrpc="2.0", id=read.id, error=error))
                )
            elif isinstance(read, JSONRPCRequest):
                return SessionMessage(read, metadata=self._outgoing.asked(read))
            else:
                return SessionMessage(read)

    async def aclose(self) -> None:
        """Do nothing: the source belongs to the caller."""

    def __aiter__(self) -> IncomingLines:
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> IncomingLines:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _read(self) -> JSONRPCMessage | Refusal | None:
        """Read the next line as a message, on a thread; `None` at the end."""
        while True:
            try:
                line = self._source.readline(self._most + 1)
            except (OSError, ValueError):
                return None
            if not line:
                return None
            if len(line) > self._most:
                self._skip_line(line)
                text = f"The message is over the limit of {self._most / 1024 / 1024:g} MiB"
                return Refusal(INVALID_REQUEST, text, id_of_request(line))
            if line := line.strip():
                message = read_message(line)
                return message if isinstance(message, Refusal) else parsed_message(message)

    def _skip_line(self, part: bytes) -> None:
        while part and not part.endswith(b"\n"):
            part = self._source.readline(1024 * 1024)


def _line_of(message: JSONRPCMessage) -> bytes | None:
    """`message` as a line, or the error that answers its request if it can't be written as JSON."""
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
    except ValueError:
        if not isinstance(message, JSONRPCResponse | JSONRPCError):
            return None
        error = ErrorData(
            code=INTERNAL_ERROR, message="The result contains something that JSON can't represent"
        )
        return _line_of(JSONRPCError(jsonrpc="2.0", id=message.id, error=error))


@contextlib.contextmanager
def _taken(stream: TextIO, mode: str) -> Iterator[BinaryIO]:
    """Reserve the file below `stream` for the transport; its unbuffered replacement can't fail at the end.

    Meanwhile, others who read its descriptor see the end, and others who write to it reach stderr.
    """
    try:
        number = stream.fileno()
        kept = os.dup(number)
    except (OSError, ValueError, AttributeError):  # not a file, as in a test
        yield stream.buffer
        return
    other = os.open(os.devnull, os.O_RDONLY) if mode == "rb" else os.dup(2)
    os.dup2(other, number)
    os.close(other)
    try:
        # Not closed: a thread may still be waiting in it after the server has stopped.
        if os.name == "posix":
            os.set_blocking(kept, True)
        opened: Any = os.fdopen(kept, mode, buffering=-1 if mode == "rb" else 0, closefd=False)
        yield opened
    finally:
        os.dup2(kept, number)
