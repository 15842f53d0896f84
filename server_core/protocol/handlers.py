"""The SDK's low-level server, with handlers that pass every request to the pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server as SDKServer
from mcp.server.lowlevel.server import HandlerEntry, NotificationOptions
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    NotificationParams,
    PaginatedRequestParams,
    PromptReference,
    ReadResourceRequestParams,
    ReadResourceResult,
    ServerCapabilities,
    SetLevelRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)

from ..core import Core
from ..error_texts import shortened
from ..errors import NotFoundError
from ..host import ModuleHost
from ..items import PromptItem, TemplateItem
from ..request import Request
from .connections import ClientEntry, set_log_level
from .extensions import ExtensionTable
from .paging import page_of
from .plain_errors import with_plain_errors
from .requests import request_of
from .suspended import SuspendedCalls
from .tracing import TracingMiddleware

SDKContext = ServerRequestContext[Any, Any]


class ProtocolServer(SDKServer[ClientEntry]):
    """The SDK's server for one of ours. Each connection has a `ClientEntry` as its lifespan.

    Attributes:
        hang_up: drops a connection over streams; stops serving it, unless replaced.
    """

    def __init__(self, core: Core, modules: Mapping[str, ModuleHost]) -> None:
        """`modules` is the server's own mapping, which may change at any time."""
        self._core = core
        self._extensions = ExtensionTable(core, modules)
        self._suspended = SuspendedCalls(core.background, core.clock)
        self.hang_up: Callable[[], None] | None = None
        super().__init__(
            core.identity.name,
            version=core.identity.version,
            title=core.identity.title,
            description=core.identity.description,
            instructions=core.identity.instructions,
            lifespan=self._connection,
            get_tool_input_schema=self._input_schema,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscribe_resource=core.notices.subscribe,
            on_unsubscribe_resource=core.notices.unsubscribe,
            on_subscriptions_listen=self._listen,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_completion=self._complete,
        )
        # Not through the constructor, which warns that 2026-07-28 has no such method: 2025-11-25 has.
        self.add_request_handler("logging/setLevel", SetLevelRequestParams, self._set_log_level)
        self.add_notification_handler("notifications/initialized", NotificationParams, self._initialized)
        self.middleware = [
            TracingMiddleware(),
            with_plain_errors,
            RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=core.identity.name),
        ]

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """The SDK's options, but announcing all list changes by default, as its callers pass no options."""
        options = notification_options or NotificationOptions(True, True, True)
        return super().create_initialization_options(options, experimental_capabilities, extensions)

    def get_capabilities(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
        *,
        protocol_version: str | None = None,
    ) -> ServerCapabilities:
        """The SDK's capabilities, with the modules' extensions for 2026-07-28 clients."""
        if protocol_version is not None and protocol_version >= "2026":
            offered: dict[str, dict[str, Any]] = {name: {} for name in self._extensions.offered()}
            extensions = {**(extensions or self.extensions), **offered}
        return super().get_capabilities(
            notification_options, experimental_capabilities, extensions, protocol_version=protocol_version
        )

    def get_request_handler(self, method: str) -> HandlerEntry[ClientEntry] | None:
        """The SDK's handler, or else an extension's."""
        return super().get_request_handler(method) or self._extensions.handler(method)

    @asynccontextmanager
    async def _connection(self, _server: SDKServer[Any]) -> AsyncIterator[ClientEntry]:
        entry = self._core.clients.open()
        with anyio.CancelScope() as life:
            entry.hang_up = self.hang_up or life.cancel
            try:
                yield entry
            finally:
                self._core.clients.close(entry)

    async def _initialized(self, ctx: SDKContext, _params: NotificationParams) -> None:
        self._core.notices.connected(self._core.clients.seen(ctx))

    async def _set_log_level(self, ctx: SDKContext, params: SetLevelRequestParams) -> EmptyResult:
        set_log_level(ctx, params.level)
        return EmptyResult()

    def _input_schema(self, name: str) -> dict[str, Any] | None:
        owned = self._core.registry.tools.get(name)
        return None if owned is None else owned.item.definition.input_schema

    # -- lists

    async def _list_tools(self, ctx: SDKContext, params: PaginatedRequestParams | None) -> ListToolsResult:
        self._core.clients.seen(ctx)
        tools, cursor = page_of(self._core.registry.tool_list(), _cursor(params), lambda tool: tool.name)
        return ListToolsResult(tools=tools, next_cursor=cursor)

    async def _list_resources(
        self, ctx: SDKContext, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        self._core.clients.seen(ctx)
        listed, cursor = page_of(
            self._core.registry.resource_list(), _cursor(params), lambda resource: str(resource.uri)
        )
        return ListResourcesResult(resources=listed, next_cursor=cursor)

    async def _list_templates(
        self, ctx: SDKContext, params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        self._core.clients.seen(ctx)
        listed, cursor = page_of(
            self._core.registry.template_list(), _cursor(params), lambda template: template.uri_template
        )
        return ListResourceTemplatesResult(resource_templates=listed, next_cursor=cursor)

    async def _list_prompts(
        self, ctx: SDKContext, params: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        self._core.clients.seen(ctx)
        listed, cursor = page_of(
            self._core.registry.prompt_list(), _cursor(params), lambda prompt: prompt.name
        )
        return ListPromptsResult(prompts=listed, next_cursor=cursor)

    # -- requests that do work

    async def _call_tool(
        self, ctx: SDKContext, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        core, arguments = self._core, params.arguments or {}
        owned = core.registry.tools.get(params.name)
        request = request_of(core, ctx, params.name, params)
        if owned is not None and owned.item.task:
            for extension in self._extensions:
                answer = await extension.call_tool(ctx, request, owned, arguments)
                if answer is not None:
                    return cast(
                        "CallToolResult", answer
                    )  # or the extension's own, which the SDK does not know
            if owned.item.task_only:
                return self._no_tasks(request, owned.module)
        asks = owned is not None and owned.item.asks
        result: CallToolResult | InputRequiredResult = await self._suspended.run(
            request, asks, lambda: core.pipeline.call_tool(request, params.name, arguments)
        )
        return result

    def _no_tasks(self, request: Request, module: str) -> CallToolResult:
        """The result for a tool that only runs as a task, if no tasks module is running."""
        request.module = module
        with self._core.ledger.entry(request) as entry:
            refused = entry.tool_failure(
                ToolError(
                    f"{request.target} only runs as a task, and there is no tasks module: add one with "
                    'kind = "tasks" to server.toml'
                )
            )
            entry.tool_error(refused)
            return refused

    async def _listen(
        self, ctx: SDKContext, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        for extension in self._extensions:
            answer: SubscriptionsListenResult | None = await extension.listen(ctx, params)
            if answer is not None:
                return answer
        return await self._core.notices.listen(ctx, params)

    async def _read_resource(self, ctx: SDKContext, params: ReadResourceRequestParams) -> ReadResourceResult:
        uri = str(params.uri)
        reading = await self._core.pipeline.read(request_of(self._core, ctx, uri, params), uri)
        return ReadResourceResult(contents=list(reading.contents), ttl_ms=int(reading.ttl * 1000))

    async def _get_prompt(
        self, ctx: SDKContext, params: GetPromptRequestParams
    ) -> GetPromptResult | InputRequiredResult:
        core, request = self._core, request_of(self._core, ctx, params.name, params)
        owned = core.registry.prompts.get(params.name)
        asks = owned is not None and owned.item.asks
        result: GetPromptResult | InputRequiredResult = await self._suspended.run(
            request, asks, lambda: core.pipeline.get_prompt(request, params.name, params.arguments or {})
        )
        return result

    async def _complete(self, ctx: SDKContext, params: CompleteRequestParams) -> CompleteResult:
        registry = self._core.registry
        item: PromptItem | TemplateItem
        if isinstance(params.ref, PromptReference):
            target = params.ref.name
            prompt = registry.prompts.get(target)
            if prompt is None:
                raise _unknown("prompt", target, registry.prompts)
            module, item = prompt
        else:
            target = params.ref.uri
            template = registry.template(target)
            if template is None:
                raise _unknown("template", target, (each.uri_template for each in registry.template_list()))
            module, item = template
        request = request_of(self._core, ctx, target, params)
        request.module = module
        others = (params.context.arguments if params.context else None) or {}
        values = await self._core.pipeline.complete(
            request, item, params.argument.name, params.argument.value, others
        )
        return CompleteResult(completion=Completion(values=values, total=len(values), has_more=False))


def _cursor(params: PaginatedRequestParams | None) -> str | None:
    return params.cursor if params is not None else None


def _unknown(what: str, name: str, known: Any) -> MCPError:
    return MCPError(INVALID_PARAMS, str(NotFoundError(what, name, known)), {"name": shortened(name)})
