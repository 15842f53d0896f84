"""Finds which module offers each item from the server's registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server_core.items import PromptItem, ResourceItem, TemplateItem, ToolItem
from server_core.registry import Registry
from workbench.records import CallRecord, Owner, Owners

_CALLS_INSIDE = (
    ("start_long_task", "task", "arguments"),
    ("execute_workflow", "workflowName", "context"),
)
"""Tools that run another tool, and their arguments for its name and its arguments."""

_ALL_SECRET: Mapping[str, Any] = {"additionalProperties": {"writeOnly": True}}


def owners_of(registry: Registry) -> Owners:
    """Return the owners of all items. Call it on the server's loop; it takes a millisecond for thousands of items."""
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
    """Return the input schema of the called tool; if it runs another tool, with that tool's schema inside.

    All arguments of an unknown tool count as secrets.
    """
    if call.method != "tools/call":
        return None
    schema = _schema_of(registry, call.target)
    for tool, name, arguments in _CALLS_INSIDE:
        if call.target.endswith(tool) and arguments in call.arguments:
            inner = str(call.arguments.get(name))
            prefixed = f"{call.target.removesuffix(tool)}{inner}"  # when a workflow's own tool is called
            inside = _schema_of(registry, prefixed if prefixed in registry.tools else inner)
            return {"properties": {arguments: inside}, "$defs": inside.get("$defs", {})}
    return schema


def _schema_of(registry: Registry, tool: str) -> Mapping[str, Any]:
    owned = registry.tools.get(tool)
    return owned.item.definition.input_schema if owned is not None else _ALL_SECRET


def _owner(module: str, item: ToolItem | ResourceItem | TemplateItem | PromptItem) -> Owner:
    return Owner(
        module,
        item.source,
        getattr(item, "breaker", ""),
        getattr(item, "cached", False),
        getattr(item, "task", False),
        getattr(item, "follow", None) is not None,
    )
