"""`workbench list`: list what a client sees."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from workbench.cli.failures import FAILED, FINE
from workbench.cli.output import say, show_json, show_table
from workbench.cli.session import project_of, with_engine
from workbench.engine import Engine


def run(options: Namespace) -> int:
    """List the items of one kind."""
    if options.what == "workflows":
        return _print(options, _workflows(options))

    async def work(engine: Engine) -> int:
        code = _print(options, await _listed(engine, options))
        # The items of a failed module are missing; stderr already says so.
        failed = any(module.status == "failed" for module in (await engine.inspect()).modules)
        return FAILED if failed and options.what != "modules" else code

    return with_engine(options, work)


async def _listed(engine: Engine, options: Namespace) -> list[dict[str, Any]]:
    if options.what == "modules":
        return [asdict(module) for module in (await engine.inspect()).modules]
    commands: dict[str, Callable[[str], Awaitable[Sequence[Any]]]] = {
        "tools": engine.list_tools,
        "resources": engine.list_resources,
        "templates": engine.list_templates,
        "prompts": engine.list_prompts,
    }
    items = await commands[options.what](options.protocol)
    return [item.model_dump(by_alias=True, mode="json", exclude_none=True) for item in items]


def _workflows(options: Namespace) -> list[dict[str, Any]]:
    project = project_of(options)
    found = []
    for name, module in project.config.modules.items():
        for workflow, definition in (getattr(module, "workflows", None) or {}).items():
            found.append(
                {
                    "name": workflow,
                    "module": name,
                    "description": definition.get("description", ""),
                    "steps": [step.get("id", "") for step in definition.get("steps", ())],
                    "chain": _chain(definition.get("steps", ())),
                }
            )
    return found


def _chain(steps: Iterable[dict[str, Any]]) -> str:
    """Flatten steps in the order in which they are written, each followed by those inside it."""
    parts = []
    for step in steps:
        keys = {**step, **(step.get("config") or {})}
        lists = [keys.get(name) or () for name in ("then", "else", "steps")]
        inside = [each for steps in (*lists, *(keys.get("branches") or {}).values()) for each in steps]
        name = step.get("id") or step.get("type", "")
        parts.append(f"{name} ({_chain(inside)})" if inside else name)
    return " → ".join(parts)


def _print(options: Namespace, items: list[dict[str, Any]]) -> int:
    if options.json:
        show_json(items)
        return FINE
    if not items:
        say(f"no {options.what}")
    show_table([_row(options.what, item) for item in items])
    return FINE


def _row(what: str, item: dict[str, Any]) -> list[str]:
    if what == "modules":
        text = item["reason"] or item["note"]
        return [item["name"], item["kind"], item["status"], text]
    if what == "workflows":
        return [item["name"], item["chain"], item["description"]]
    name = item.get("uri") or item.get("uriTemplate") or item["name"]
    detail = (item.get("description") or item.get("title") or "").strip().partition("\n")[0]
    if what == "resources":
        return [name, item.get("mimeType", ""), detail or item["name"]]
    if what == "prompts":
        return [name, " ".join(_optional(argument) for argument in item.get("arguments") or ()), detail]
    if what == "tools":
        return [name, " ".join(_arguments(item.get("inputSchema") or {})), detail]
    return [name, detail]


def _optional(argument: dict[str, Any]) -> str:
    return str(argument["name"]) if argument.get("required") else f"[{argument['name']}]"


def _arguments(schema: dict[str, Any]) -> list[str]:
    required = set(schema.get("required") or ())
    return [name if name in required else f"[{name}]" for name in schema.get("properties") or ()]
