"""`workbench run`: a workflow, step by step."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from server_core.bus import Event
from server_core.events import StepFinished, StepStarted
from workbench.cli.arguments import pairs
from workbench.cli.commands.call import block_text
from workbench.cli.failures import not_found
from workbench.cli.output import say, show
from workbench.cli.records import conclude
from workbench.cli.session import with_engine
from workbench.engine import Engine


def run(options: Namespace) -> int:
    """Run the workflow with the given variables, and print each step as it goes and the result."""
    variables = {key: _plain(value) for key, value in pairs(options.arguments).items()}

    async def work(engine: Engine) -> int:
        tool = _tool_of(engine, options.workflow)
        unsubscribe = engine.bus.subscribe(_tell_step)
        try:
            record = await engine.call_tool(
                tool, {"workflowName": options.workflow, "context": variables}, timeout=options.timeout
            )
        finally:
            unsubscribe()
        result, code = conclude(record, as_json=options.json)
        if not options.json:
            for block in result.get("content") or ():
                show(block_text(block))
        return code

    return with_engine(options, work)


def _tool_of(engine: Engine, workflow: str) -> str:
    """The `execute_workflow` tool of the module that has this workflow."""
    known: list[str] = []
    for module in engine.project.config.modules.values():
        names = list(getattr(module, "workflows", None) or ())
        if workflow in names:
            return f"{module.prefix}_execute_workflow" if module.prefix else "execute_workflow"
        known += names
    raise not_found("workflow", workflow, known)


def _tell_step(event: Event) -> None:
    fact = event.fact
    if isinstance(fact, StepStarted):
        say(f"{fact.index}. {fact.step} ({fact.kind})")
    elif isinstance(fact, StepFinished):
        sign = {"ok": "ok", "failed": "FAILED", "skipped": "skipped"}[fact.status]
        say(f"   {sign}, {fact.seconds * 1000:.1f} ms{f': {fact.detail}' if fact.detail else ''}")


def _plain(text: str) -> Any:
    """A variable's value: JSON where it is JSON, else the text."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text
