"""`workbench replay`: replay a recording into the server and print the notifications."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path

from server_core.bus import Event
from server_core.events import FilesChanged, ReplayFinished
from workbench.cli.failures import FINE, NOT_FOUND, CommandError
from workbench.cli.output import say, show, show_json, show_now, show_soon
from workbench.cli.session import with_engine
from workbench.engine import Engine
from workbench.facts import NoticeReceived
from workbench.recording import read_recording
from workbench.replaying import recorded_uris


def run(options: Namespace) -> int:
    """Replay the recording; print a line for each notification that a client of either revision receives."""
    path = Path(options.recording)
    if not path.is_file():
        raise CommandError(
            NOT_FOUND, f"There is no recording {path}; `workbench record -o {path}` records one"
        )
    recording = read_recording(path)

    async def work(engine: Engine) -> int:
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()
        notices: list[dict[str, str]] = []
        heard = batches = 0
        put = show_soon if options.speed == "max" else show

        def listen(event: Event) -> None:
            nonlocal heard, batches
            fact = event.fact
            if isinstance(fact, NoticeReceived):
                heard += 1
                if options.json:
                    notices.append({"protocol": fact.protocol, "kind": fact.kind, "uri": fact.uri})
                else:
                    put(f"{fact.protocol}  {fact.kind:<9}  {fact.uri}".rstrip())
            elif isinstance(fact, FilesChanged) and fact.replayed:
                batches += 1
            elif isinstance(fact, ReplayFinished):
                loop.call_soon_threadsafe(finished.set)

        await engine.subscribe(*recorded_uris(engine.project, recording, options.module))
        unsubscribe = engine.bus.subscribe(listen)
        try:
            if remark := await engine.start_replay(path, options.module, options.speed):
                say(remark)
            await finished.wait()
            await engine.flush_notices()
        finally:
            unsubscribe()
            show_now()
        say(f"{batches} batch{'' if batches == 1 else 'es'} replayed, {heard} notifications")
        if options.json:
            show_json({"batches": batches, "notices": notices})
        return FINE

    return with_engine(options, work)
