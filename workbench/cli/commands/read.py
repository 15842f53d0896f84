"""`workbench read`: a resource."""

from __future__ import annotations

import base64
from argparse import Namespace

from workbench.cli.failures import NOT_FOUND, CommandError, not_found
from workbench.cli.output import say, show, show_bytes
from workbench.cli.records import conclude
from workbench.cli.session import with_engine
from workbench.engine import Engine


def run(options: Namespace) -> int:
    """Read the resource and print its contents: text as text, bytes as bytes (not on a terminal)."""

    async def work(engine: Engine) -> int:
        record = await engine.read(options.uri, protocol=options.protocol, timeout=options.timeout)
        try:
            result, code = conclude(record, as_json=options.json)
        except CommandError as error:
            if error.code == NOT_FOUND and "did you mean" not in str(error):
                known = [str(resource.uri) for resource in await engine.list_resources(options.protocol)]
                raise not_found("resource", options.uri, known) from error
            raise
        if not options.json:
            for content in result.get("contents") or ():
                if "text" in content:
                    show(content["text"])
                else:
                    data = base64.b64decode(content["blob"])
                    if not show_bytes(data):
                        kind = content.get("mimeType", "binary")
                        say(f"{len(data):,} bytes of {kind}: redirect them to a file")
        return code

    return with_engine(options, work)
