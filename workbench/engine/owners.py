"""Which module offers what, read off the server's registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server_core.items import PromptItem, ResourceItem, TemplateItem, ToolItem
from server_core.registry import Registry
from workbench.records import CallRecord, Owner, Owners

_CALLS_INSIDE = (("task", "arguments"), ("workflowName", "context"))
"""The arguments of `start_long_task` and `execute_workflow` that hold another tool's name and its arguments."""


def owners_of(registry: Registry) -> Owners:
    """Everything that is offered now, with its owner. On the server's loop only; a millisecond for thousands."""
    templates = {}
    for definition in registry.template_list():
        owned = registry.template(definition.uri_template)
        if owned is not None:
            templates[definition.uri_template] = _owner(owned.module, owned.item)
    return Owners(
        {name: _owner(owned.module, owned.item) for name, owned in registry.tools.items()},
        {name: _owner(owned.module, owned.item) for name, owned in registry.prompts.items()},
        {uri: _owner(owned.module, owned.item) for uri, owned in registry.resources.items()},
        templates,
    )


def schema_of_call(registry: Registry, call: CallRecord) -> Mapping[str, Any] | None:
    """The input schema of the tool that was called; where that runs another one, with that tool's schema inside."""
    if call.method != "tools/call" or (owned := registry.tools.get(call.target)) is None:
        return None
    for name, arguments in _CALLS_INSIDE:
        inside = registry.tools.get(str(call.arguments.get(name)))
        if inside is not None and arguments in call.arguments:
            schema = inside.item.definition.input_schema
            return {"properties": {arguments: schema}, "$defs": schema.get("$defs", {})}
    return owned.item.definition.input_schema


def _owner(module: str, item: ToolItem | ResourceItem | TemplateItem | PromptItem) -> Owner:
    return Owner(
        module,
        item.source,
        getattr(item, "breaker", ""),
        getattr(item, "cached", False),
        getattr(item, "task", False),
        getattr(item, "follow", None) is not None,
    )
