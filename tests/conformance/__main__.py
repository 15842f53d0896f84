"""`python -m tests.conformance --http HOST:PORT`: the server that the conformance suite of the protocol asks for."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from server_core.protocol.http_addresses import AddressError, split_address
from tests.conformance.fixtures import conformance_server


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description="Serves the fixtures of the conformance suite (@modelcontextprotocol/conformance).",
    )
    parser.add_argument("--http", metavar="HOST:PORT", required=True)
    options = parser.parse_args()
    try:
        address = split_address(options.http)
    except AddressError as error:
        parser.error(str(error))
    with tempfile.TemporaryDirectory() as folder:
        conformance_server(Path(folder)).run_http(*address)


if __name__ == "__main__":
    main()
