"""`subscriptions/listen` with `taskIds`: task changes are sent as `notifications/tasks` (SEP-2663)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp.types import (
    INVALID_PARAMS,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)
from pydantic import BaseModel

from ..bus import Event
from ..events import TaskChanged
from ..reporting import ErrorReporter
from ..tasking.extension import TASKS_EXTENSION, detailed_task, missing_extension
from .task_methods import TaskMethods, declares_tasks

TASK_IDS = "taskIds"
"""The key that the extension adds to a subscription's filter."""

MAX_LISTENED_TASKS = 1000
"""How many tasks a subscription may name."""


class TaskNotification(BaseModel):
    """`notifications/tasks`: a task in the format of `tasks/get`."""

    method: Literal["notifications/tasks"] = "notifications/tasks"
    params: dict[str, Any]


class TasksExtension(TaskMethods):
    """The complete extension: its methods, and subscriptions that name tasks."""

    async def listen(
        self, ctx: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult | None:
        """Handle a `subscriptions/listen` that names tasks."""
        wanted = (params.notifications.model_extra or {}).get(TASK_IDS)
        if not wanted:
            return None
        if not declares_tasks(ctx):
            raise missing_extension(f"{TASK_IDS} needs a client that declares {TASKS_EXTENSION}")
        if not isinstance(wanted, list) or not all(isinstance(task, str) for task in wanted):
            raise MCPError(INVALID_PARAMS, f"notifications.{TASK_IDS} must be a list of strings")
        if len(wanted) > MAX_LISTENED_TASKS:
            raise MCPError(INVALID_PARAMS, f"notifications.{TASK_IDS}: {MAX_LISTENED_TASKS} at most")
        known = [task for task in dict.fromkeys(wanted) if await self.find(task) is not None]
        feed = TaskFeed(self, ctx, known, self._core.reporter)
        unsubscribe = self._core.bus.subscribe(feed.listen)
        sending = asyncio.create_task(feed.send_all(), name="notifications of tasks")
        try:
            # It writes the acknowledgement, which has to come first and to name the tasks, too.
            told: Any = AcknowledgingSession(ctx.session, feed)
            return await self._core.notices.listen(dataclasses.replace(ctx, session=told), params)
        finally:
            unsubscribe()
            sending.cancel()


class TaskFeed:
    """The notifications of one subscription about its tasks: the status of each now, and every change of it.

    A client that reads slowly gets only the last of several changes.
    """

    def __init__(
        self,
        tasks: TaskMethods,
        ctx: ServerRequestContext[Any, Any],
        ids: Sequence[str],
        reporter: ErrorReporter,
    ) -> None:
        """`ids` are the known tasks."""
        self.ids = frozenset(ids)
        self.acknowledged = asyncio.Event()
        self._reporter = reporter
        self._tasks = tasks
        self._ctx = ctx
        self._loop = asyncio.get_running_loop()
        self._changed: dict[str, None] = dict.fromkeys(ids)
        self._news = asyncio.Event()
        self._news.set()

    def listen(self, event: Event) -> None:
        """Receive a fact from the bus, on any thread."""
        if isinstance(event.fact, TaskChanged) and event.fact.task in self.ids:
            self._loop.call_soon_threadsafe(self._take, event.fact.task)

    def _take(self, task: str) -> None:
        self._changed[task] = None
        self._news.set()

    async def send_all(self) -> None:
        """Send until cancelled."""
        await self.acknowledged.wait()
        while True:
            await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, {}
            for task in changed:
                await self._send(task)

    async def _send(self, task: str) -> None:
        try:
            found = await self._tasks.find(task)
        except Exception as error:  # the store failed: the next change may succeed
            self._reporter.report(error, "notifying about a task")
            return
        if found is None:
            return
        service, row = found
        request = self._ctx.request_id
        meta = {"_meta": {SUBSCRIPTION_ID_META_KEY: request}}
        notification: Any = TaskNotification(params={**detailed_task(row, service), **meta})
        await self._ctx.session.send_notification(notification, related_request_id=request)


class AcknowledgingSession:
    """The SDK's session, except that acknowledgements name the feed's tasks, too."""

    def __init__(self, session: Any, feed: TaskFeed) -> None:
        self._session = session
        self._feed = feed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def send_notification(self, notification: Any, related_request_id: Any = None) -> None:
        """Send it as the session does, adding the tasks to an acknowledgement."""
        if not isinstance(notification, SubscriptionsAcknowledgedNotification):
            await self._session.send_notification(notification, related_request_id)
            return
        honored = notification.params.notifications.model_copy(update={TASK_IDS: sorted(self._feed.ids)})
        params = notification.params.model_copy(update={"notifications": honored})
        await self._session.send_notification(
            notification.model_copy(update={"params": params}), related_request_id
        )
        self._feed.acknowledged.set()
