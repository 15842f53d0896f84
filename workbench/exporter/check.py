"""Checks that a script answers like its project: it runs in isolation, and a real client queries both."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Set
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, get_args

from mcp import Client, StdioServerParameters
from mcp.client.stdio import get_default_environment, stdio_client

from server_core.config import build_server
from server_core.masking import contains_mask
from server_core.protocol.result_validation import bound_validation
from server_core.server import Server
from server_core.testing import OLDEST, ProtocolRevision, connect
from workbench.project import Project
from workbench.store import Store

from .environment import CleanPython, clean_python
from .errors import ExportError
from .observing import Observed, Probes, answers_of, call_text, is_error, lists_of, probes_of, shape_of
from .packages import metadata_blocks, stated_requirements
from .plan import Plan, plan_of
from .report import CheckReport, differences
from .watched_variables import watched_variables

START_SECONDS = 60.0
SAVED_CALLS = 5
"""How many of a tool's earlier calls are repeated."""

STDERR_TAIL = 2_000

Progress = Callable[[str], None]


async def check_script(
    project: Project, path: Path, *, on_progress: Progress = lambda text: None
) -> CheckReport:
    """Run the script at `path` from an empty folder, with only the packages in its header and their dependencies
    installed, and compare its answers with those of the project's own server, in both protocol revisions.

    Compares the lists, all reads, all prompts, and calls of tools marked read-only, with generated arguments and those
    of earlier calls. Other tools are not called. Development mode is off on both sides.

    Args:
        on_progress: Called on this loop with a short description of each step.

    Raises:
        ConfigError: The project's config is invalid.
        OSError: The script can't be read.
    """
    report = CheckReport()
    text = await asyncio.to_thread(path.read_text, "utf-8")
    requirements = [each for block in metadata_blocks(text) for each in stated_requirements(block)]
    plan = plan_of(project)
    server = build_server(project.config, project.folder, development=False)
    async with AsyncExitStack() as stack:
        if sys.stdout is sys.__stdout__:
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        on_progress("creating a clean environment")
        try:
            python = await stack.enter_async_context(_on_thread(clean_python(requirements)))
        except ExportError as error:
            report.failure = str(error)
            return report
        report.packages = python.distributions
        on_progress("starting the project's server")
        variables = stack.enter_context(watched_variables(project.folder))
        await stack.enter_async_context(server.running())
        _note_failures(server, report)
        for protocol in get_args(ProtocolRevision):
            checked = _Check(
                project, path.absolute(), plan, server, python, protocol, report, on_progress, variables
            )
            try:
                await checked.run()
            except _CheckError as error:
                report.failure = f"{protocol}: {error}"
                break
        _note_variables(plan, variables, report)
    return report


class _CheckError(Exception):
    """The check can't continue."""


