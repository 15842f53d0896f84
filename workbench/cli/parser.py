"""The argument parser. Imports little, since the terminal interface waits for it before its first paint."""

from __future__ import annotations

import argparse
from typing import NoReturn

from workbench.cli.failures import USAGE, CommandError

REVISIONS = ("2025-11-25", "2026-07-28")
LISTS = ("tools", "resources", "templates", "prompts", "modules", "workflows")
LATER = {
    "test": "running saved calls with assertions",
    "web": "the terminal interface in a browser",
}
"""Commands of the fixed interface that are not available yet, and what they will do."""


class Parser(argparse.ArgumentParser):
    """An argument parser that reports errors on one line."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(USAGE, f"{message}. `{self.prog} --help` shows the usage.")


def build_parser() -> Parser:
    """Build the parser of all commands; `options.command` is empty for the terminal interface."""
    shared = Parser(add_help=False)
    shared.add_argument(
        "-p",
        "--project",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the project: a folder with a server.toml, or that file (default: the current folder)",
    )
    shared.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show the traceback when a command fails",
    )
    json_too = Parser(add_help=False)
    json_too.add_argument(
        "--json", action="store_true", help="print one JSON document on stdout and nothing else"
    )
    revision = Parser(add_help=False)
    revision.add_argument(
        "--protocol",
        choices=REVISIONS,
        default=REVISIONS[-1],
        help="the protocol revision that the client speaks",
    )
    timeout = Parser(add_help=False)
    timeout.add_argument(
        "--timeout", type=_seconds, metavar="S", help="give up after S seconds without an answer or progress"
    )

    parser = Parser(
        prog="workbench",
        description="Build MCP servers interactively. Without a command: opens the terminal interface.",
        parents=[shared],
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    def add(name: str, text: str, *parents: Parser) -> Parser:
        return commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[shared, *parents]
        )

    opened = add("open", "open the terminal interface (the default)")
    opened.add_argument("folder", nargs="?", metavar="DIR", help="the project")

    demo = add("demo", "create the sample project and open it")
    demo.add_argument(
        "folder",
        nargs="?",
        metavar="DIR",
        help="where to create it (default: a new folder in your data directory)",
    )
    demo.add_argument("--no-open", action="store_true", help="create it without opening it")

    new = add("new", "create a project that is ready to run")
    new.add_argument("folder", metavar="DIR")
    new.add_argument(
        "--template",
        metavar="NAME",
        default="functions",
        help="functions (the default), database, files or full",
    )

    listed = add("list", "list what a client sees: tools, resources, …", json_too, revision)
    listed.add_argument("what", choices=LISTS)

    call = add("call", "call a tool", json_too, revision, timeout)
    call.add_argument("tool")
    call.add_argument(
        "arguments",
        nargs="*",
        metavar="key=value",
        help="arguments, converted to the types in the tool's schema",
    )
    call.add_argument(
        "--args",
        metavar="JSON|@FILE|-",
        help="all arguments as JSON, sent unchanged: a JSON object, @FILE, or - for stdin",
    )

    read = add("read", "read a resource", json_too, revision, timeout)
    read.add_argument("uri")
    read.add_argument(
        "-f", "--follow", action="store_true", help="print a stream as it arrives, until Ctrl-C"
    )

    prompt = add("prompt", "render a prompt", json_too, revision, timeout)
    prompt.add_argument("name")
    prompt.add_argument("arguments", nargs="*", metavar="key=value")

    run = add("run", "run a workflow, printing each step", json_too, timeout)
    run.add_argument("workflow")
    run.add_argument("arguments", nargs="*", metavar="key=value", help="variables of the workflow's context")

    record = add("record", "record file-watch notifications")
    record.add_argument("-o", "--output", required=True, metavar="FILE")
    record.add_argument(
        "--seconds", type=_seconds, metavar="S", help="stop after S seconds (default: on Ctrl-C)"
    )
    record.add_argument("--module", metavar="NAME", help="record only this files module")
    record.add_argument("--force", action="store_true", help="overwrite FILE if it exists")

    replay = add("replay", "replay a recording and print the notifications that clients receive", json_too)
    replay.add_argument("recording", metavar="FILE")
    replay.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N|max",
        help="how many times faster than recorded, or max (default: 1)",
    )
    replay.add_argument("--module", metavar="NAME", help="the files module to replay into")

    add("check", "check the config, functions and schemas", json_too)

    export = add("export", "export the server as a standalone script")
    export.add_argument("-o", "--output", required=True, metavar="FILE")
    export.add_argument(
        "--check",
        action="store_true",
        help="run the script in a clean environment and compare its answers with the project's",
    )
    export.add_argument("--force", action="store_true", help="overwrite FILE if it exists")
    export.add_argument(
        "--thin",
        action="store_true",
        help="leave out server_core, for machines where mcp-server-workbench is installed",
    )

    client = add("client-config", "print the configuration entry for an MCP client")
    client.add_argument(
        "client", metavar="CLIENT", help="claude-desktop, claude-code, cursor, vscode, gemini-cli, …"
    )
    client.add_argument("--script", metavar="FILE", help="start this exported script instead of the project")

    serve = add("serve", "serve the project over stdio or HTTP")
    serve.add_argument(
        "--http",
        metavar="HOST:PORT",
        help="serve clients at http://HOST:PORT/mcp until Ctrl-C; 0.0.0.0 listens on all interfaces. Clients must send "
        "the token in WORKBENCH_TOKEN, which is required unless HOST is this machine",
    )
    serve.add_argument(
        "--no-auth", action="store_true", help="serve without a token, to anyone who can reach HOST"
    )
    serve.add_argument(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="accept this host name besides HOST, for example behind a proxy; may be repeated",
    )
    serve.add_argument("--workers", type=int, metavar="N", help="(not available yet)")
    serve.add_argument(
        "--fault",
        action="append",
        metavar="NAME=fail:N",
        help="inject a fault into a tool, prompt, URI, template or module: fail:3 or fail:20%% (of the calls), "
        "delay:SECONDS, hang, garble, drop, clock:+60; append :3 or :20%% to limit how often; may be repeated",
    )

    bench = add("bench", "load-test a tool", json_too, revision, timeout)
    bench.add_argument("tool")
    bench.add_argument(
        "arguments",
        nargs="*",
        metavar="key=value",
        help="arguments, converted to the types in the tool's schema",
    )
    bench.add_argument(
        "--args",
        metavar="JSON|@FILE|-",
        help="all arguments as JSON, sent unchanged: a JSON object, @FILE, or - for stdin",
    )
    bench.add_argument(
        "-n", "--number", type=_count, default=100, metavar="N", help="number of calls (default: 100)"
    )
    bench.add_argument(
        "-c",
        "--concurrency",
        type=_count,
        default=1,
        metavar="N",
        help="number of concurrent calls (default: 1)",
    )

    for name, text in LATER.items():
        later = add(name, f"{text} (not available yet)")
        later.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


COMMANDS = (
    "open", "demo", "new", "list", "call", "read", "prompt", "run", "record", "replay", "check", "export",
    "client-config", "serve", "bench", *LATER,
)  # fmt: skip


MIXED = ("call", "prompt", "run", "bench")
"""Commands whose `key=value` words may be mixed with the options."""

WITH_VALUE = (
    "-p", "--project", "--protocol", "--timeout", "--args", "-n", "--number", "-c", "--concurrency",
)  # fmt: skip
"""Their options that take a value."""

MOST_CALLS = 10_000_000


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} must be greater than 0")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_CALLS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_CALLS:,}")
    return int(text)


def _speed(text: str) -> float | str:
    if text == "max":
        return text
    try:
        return _seconds(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a speed: give how many times faster than recorded, or max"
        ) from None
