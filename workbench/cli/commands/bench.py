"""`workbench bench`: load-test a tool."""

from __future__ import annotations

import asyncio
import logging
from argparse import Namespace
from typing import Any

from workbench.cli.commands.call import arguments_of, given_arguments
from workbench.cli.failures import FAILED, FINE
from workbench.cli.output import say, show, show_json
from workbench.cli.session import with_engine
from workbench.engine import Engine
from workbench.engine.loading import LoadRun
from workbench.text import one_line, plural, rate, span

QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("most", 1.0))


def run(options: Namespace) -> int:
    """Call the tool many times and print calls per second, latency quantiles and errors; 1 if any call failed."""
    given = given_arguments(options)

    async def work(engine: Engine) -> int:
        arguments = await arguments_of(engine, options, given)
        logging.getLogger("server_core").addFilter(_FirstError())
        made = LoadRun()
        try:
            await engine.load_tool(
                options.tool,
                arguments,
                made,
                calls=options.number,
                at_once=options.concurrency,
                protocol=options.protocol,
                timeout=options.timeout,
            )
        except asyncio.CancelledError:
            say("interrupted: these are the results so far")
            _print(options, made)
            raise
        _print(options, made)
        return FAILED if made.errors else FINE

    return with_engine(options, work)


class _FirstError(logging.Filter):
    """Log only the first error with its traceback, since the others of a load test are alike."""

    def __init__(self) -> None:
        super().__init__()
        self._logged = False

    def filter(self, record: logging.LogRecord) -> bool:
        logged, self._logged = self._logged, self._logged or record.levelno >= logging.ERROR
        return not logged or record.levelno < logging.ERROR


def _print(options: Namespace, made: LoadRun) -> None:
    if options.json:
        show_json(summary(options.tool, options.protocol, options.concurrency, made))
        return
    a_second = rate(made.calls / made.seconds if made.seconds else 0.0)
    calls = plural(made.calls, "call")
    show(
        f"{options.tool}: {calls}, concurrency {options.concurrency}, {options.protocol}, {span(made.seconds)}"
    )
    show(f"  {a_second} calls/s   {plural(made.errors, 'error') if made.errors else 'no errors'}")
    show("  " + "   ".join(f"{name} {span(made.quantile(share))}" for name, share in QUANTILES))
    if made.first_error:
        outcomes = ", ".join(
            f"{count} {outcome.replace('_', ' ')}" for outcome, count in made.outcomes.most_common()
        )
        show(f"  {outcomes}; first failure: {one_line(made.first_error)}")


def summary(tool: str, protocol: str, at_once: int, made: LoadRun) -> dict[str, Any]:
    """Build the document for `--json`; times are in seconds."""
    return {
        "tool": tool,
        "protocol": protocol,
        "calls": made.calls,
        "at_once": at_once,
        "seconds": made.seconds,
        "calls_per_second": made.calls / made.seconds if made.seconds else 0.0,
        "latency": {name: made.quantile(share) for name, share in QUANTILES},
        "errors": made.errors,
        "outcomes": dict(made.outcomes),
        "first_error": made.first_error or None,
    }
