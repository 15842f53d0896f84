"""What a client of the server can do, as commands of the engine."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workbench.questions import Answer, Question
from workbench.records import CallRecord

from .commanding import NEWEST, Commanding
from .following import Gathered, Gathering
from .progress import ProgressCallback, relayed

if TYPE_CHECKING:
    from mcp import types as mcp_types

    from .loading import LoadRun


class ClientCommands(Commanding):
    """Lists, calls, reads, prompts, completions, subscriptions."""

    async def list_tools(self, protocol: str = NEWEST) -> list[mcp_types.Tool]:
        """Every tool, as a client of that revision sees it (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_tools())

    async def list_resources(self, protocol: str = NEWEST) -> list[mcp_types.Resource]:
        """Every listed resource (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_resources())

    async def list_templates(self, protocol: str = NEWEST) -> list[mcp_types.ResourceTemplate]:
        """Every resource template (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_templates())

    async def list_prompts(self, protocol: str = NEWEST) -> list[mcp_types.Prompt]:
        """Every prompt (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_prompts())

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        protocol: str = NEWEST,
        timeout: float | None = None,
        on_progress: ProgressCallback | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """Call a tool; how it ended is in the record, failures too.

        Args:
            timeout: seconds without an answer and without progress after which the call is given up and
                cancelled (outcome `timeout`); `None` for the server's own limits.
            on_progress: called with (progress, total, message) on the awaiting loop; when reports come
                faster than that loop turns, with the latest.
            key: the call's name among the facts and frames while it runs; made up if not given.

        Raises:
            EngineError: there is no server.
            asyncio.CancelledError: the awaiting task was cancelled, and the call with it (recorded as
            `cancelled`).
        """
        report = relayed(on_progress)
        return await self._do(
            lambda core: core.calls.call_tool(
                name, dict(arguments), protocol=protocol, timeout=timeout, on_progress=report, key=key
            )
        )

    async def read(
        self,
        uri: str,
        *,
        protocol: str = NEWEST,
        timeout: float | None = None,
        on_progress: ProgressCallback | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """Read a resource; the rest as in `call_tool` (a streamed read tells its chunks as progress)."""
        report = relayed(on_progress)
        return await self._do(
            lambda core: core.calls.read(uri, protocol=protocol, timeout=timeout, on_progress=report, key=key)
        )

    async def follow(
        self, uri: str, on_gathered: Callable[[Gathered], None], *, key: str | None = None
    ) -> None:
        """Follow a stream until it ends. One that grows never ends: cancel the awaiting task, which closes it.

        Args:
            on_gathered: is given what came, on the awaiting loop, a few times a second at most.
            key: its name among the facts; made up if not given.

        Raises:
            EngineError: there is no such stream, or it failed. What came before that was handed over.
        """
        gathering = Gathering(on_gathered)
        try:
            await self._do(lambda core: core.follow(uri, gathering.put, key or uuid.uuid4().hex))
        finally:
            gathering.close()

    async def get_prompt(
        self,
        name: str,
        arguments: Mapping[str, str],
        *,
        protocol: str = NEWEST,
        timeout: float | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """Render a prompt; the rest as in `call_tool`, without progress."""
        return await self._do(
            lambda core: core.calls.get_prompt(
                name, dict(arguments), protocol=protocol, timeout=timeout, key=key
            )
        )

    async def complete(
        self,
        ref: Mapping[str, str],
        argument: str,
        value: str,
        context: Mapping[str, str] | None = None,
        *,
        protocol: str = NEWEST,
    ) -> list[str]:
        """Suggestions for an argument of a prompt or a template.

        Args:
            ref: `{"type": "ref/prompt", "name": …}` or `{"type": "ref/resource", "uri": template}`.
            value: what is typed so far.
            context: the other arguments, as far as they are known.
        """
        return await self._do(
            lambda core: core.client(protocol).complete(dict(ref), argument, value, dict(context or {}))
        )

    async def load_tool(
        self,
        name: str,
        arguments: Mapping[str, Any],
        run: LoadRun,
        *,
        calls: int,
        at_once: int,
        protocol: str = NEWEST,
        timeout: float | None = None,
    ) -> None:
        """Call a tool many times, `at_once` at a time; `run` tells what came of it, also while it goes on and after
        it was cancelled."""
        from .loading import load_tool

        await self._do(
            lambda core: load_tool(
                core.client(protocol),
                name,
                dict(arguments),
                run,
                calls=calls,
                at_once=at_once,
                timeout=timeout,
            )
        )

    # -- what a client is asked

    async def answer(self, key: str, answer: Answer) -> None:
        """Answer what the server asked a client of the workbench (`QuestionAsked`).

        Raises:
            EngineError: it is not open any more.
        """
        await self._do(lambda core: core.answer(key, answer))

    async def start_task(self, name: str, arguments: Mapping[str, Any]) -> CallRecord:
        """Call a tool as a client that declares the tasks extension: its result is the task (`taskId`), or that of a
        tool that doesn't run as one. The task may ask; see `task_questions`."""

        return await self._do(lambda core: core.tasks.start(name, dict(arguments)))

    async def task_questions(self, task: str) -> tuple[Question, ...]:
        """What a task that waits for input asks (`tasks/get`).

        Raises:
            EngineError: there is no such task, or it can't be asked.
        """
        return await self._do(lambda core: core.tasks.questions(task))

    async def answer_task(self, task: str, answers: Mapping[str, Answer]) -> None:
        """Answer a task's questions by their keys (`tasks/update`).

        Raises:
            EngineError: it does not wait for them any more, or the answer does not fit.
        """
        await self._do(lambda core: core.tasks.answer(task, answers))

    async def subscribe(self, *uris: str) -> None:
        """Subscribe both clients to these resources; their notices arrive as `NoticeReceived` facts.

        Returns once the server has acknowledged both. Subscriptions survive a restart of the server.
        """
        await self._do(lambda core: core.subscribe(uris))

    async def unsubscribe(self, *uris: str) -> None:
        """End the subscriptions of both clients to these resources."""
        await self._do(lambda core: core.unsubscribe(uris))

    async def flush_notices(self) -> None:
        """Return when every notice that the server has published so far has reached both clients."""
        await self._do(lambda core: core.flush_notices())
