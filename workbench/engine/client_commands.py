"""Engine commands for what a client of the server can do."""

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
        """List all tools as a client of this protocol revision sees them (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_tools())

    async def list_resources(self, protocol: str = NEWEST) -> list[mcp_types.Resource]:
        """List all resources (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_resources())

    async def list_templates(self, protocol: str = NEWEST) -> list[mcp_types.ResourceTemplate]:
        """List all resource templates (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_templates())

    async def list_prompts(self, protocol: str = NEWEST) -> list[mcp_types.Prompt]:
        """List all prompts (all pages)."""
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
        """Call a tool; the record has the outcome, including failures.

        Args:
            timeout: Seconds without an answer or progress after which the call is cancelled (outcome `timeout`);
                `None` for only the server's own limits.
            on_progress: Called with (progress, total, message) on the awaiting loop; if reports arrive faster than
                that loop runs, only with the latest.
            key: Identifies the call in facts and frames while it runs; generated if not given.

        Raises:
            EngineError: There is no server.
            asyncio.CancelledError: The awaiting task was cancelled, and the call with it (recorded as `cancelled`).
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
        """Read a resource; otherwise like `call_tool` (a streamed read reports its chunks as progress)."""
        report = relayed(on_progress)
        return await self._do(
            lambda core: core.calls.read(uri, protocol=protocol, timeout=timeout, on_progress=report, key=key)
        )

    async def follow(
        self, uri: str, on_gathered: Callable[[Gathered], None], *, key: str | None = None
    ) -> None:
        """Follow a stream until it ends. An endless stream is closed by cancelling the awaiting task.

        Args:
            on_gathered: Receives new data on the awaiting loop, at most a few times a second.
            key: Identifies it in facts; generated if not given.

        Raises:
            EngineError: There is no such stream, or it failed. Data that arrived before was delivered.
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
        """Render a prompt; otherwise like `call_tool`, but without progress."""
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
        """Return completions for an argument of a prompt or a template.

        Args:
            ref: `{"type": "ref/prompt", "name": …}` or `{"type": "ref/resource", "uri": template}`.
            value: What has been typed so far.
            context: The other arguments known so far.
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
        """Load-test a tool with `at_once` concurrent calls; `run` has the results, even while it runs and after it was
        cancelled."""
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

    # -- questions to the client

    async def answer(self, key: str, answer: Answer) -> None:
        """Answer a question from the server (`QuestionAsked`).

        Raises:
            EngineError: It is no longer open.
        """
        await self._do(lambda core: core.answer(key, answer))

    async def start_task(self, name: str, arguments: Mapping[str, Any]) -> CallRecord:
        """Call a tool as a client that declares the tasks extension: the result is the task (`taskId`), or the tool's
        own result if it does not run as a task. A task may ask questions; see `task_questions`."""

        return await self._do(lambda core: core.tasks.start(name, dict(arguments)))

    async def task_questions(self, task: str) -> tuple[Question, ...]:
        """Return the questions of a task that waits for input (`tasks/get`).

        Raises:
            EngineError: There is no such task, or the request failed.
        """
        return await self._do(lambda core: core.tasks.questions(task))

    async def answer_task(self, task: str, answers: Mapping[str, Answer]) -> None:
        """Answer a task's questions by their keys (`tasks/update`).

        Raises:
            EngineError: It is no longer waiting for them, or the answer is invalid.
        """
        await self._do(lambda core: core.tasks.answer(task, answers))

    async def subscribe(self, *uris: str) -> None:
        """Subscribe both clients to these resources; notifications arrive as `NoticeReceived` facts.

        Returns once the server has acknowledged both. Subscriptions survive a restart of the server.
        """
        await self._do(lambda core: core.subscribe(uris))

    async def unsubscribe(self, *uris: str) -> None:
        """End the subscriptions of both clients to these resources."""
        await self._do(lambda core: core.unsubscribe(uris))

    async def flush_notices(self) -> None:
        """Wait until every notification that the server has published so far has reached both clients."""
        await self._do(lambda core: core.flush_notices())
