"""Bookkeeping of a server's requests: which are running, how they ended, what clients see when one fails."""

from __future__ import annotations

from types import TracebackType

from mcp import MCPError
from mcp.types import CallToolResult, TextContent

from .bus import EventBus
from .cancelling import is_real_cancellation
from .clock import Clock
from .error_texts import error_line, error_text
from .errors import TimeLimitError, is_anticipated, protocol_error, traceback_text
from .events import Outcome, RequestFinished, RequestStarted
from .inspection import RunningRequest
from .reporting import ErrorReporter
from .request import Request
from .results import sendable_error, text_result


class RequestLedger:
    """Tracks every request, top-level and nested. Use on the server's loop only."""

    def __init__(self, bus: EventBus, clock: Clock, reporter: ErrorReporter, *, development: bool) -> None:
        self.bus = bus
        self.clock = clock
        self.reporter = reporter
        self.development = development
        self.requests = 0
        self.errors = 0
        self.running: dict[int, tuple[Request, float]] = {}

    def entry(self, request: Request) -> LedgerEntry:
        """Return a context manager that wraps the work for `request`."""
        return LedgerEntry(self, request)

    def active(self) -> tuple[RunningRequest, ...]:
        """The running requests, oldest first."""
        return tuple(
            RunningRequest(number, request.method, request.target, request.client, since)
            for number, (request, since) in self.running.items()
        )


class LedgerEntry:
    """Tracks one request.

    `MCPError` and real cancellations pass through unchanged. Any other exception becomes the `MCPError` for the client,
    or, through `tool_failure`, a tool's `isError` result.
    """

    __slots__ = ("_ledger", "_request", "_started", "error", "outcome", "reference")

    def __init__(self, ledger: RequestLedger, request: Request) -> None:
        self._ledger = ledger
        self._request = request
        self._started = 0.0
        self.outcome: Outcome = "ok"
        self.error = ""
        self.reference = ""

    def __enter__(self) -> LedgerEntry:
        ledger, request = self._ledger, self._request
        ledger.requests += 1
        ledger.running[request.number] = (request, ledger.clock.now())
        self._started = ledger.clock.monotonic()
        if ledger.bus.active:
            ledger.bus.emit(
                RequestStarted(request.number, request.method, request.target, request.client, request.key)
            )
        return self

    def failed(self, error: BaseException) -> None:
        """Record an anticipated failure."""
        self.outcome = "timeout" if isinstance(error, TimeLimitError) else "error"
        self.error = error_text(error)

    def tool_error(self, answer: CallToolResult) -> None:
        """Record a result with `isError`."""
        if self.outcome != "timeout":
            self.outcome = "tool_error"
        if not self.error:
            first = next((block.text for block in answer.content if isinstance(block, TextContent)), "")
            self.error = first[:500]

    def tool_failure(self, error: BaseException) -> CallToolResult:
        """Record an exception raised by a tool; returns the client's result: its text, or a reference to the log."""
        ledger, request = self._ledger, self._request
        request.failure = error
        if is_anticipated(error):
            self.failed(error)
            return text_result(error_text(error), is_error=True)
        self.reference = ledger.reporter.report(
            error, request.target, method=request.method, source="request"
        )
        self.outcome = "tool_error"
        self.error = error_line(error)
        text = f"{request.target} failed unexpectedly (reference {self.reference})."
        if ledger.development:
            text += f"\n\n{traceback_text(error)}"
        return text_result(text, is_error=True)

    def protocol_failure(self, error: BaseException) -> MCPError:
        """Record an error that the client gets as a JSON-RPC error, and return that error."""
        ledger, request = self._ledger, self._request
        self.failed(error)
        if not is_anticipated(error):
            self.reference = ledger.reporter.report(
                error, request.target, method=request.method, source="request"
            )
            self.error = error_line(error)
        if isinstance(error, MCPError):
            return sendable_error(error)
        return protocol_error(
            error,
            method=request.method,
            now=ledger.clock.now(),
            reference=self.reference,
            development=ledger.development,
            protocol=request.protocol,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ledger, request = self._ledger, self._request
        del ledger.running[request.number]
        try:
            if error is None:
                return
            if is_real_cancellation(error):
                self.outcome = "cancelled"
                return
            told = self.protocol_failure(error)
            if told is not error:
                raise told from error
        finally:
            if self.outcome in ("error", "tool_error", "timeout"):
                ledger.errors += 1
            if ledger.bus.active:
                ledger.bus.emit(self._finished())

    def _finished(self) -> RequestFinished:
        request = self._request
        return RequestFinished(
            request.number,
            request.method,
            request.target,
            request.module,
            request.client,
            request.key,
            self.outcome,
            self._ledger.clock.monotonic() - self._started,
            request.trace.stages,
            request.size,
            self.error,
            self.reference,
        )
