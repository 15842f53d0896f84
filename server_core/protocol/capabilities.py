"""Checks what a client declares it can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    ClientCapabilities,
    ElicitationCapability,
    MissingRequiredClientCapabilityErrorData,
    RootsCapability,
    SamplingCapability,
)


def missing_capability(required: ClientCapabilities, message: str) -> MCPError:
    """The error for a missing client capability (-32021)."""
    data = MissingRequiredClientCapabilityErrorData(required_capabilities=required)
    return MCPError(
        MISSING_REQUIRED_CLIENT_CAPABILITY,
        message,
        data.model_dump(by_alias=True, mode="json", exclude_none=True),
    )


def check_answerable(requests: Mapping[str, Any], able: ClientCapabilities) -> None:
    """Raise `MCPError` (-32021) for the first request that the client has not declared it can answer."""
    for request in requests.values():
        method = request["method"]
        if method == "elicitation/create" and able.elicitation is None:
            required = ClientCapabilities(elicitation=ElicitationCapability())
        elif method == "sampling/createMessage" and able.sampling is None:
            required = ClientCapabilities(sampling=SamplingCapability())
        elif method == "roots/list" and able.roots is None:
            required = ClientCapabilities(roots=RootsCapability())
        else:
            continue
        raise missing_capability(required, f"This needs {method}, which the client does not declare")
