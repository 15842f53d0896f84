"""A project's server, running for the duration of one command."""

from __future__ import annotations

import asyncio
import gc
import logging
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from server_core.events import ErrorReported, LogWritten, ModuleFailed, ModuleNoted, ModuleStarted
from workbench.cli.failures import PROTOCOL, CommandError
from workbench.cli.output import results_apart, say
from workbench.engine import Engine
from workbench.facts import UserAsked
from workbench.project import Project
from workbench.store import Store
from workbench.text import one_line

YOUNG_OBJECTS = 10_000
"""New objects between two collections of the garbage collector's youngest generation."""

SETTLE_SECONDS = 30.0
"""How long a command waits for slow modules before it continues without them."""


def project_of(options: Namespace) -> Project:
    """Find the project given on the command line.

    Raises:
        ProjectError: There is no project there.
        ConfigError: Its server.toml is invalid.
    """
    project = Project.find(getattr(options, "project", None) or getattr(options, "folder", None))
    _ = project.config  # read it now, to report errors before anything runs
    return project


def with_engine(options: Namespace, work: Callable[[Engine], Awaitable[int]]) -> int:
    """Start the project's engine, wait for its modules, run `work` and return its result."""
    project = project_of(options)

    async def run() -> int:
        async with running_engine(project) as engine:
            return await work(engine)

    # A long replay creates millions of objects, hardly any of them in a cycle.
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    with results_apart():
        return asyncio.run(run())


@asynccontextmanager
async def running_engine(project: Project) -> AsyncIterator[Engine]:
    """Run the engine of `project` with its modules started; failures are reported on stderr."""
    store = Store(project)
    engine = Engine(project, store=store)
    settled = asyncio.Event()
    loop = asyncio.get_running_loop()
    development = project.config.server.development
    wanted = {name for name, module in project.config.modules.items() if module.enabled}
    seen: set[str] = set()

    def listen(event: object) -> None:
        fact = getattr(event, "fact", None)
        if isinstance(fact, ErrorReported) and development and fact.source != "request":
            loop.call_soon_threadsafe(say, fact.traceback)
        if isinstance(fact, LogWritten) and fact.source == "history":
            loop.call_soon_threadsafe(say, fact.text)
        if isinstance(fact, UserAsked) and fact.kind != "roots":
            text = f"the server asked: {one_line(fact.text)} - {fact.answer}, since the command line can't ask you"
            loop.call_soon_threadsafe(say, text)
        if isinstance(fact, ModuleNoted) and fact.trouble:
            loop.call_soon_threadsafe(say, f"module {fact.module}: {fact.note}")
        if isinstance(fact, ModuleStarted | ModuleFailed):
            seen.add(fact.module)
            if isinstance(fact, ModuleFailed):
                loop.call_soon_threadsafe(say, f"module {fact.module} failed: {fact.reason}")
            if seen >= wanted:
                loop.call_soon_threadsafe(settled.set)

    unsubscribe = engine.bus.subscribe(listen)
    log = logging.getLogger("server_core")
    level = log.level
    if development:
        # A request's answer carries the traceback: logging it would print it twice.
        log.setLevel(logging.CRITICAL)
    if not wanted:
        settled.set()
    try:
        engine.start()
        try:
            await asyncio.wrap_future(engine.ready)
        except Exception as error:
            raise CommandError(PROTOCOL, f"The server can't start: {error}") from error
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await settled.wait()
        except TimeoutError:
            say(f"still starting after {SETTLE_SECONDS:g} s: {', '.join(sorted(wanted - seen))}")
        yield engine
    finally:
        unsubscribe()
        log.setLevel(level)
        await asyncio.to_thread(engine.stop)
        await asyncio.to_thread(store.close)
