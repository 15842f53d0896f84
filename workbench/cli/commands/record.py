"""`workbench record`: record file-watch notifications."""

from __future__ import annotations

import asyncio
import signal
from argparse import Namespace
from pathlib import Path

from server_core.bus import Event
from server_core.events import FilesChanged
from server_core.files.settings import FilesSettings
from workbench.cli.failures import FAILED, FINE, USAGE, CommandError
from workbench.cli.output import say, show
from workbench.cli.session import with_engine
from workbench.engine import Engine


def run(options: Namespace) -> int:
    """Record until Ctrl-C or for the given time; print the file's path."""
    path = Path(options.output)
    if path.exists() and not options.force:
        raise CommandError(USAGE, f"{path} exists; --force overwrites it")
    if not path.absolute().parent.is_dir():
        raise CommandError(USAGE, f"There is no folder {path.parent}; create it first")

    async def work(engine: Engine) -> int:
        modules = {
            name: module
            for name, module in engine.project.config.modules.items()
            if isinstance(module, FilesSettings)
        }
        if not modules:
            raise CommandError(FAILED, "The project has no files module: nothing to record")
        batches = 0

        def listen(event: Event) -> None:
            nonlocal batches
            fact = event.fact
            if isinstance(fact, FilesChanged) and not fact.replayed and options.module in (None, fact.module):
                batches += 1
                say(f"{fact.module}: {', '.join(f'{change.kind} {change.path}' for change in fact.changes[:5])}"
                    f"{f' and {len(fact.changes) - 5} more' if len(fact.changes) > 5 else ''}")  # fmt: skip

        await engine.start_recording(path, options.module, force=options.force)
        unsubscribe = engine.bus.subscribe(listen)
        say(
            f"recording to {path} {'until Ctrl-C' if options.seconds is None else f'for {options.seconds:g} s'}"
        )
        try:
            await _until_stopped(options.seconds)
        finally:
            unsubscribe()
            await engine.stop_recording()
        say(f"{batches} batch{'' if batches == 1 else 'es'} recorded")
        show(str(path))
        return FINE

    return with_engine(options, work)


async def _until_stopped(seconds: float | None) -> None:
    """Wait for `seconds`, Ctrl-C or a termination signal, so that the recording is always completed."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows: Ctrl-C cancels the command instead
            break
    try:
        await asyncio.wait_for(stopped.wait(), seconds)
    except TimeoutError:
        return