class _Check:
    """The check in one protocol revision."""

    def __init__(
        self,
        project: Project,
        path: Path,
        plan: Plan,
        server: Server,
        python: CleanPython,
        protocol: ProtocolRevision,
        report: CheckReport,
        on_progress: Progress,
        variables: Set[str],
    ) -> None:
        """Args:
        variables: The environment variables that the project has read so far.
        """
        self._project = project
        self._path = path
        self._plan = plan
        self._server = server
        self._python = python
        self._protocol: ProtocolRevision = protocol
        self._report = report
        self._on_progress = on_progress
        self._read_variables = variables

    async def run(self) -> None:
        async with connect(self._server, self._protocol) as client:
            expected = await lists_of(client)
            probes = await probes_of(client, expected, self._saved_arguments)
            await answers_of(client, expected, probes, self._progress_for("project"))
            again = Observed(*self._lists(expected))
            self._server.cache.clear()
            await answers_of(client, again, probes, self._progress_for("project, again"))
        found = await self._script_answers(probes)
        self._compare(expected, again, found, probes)

    async def _script_answers(self, probes: Probes) -> Observed:
        self._on_progress(f"{self._protocol}: starting the script")
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            started = time.perf_counter()
            try:
                async with self._script_client(said) as client:
                    found = await lists_of(client)
                    self._report.seconds[self._protocol] = time.perf_counter() - started
                    await answers_of(client, found, probes, self._progress_for("script"))
                    return found
            except Exception as error:
                raise _CheckError(f"the script did not answer ({_innermost(error)}){_tail(said)}") from error

    @asynccontextmanager
    async def _script_client(self, said: Any) -> AsyncIterator[Client]:
        parameters = StdioServerParameters(
            command=self._python.executable,
            args=["-I", str(self._path), "--base", str(self._project.folder)],
            cwd=self._python.folder,
            env={**get_default_environment(), **self._variables()},
        )
        mode = "legacy" if self._protocol == OLDEST else "auto"
        client = Client(stdio_client(parameters, said), mode=mode, cache=None)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(START_SECONDS):
                    await stack.enter_async_context(client)
            except TimeoutError:
                raise _CheckError(
                    f"the script did not start within {START_SECONDS:g} s{_tail(said)}"
                ) from None
            bound_validation(client.session)
            yield client

    def _variables(self) -> dict[str, str]:
        names = {*self._read_variables, *(each.name for each in self._plan.variables)}
        given = {name: os.environ[name] for name in names if name in os.environ}
        return {**given, **self._plan.secrets}

    def _saved_arguments(self, tool: str) -> Iterable[dict[str, Any]]:
        """Return the arguments of a tool's latest calls in the workbench."""
        if not (self._project.data / "history.db").is_file():
            return []
        store = Store(self._project)
        try:
            records = store.calls(target=tool, limit=SAVED_CALLS)
        finally:
            store.close()
        return [dict(record.arguments) for record in records if not contains_mask(record.arguments)]

    def _compare(self, expected: Observed, again: Observed, found: Observed, probes: Probes) -> None:
        report, protocol = self._report, self._protocol
        counts: dict[str, int] = {}
        report.differences += differences(protocol, "server", expected.server, found.server)
        for kind in ("tools", "resources", "templates", "prompts"):
            one, other = getattr(expected, kind), getattr(found, kind)
            counts[kind] = len(one)
            report.differences += differences(protocol, f"order of {kind}", list(one), list(other))
            for key in one.keys() & other.keys():
                report.differences += differences(protocol, f"{kind[:-1]} {key}", one[key], other[key])
        for kind, name in (("reads", "reads"), ("calls", "calls"), ("rendered", "prompts rendered")):
            one, once_more, other = (getattr(each, kind) for each in (expected, again, found))
            counts[name] = len(one)
            for key, answer in one.items():
                self._compare_answers(key, answer, once_more.get(key), other.get(key))
                report.answered += not is_error(answer)
        report.compared[protocol] = counts
        called = {name for name, _arguments in probes.calls}
        fine = {
            name
            for name, arguments in probes.calls
            if not is_error(expected.calls[call_text(name, arguments)])
        }
        report.not_called = [name for name in expected.tools if name not in called]
        report.errors_only = [name for name in expected.tools if name in called - fine]

    def _compare_answers(self, key: str, answer: Any, once_more: Any, other: Any) -> None:
        if answer != once_more:
            if key not in self._report.varying:
                self._report.varying.append(key)
            answer, other = shape_of(answer), shape_of(other)
        self._report.differences += differences(self._protocol, key, answer, other)

    @staticmethod
    def _lists(observed: Observed) -> tuple[Any, ...]:
        return observed.server, observed.tools, observed.resources, observed.templates, observed.prompts

    def _progress_for(self, who: str) -> Progress:
        return lambda text: self._on_progress(f"{self._protocol}: {who} {text}")


def _note_failures(server: Server, report: CheckReport) -> None:
    for module in server.inspect().modules:
        if module.status != "running":
            report.problems.append(f"module {module.name} does not start in the project: {module.reason}")


def _note_variables(plan: Plan, seen: Set[str], report: CheckReport) -> None:
    known = {*get_default_environment(), *(each.name for each in plan.variables)}
    more = sorted(name for name in seen - known if name in os.environ)
    if more:
        report.notes.append(
            f"the project also read {', '.join(more)} from the environment: set them where the script runs too"
        )


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _tail(said: Any) -> str:
    """Return the end of the script's output on stderr."""
    try:
        said.flush()
        size = said.seek(0, io.SEEK_END)
        said.seek(max(0, size - STDERR_TAIL))
        text = said.read().strip()
    except (OSError, ValueError):
        return ""
    return f"; it printed: {text}" if text else ""


@asynccontextmanager
async def _on_thread(manager: contextlib.AbstractContextManager[CleanPython]) -> AsyncIterator[CleanPython]:
    """Enter and exit a blocking context manager on a thread."""
    value = await asyncio.to_thread(manager.__enter__)
    try:
        yield value
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)
