"""What an exported script does by itself: it finds the folder of its files, and reads its command line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def script_base(script: str, variable: str, folder: str, *, needed: bool = True) -> Path:
    """The folder against which the server's relative paths are found: `--base DIR`, else the environment's
    `variable`, else `folder`, as seen from the script.

    Reads the command line when `script` is the program that runs, and then ends the process with status 2 if that
    is wrong or the folder is not there.

    Args:
        script: the script's `__file__`.
        needed: the server has relative paths, so that the folder must be there.
    """
    given = os.environ.get(variable)
    if _is_main(script):
        parser = argparse.ArgumentParser(
            description="An MCP server. It speaks over stdin and stdout to the client that starts it."
        )
        parser.add_argument(
            "--base",
            metavar="DIR",
            help=f"the folder of the server's files (default: ${variable}, else {folder!r} as seen from this script)",
        )
        parser.add_argument(
            "--http", metavar="HOST:PORT", help="not there yet: this version speaks stdio only"
        )
        options = parser.parse_args()
        if options.http:
            parser.error("--http is not there yet; without it the server speaks over stdin and stdout")
        given = options.base or given
    base = Path(given).absolute() if given else (Path(script).resolve().parent / folder).resolve()
    if needed and _is_main(script) and not base.is_dir():
        print(
            f"There is no folder {base}: name that of the server's files with --base DIR or {variable}",
            file=sys.stderr,
        )
        raise SystemExit(2)
    return base


def _is_main(script: str) -> bool:
    return getattr(sys.modules.get("__main__"), "__file__", None) == script
