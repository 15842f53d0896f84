"""The errors of a server, and how they are reported to clients (protocol errors, codes, what stays secret).

The errors defined here are *anticipated*: their text is meant for the client. Any other exception is unexpected:
the client gets a reference, and the text stays in the log.
"""

from __future__ import annotations

import difflib
import logging
import os
import secrets
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS

from .error_frames import own_traceback
from .error_texts import SHOWN_CHARACTERS, error_line, error_text, shortened
from .masking import without_passwords

PERMISSION_DENIED = -32003
UNAVAILABLE = -32010
TIMED_OUT = -32011
TOO_LARGE = -32012
RESOURCE_NOT_FOUND_2025 = -32002

_log = logging.getLogger("server_core")
_OWN_FOLDER = os.path.dirname(__file__) + os.sep

COMPARED_NAMES = 200
"""How many names an unknown one is compared with at most."""


class CoreError(Exception):
    """An anticipated failure: its text says what happened and what to do, and may be shown to a client."""

    code = INTERNAL_ERROR


class NotFoundError(CoreError):
    """A tool, prompt, resource, task or workflow that does not exist; the text suggests the nearest that do."""

    code = INVALID_PARAMS

    def __init__(self, what: str, name: str, known: Iterable[str] = ()) -> None:
        near = nearest(name, known)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"Unknown {what}: {shortened(name)}{hint}")
        self.what = what
        self.name = name


class InvalidArgumentsError(CoreError):
    """Invalid arguments: which, and why."""

    code = INVALID_PARAMS


class DeniedError(CoreError):
    """Something this server does not allow."""

    code = PERMISSION_DENIED


class UnavailableError(CoreError):
    """Something this server needs is not available now (an open breaker, an exhausted pool)."""

    code = UNAVAILABLE


class BreakerOpenError(UnavailableError):
    """A circuit breaker refused the call. `retry_in` is in seconds."""

    def __init__(self, breaker: str, retry_in: float) -> None:
        when = f"it allows a trial call in {retry_in:.1f} s" if retry_in > 0 else "a trial call is running"
        super().__init__(f"Circuit breaker {breaker!r} is open: {when}. Try again later.")
        self.breaker = breaker
        self.retry_in = retry_in


class TimeLimitError(CoreError):
    """A call that exceeded its time limit."""

    code = TIMED_OUT


class TooLargeError(CoreError):
    """A result over the size limit; the text says how to get it in parts."""

    code = TOO_LARGE


class ModuleStartError(CoreError):
    """A module that can't start; the text is one line that says why and what to do.

    Attributes:
        passing: the cause may go away by itself, so the server tries again.
    """

    def __init__(self, text: str, *, passing: bool = False) -> None:
        super().__init__(text)
        self.passing = passing


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names in `known` most similar to `name`, best first. Of very many names, only some are compared."""
    if len(name) > 2 * SHOWN_CHARACTERS:
        return []  # comparing takes quadratic time
    folded = name.casefold()
    by_folded = {candidate.casefold(): candidate for candidate in known}
    if len(by_folded) > COMPARED_NAMES:
        # Comparing takes about 60 µs a name: compare only those with a similar beginning and length.
        begin = folded[: max(1, len(folded) // 2)]
        alike = (each for each in by_folded if abs(len(each) - len(folded)) <= 4 and each.startswith(begin))
        by_folded = {each: by_folded[each] for each in islice(alike, COMPARED_NAMES)}
    close = difflib.get_close_matches(folded, list(by_folded), n=count, cutoff=0.6)
    return [by_folded[folded] for folded in close]


def is_anticipated(error: BaseException) -> bool:
    """Whether the text of `error` was written for the client to read."""
    return isinstance(error, CoreError | ToolError | ResourceError | MCPError)


def error_code(error: BaseException) -> int:
    """The JSON-RPC code of `error` (from the guide's mapping, on codes that the specification leaves free)."""
    if isinstance(error, MCPError):
        return error.code
    if isinstance(error, CoreError):
        return error.code
    if isinstance(error, PermissionError):
        return PERMISSION_DENIED
    return INTERNAL_ERROR


def new_reference() -> str:
    """A short id under which the log has the details of an unexpected error."""
    return secrets.token_hex(4)


def traceback_text(error: BaseException) -> str:
    """The traceback as the interpreter would print it, with passwords in URLs masked (drivers' errors have them).

    It begins at the user's own code and leaves out this library's frames, unless no others are left or the log level
    is `DEBUG`.
    """
    own = own_traceback(error)
    whole = _log.isEnabledFor(logging.DEBUG)
    formatted = traceback.TracebackException(type(error), error, error.__traceback__ if whole else own)
    if not whole and own is not None and not own.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        _hide_own_frames(formatted)
    return without_passwords("".join(formatted.format()))


def _hide_own_frames(formatted: traceback.TracebackException) -> None:
    """Remove this library's frames from an error, its causes and the errors it groups."""
    formatted.stack[:] = [frame for frame in formatted.stack if not frame.filename.startswith(_OWN_FOLDER)]
    if not formatted.stack:
        formatted.stack = None  # type: ignore[assignment]  # no heading over nothing
    for other in (formatted.__cause__, formatted.__context__, *(formatted.exceptions or ())):
        if other is not None:
            _hide_own_frames(other)


def protocol_error(
    error: BaseException, *, method: str, now: float, reference: str, development: bool, protocol: str = ""
) -> MCPError:
    """The JSON-RPC error for a request that failed with `error`.

    `data` carries `timestamp` (ISO 8601, UTC), `method` and, for an unexpected error, `reference`; the exception's
    text and traceback only in development mode. An `MCPError` keeps its own code, message and data. For a resource
    that does not exist, `data` has its `uri` and the code depends on the revision `protocol`.
    """
    if isinstance(error, MCPError):
        return error
    data: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
        "method": method,
    }
    if is_anticipated(error):
        message = error_text(error)
    elif isinstance(error, PermissionError):
        message = "Permission denied"
    else:
        message = f"Internal error (reference {reference})"
    if not is_anticipated(error):
        data["reference"] = reference
        if development:
            data["error"] = error_line(error)
            data["traceback"] = traceback_text(error)
    code = error_code(error)
    if isinstance(error, NotFoundError) and error.what == "resource":
        data["uri"] = shortened(clean_surrogates(error.name), 10 * SHOWN_CHARACTERS)
        if protocol < "2026":
            code = RESOURCE_NOT_FOUND_2025
    return MCPError(code, clean_surrogates(message), data)


def clean_surrogates(text: str) -> str:
    """`text` made sendable: lone surrogates become U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
