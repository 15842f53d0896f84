"""The outcome of a call on the command line: what is printed, and the exit code."""

from __future__ import annotations

from typing import Any

from mcp.types import INVALID_PARAMS

from workbench.cli.failures import (
    FAILED,
    FINE,
    INTERRUPTED,
    NOT_FOUND,
    PROTOCOL,
    TIMED_OUT,
    USAGE,
    CommandError,
)
from workbench.cli.output import say, show_json
from workbench.records import CallRecord

WRONG_ARGUMENTS = "Wrong arguments. "
"""The start of the core's message for invalid arguments."""


def conclude(record: CallRecord, *, as_json: bool) -> tuple[dict[str, Any], int]:
    """Return the result to print and the exit code; print the trace on stderr.

    Raises:
        CommandError: There is no result: a protocol error, a timeout or a cancellation.
    """
    if record.error is not None:
        raise CommandError(_error_code(record), f"{record.error.message} (error {record.error.code})")
    if record.outcome == "timeout" and record.result is None:
        raise CommandError(TIMED_OUT, f"{record.target} did not answer within {record.seconds:.1f} s")
    if record.outcome == "cancelled" or record.result is None:
        raise CommandError(INTERRUPTED, f"{record.target} was cancelled")
    wrong = record.outcome == "tool_error" and _first_text(record.result).startswith(WRONG_ARGUMENTS)
    if wrong and not as_json:
        raise CommandError(USAGE, _first_text(record.result))
    stages = " → ".join(f"{name} {seconds * 1000:.2f} ms" for name, seconds in record.stages)
    say(
        f"{record.target}: {record.outcome}, {record.seconds * 1000:.1f} ms{f' ({stages})' if stages else ''}"
    )
    if as_json:
        show_json(record.result)
    if wrong:
        return record.result, USAGE
    if record.outcome == "timeout":
        return record.result, TIMED_OUT
    return record.result, FINE if record.outcome == "ok" else FAILED


def _first_text(result: dict[str, Any]) -> str:
    blocks = result.get("content") or ()
    return str(blocks[0].get("text", "")) if blocks else ""


def _error_code(record: CallRecord) -> int:
    assert record.error is not None
    message = record.error.message
    if record.error.code in (INVALID_PARAMS, -32002) and message.startswith("Unknown "):
        return NOT_FOUND
    return TIMED_OUT if record.outcome == "timeout" else PROTOCOL
