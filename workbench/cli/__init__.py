"""The command line: every command uses the same engine as the terminal interface, without Textual."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from workbench.cli.failures import FAILED, INTERRUPTED, NOT_FOUND, USAGE, CommandError

if TYPE_CHECKING:
    from argparse import Namespace

Command = Callable[["Namespace | SimpleNamespace"], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (default: those of the process) and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    if debug:
        import logging

        logging.getLogger("server_core").setLevel(logging.DEBUG)  # show every frame in tracebacks
    try:
        return _run(words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output closed the pipe, as `head` does: not an error.
        sys.stderr.close()
        return FAILED
    except Exception as error:
        code, line = explained(error)
        if debug:
            import traceback

            traceback.print_exc()
        print(f"workbench: {line}", file=sys.stderr)
        return code


def _run(words: list[str]) -> int:
    if not words or (len(words) == 1 and os.sep in words[0] and not words[0].startswith("-")):
        # A folder, not a command: open the terminal interface without importing argparse first.
        return _command("open")(SimpleNamespace(folder=words[0] if words else None))
    from workbench.cli.parser import LATER, build_parser

    parser = build_parser()
    options = parser.parse_args(with_options_first(with_command(words)))
    if options.version:
        from importlib.metadata import version

        print(f"workbench {version('mcp-server-workbench')}")
        return 0
    command = options.command or "open"
    if command in LATER:
        raise CommandError(USAGE, f"`workbench {command}` ({LATER[command]}) is not available yet")
    return _command(command)(options)


def _command(name: str) -> Command:
    run: Command = importlib.import_module(f"workbench.cli.commands.{name.replace('-', '_')}").run
    return run


def with_command(words: list[str]) -> list[str]:
    """Insert `open` before a first word that is a folder and not a command."""
    from workbench.cli.parser import COMMANDS

    skip = False
    for place, word in enumerate(words):
        if skip:
            skip = False
        elif word in ("-p", "--project"):
            skip = True
        elif not word.startswith("-"):
            if word in COMMANDS:
                return words
            return [*words[:place], "open", *words[place:]]
    return words


def with_options_first(words: list[str]) -> list[str]:
    """Move the options of a command that takes `key=value` before those words: argparse wants them together."""
    from workbench.cli.parser import MIXED, WITH_VALUE

    place = next((place for place, word in enumerate(words) if word in MIXED), None)
    if place is None or "--" in words:
        return words
    options: list[str] = []
    rest: list[str] = []
    following = iter(words[place + 1 :])
    for word in following:
        if word.startswith("-") and len(word) > 1:
            options.append(word)
            if word in WITH_VALUE:
                options += [value] if (value := next(following, None)) is not None else []
        else:
            rest.append(word)
    return [*words[: place + 1], *options, *rest]


def explained(error: Exception) -> tuple[int, str]:
    """Return the exit code and the one-line message for a failure."""
    if isinstance(error, CommandError):
        return error.code, str(error)
    for name, code in (
        ("ConfigError", USAGE),
        ("ProjectError", USAGE),
        ("ExportError", USAGE),
        ("RecordingNotFoundError", NOT_FOUND),
        ("RecordingError", USAGE),
        ("ReplayError", USAGE),
        ("EngineError", FAILED),
    ):
        # Compared by name, to avoid importing the classes.
        if any(kind.__name__ == name for kind in type(error).__mro__):
            more = len(getattr(error, "others", ()))
            return code, _one_line(error) + (
                f" (and {more} more: `workbench check` lists them)" if more else ""
            )
    if isinstance(error, OSError):
        from server_core.disk import disk_text

        where = f"{error.filename}: " if error.filename else ""
        return FAILED, f"{where}{disk_text(error)}"
    return FAILED, f"{type(error).__name__}: {_one_line(error)} (this is a bug; --debug shows where)"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split("\n")) or type(error).__name__
