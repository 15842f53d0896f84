"""`workbench read`: read a resource."""

from __future__ import annotations

import asyncio
import base64
from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from server_core.pipeline import NOT_A_STREAM
from workbench.cli.failures import FAILED, FINE, NOT_FOUND, USAGE, CommandError, not_found
from workbench.cli.output import say, show, show_bytes, show_piece
from workbench.cli.records import conclude
from workbench.cli.session import with_engine
from workbench.engine import Engine, EngineError
from workbench.engine.following import Gathered
from workbench.records import was_cut


def run(options: Namespace) -> int:
    """Read the resource and print its contents: text, or raw bytes (but not on a terminal)."""
    if options.follow and options.json:
        raise CommandError(
            USAGE, "--follow prints text as it arrives, --json a single document: use one of them"
        )

    async def work(engine: Engine) -> int:
        if options.follow:
            return await followed(engine, options.uri)
        record = await engine.read(options.uri, protocol=options.protocol, timeout=options.timeout)
        try:
            result, code = conclude(record, as_json=options.json)
        except CommandError as error:
            if error.code == NOT_FOUND and "did you mean" not in str(error):
                known = [str(resource.uri) for resource in await engine.list_resources(options.protocol)]
                known += [each.uri_template for each in await engine.list_templates(options.protocol)]
                raise not_found("resource", options.uri, known) from error
            raise
        if was_cut(result):
            say("  truncated at [limits] result_bytes; --follow prints all of it")
        if not options.json:
            for content in joined(result.get("contents") or ()):
                if "text" in content:
                    show(content["text"])
                else:
                    data = base64.b64decode(content["blob"])
                    if not show_bytes(data):
                        kind = content.get("mimeType", "binary")
                        say(f"{len(data):,} bytes of {kind}: redirect them to a file")
        return code

    return with_engine(options, work)


def joined(contents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join the contents of a read; the chunks of a stream may be split anywhere."""
    whole: list[dict[str, Any]] = []
    for content in contents:
        last = whole[-1] if whole else None
        if last is not None and "text" in last and "text" in content and last["uri"] == content["uri"]:
            whole[-1] = {**last, "text": last["text"] + content["text"]}
        else:
            whole.append(content)
    return whole


async def followed(engine: Engine, uri: str) -> int:
    """Print a stream as it arrives, until it ends.

    Raises:
        CommandError: There is no such stream, or it failed.
        BrokenPipeError: The reader of stdout has gone.
    """
    broken: list[BrokenPipeError] = []

    def came(gathered: Gathered) -> None:
        if gathered.dropped:
            say(f"… {gathered.dropped:,} characters dropped: they arrived too fast")
        try:
            show_piece(gathered.text)
        except BrokenPipeError as error:
            broken.append(error)
            following.cancel()

    following = asyncio.create_task(engine.follow(uri, came))
    try:
        await following
    except asyncio.CancelledError:
        if broken:
            raise broken[0] from None
        raise
    except EngineError as error:
        text = str(error)
        code = NOT_FOUND if text.startswith("Unknown ") else USAGE if text.endswith(NOT_A_STREAM) else FAILED
        raise CommandError(code, text) from error
    return FINE
