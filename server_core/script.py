"""The runtime of an exported script: it finds the folder with its files, and serves as the command line says."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from .bus import Event
from .events import ModuleFailed, ModuleNoted
from .server import Server

SCRIPT_TOKEN = "MCP_TOKEN"
"""The environment variable with the bearer token that clients must send."""


def script_base(script: str, variable: str, folder: str, *, needed: bool = True) -> Path:
    """Find the folder that the server's relative paths are resolved against: `--base DIR`, else the environment's
    `variable`, else `folder`, relative to the script.

    Reads the command line if `script` is the running program, and exits with status 2 if the command line is wrong or
    the folder is missing.

    Args:
        script: the script's `__file__`.
        needed: whether the server has relative paths, so that the folder must exist.
    """
    given = os.environ.get(variable)
    is_program = getattr(sys.modules.get("__main__"), "__file__", None) == script
    if is_program:
        given = _script_options().base or given
    base = Path(given).absolute() if given else (Path(script).resolve().parent / folder).resolve()
    if needed and is_program and not base.is_dir():
        print(
            f"There is no folder {base}: set the folder of the server's files with --base DIR or {variable}",
            file=sys.stderr,
        )
        raise SystemExit(2)
    return base


def run_script(server: Server) -> None:
    """Serve one client over stdin and stdout, or any number over HTTP if the command line says so. Blocks."""
    options = _script_options()
    token = os.environ.get(SCRIPT_TOKEN, "").strip()
    if options.http is not None:
        from .protocol.http_access import check_access
        from .protocol.http_addresses import AddressError

        try:
            check_access(
                options.http[0],
                token,
                options.no_auth,
                token_name=SCRIPT_TOKEN,
                no_auth_name="--no-auth",
            )
        except AddressError as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from error
    server.bus.subscribe(_report_failure)
    # Imports and definitions stay for good: garbage collection needn't scan them again.
    gc.freeze()
    gc.enable()
    if options.http is None:
        server.run()
    else:
        server.run_http(*options.http, allowed_hosts=options.allow_host, token=token, no_auth=options.no_auth)


def _report_failure(event: Event) -> None:
    match event.fact:
        case ModuleFailed(module=module, reason=reason):
            print(f"module {module} failed: {reason}", file=sys.stderr, flush=True)
        case ModuleNoted(module=module, note=note, trouble=True):
            print(f"module {module}: {note}", file=sys.stderr, flush=True)


def _script_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="An MCP server. It speaks over stdin and stdout to the client that starts it."
    )
    parser.add_argument("--base", metavar="DIR", help="folder with the server's files")
    parser.add_argument(
        "--http",
        metavar="HOST:PORT",
        type=_http_address,
        help=f"serve over HTTP instead, at http://HOST:PORT/mcp. Clients must send the token in {SCRIPT_TOKEN}, "
        "which is required unless HOST is this machine",
    )
    parser.add_argument(
        "--no-auth", action="store_true", help="serve anyone who can reach HOST, without a token"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another host name that clients may use, for example behind a proxy; may be repeated",
    )
    return parser.parse_args()


def _http_address(text: str) -> tuple[str, int]:
    from .protocol.http_addresses import AddressError, split_address

    try:
        return split_address(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
