"""Makes the SDK's own errors more precise, and shortens text quoted from the client."""

from __future__ import annotations

from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import INVALID_PARAMS, METHOD_NOT_FOUND
from pydantic import ValidationError

from ..error_texts import shortened


async def with_plain_errors(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware for the SDK's server."""
    try:
        return await call_next(ctx)
    except ValidationError as error:
        raise MCPError(INVALID_PARAMS, f"Invalid request parameters: {_first_problem(error)}") from error
    except MCPError as error:
        if error.code == METHOD_NOT_FOUND:
            method = shortened(ctx.method)
            raise MCPError(METHOD_NOT_FOUND, f"Method not found: {method}", method) from error
        if error.code == INVALID_PARAMS and error.data == "":
            text = "Send initialize first: this session has not been initialized"
            raise MCPError(INVALID_PARAMS, text) from error
        raise


def _first_problem(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    where = ".".join(str(part) for part in problems[0]["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    text = f"{where}: {problems[0]['msg']}" if where else problems[0]["msg"]
    return f"{shortened(text, 200)}{more}"
