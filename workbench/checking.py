"""`workbench check`: the problems of a project, each with its location."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.backtracking import pattern_problems
from workbench.finding import Finding

if TYPE_CHECKING:
    from server_core.items import ToolItem
    from server_core.server import Server
    from workbench.project import Project

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""Tool names that every client accepts, although the protocol allows more: copilot-cli #1879 and #2581,
claude-code #467 and #2412 (with 64 characters), wassette #56, openai/codex #8174."""

START_SECONDS = 60.0
"""How long a module may take to start before it becomes a finding."""


def check_project(project: Project) -> list[Finding]:
    """Start the project's server once, and check its modules, its schemas and whether it can be exported.

    Raises:
        ConfigError: The project's config can't be read.
    """
    from server_core.config import build_server
    from workbench.exporter import export_findings

    server = build_server(project.config, project.folder)
    log = logging.getLogger("server_core.modules.database")
    level = log.level
    log.setLevel(logging.CRITICAL)  # its warnings about roles are among the findings
    try:
        started = asyncio.run(_started(project, server))
    finally:
        log.setLevel(level)
    # What keeps a module from starting often prevents an export too; report it once.
    reported = {(finding.file, finding.line) for finding in started if finding.line}
    exported = [each for each in export_findings(project) if (each.file, each.line) not in reported]
    findings = [*started, *exported]
    return sorted(set(findings), key=lambda finding: (finding.file, finding.line, finding.message))


async def _started(project: Project, server: Server) -> list[Finding]:
    async with server.running(settle=START_SECONDS):
        live = live_findings(project, server)
        reported = {module for module, _finding in live}
        return [
            *_module_findings(project, server, reported),
            *_role_findings(project, server),
            *(finding for _module, finding in live),
            *_schema_findings(project, server),
        ]


def live_findings(project: Project, server: Server) -> list[tuple[str, Finding]]:
    """Return the findings that are quick to get from a running server, each with its module: run at every change."""
    return [
        *_workflow_findings(project, server),
        *_problem_findings(project, server),
        *_tool_findings(project, server),
    ]


def _module_findings(project: Project, server: Server, reported: set[str]) -> Iterator[Finding]:
    for module in server.inspect().modules:
        if module.status != "running" and module.name not in reported:
            reason = module.reason or f"did not start within {START_SECONDS:g} s"
            yield _placed(project, module.name, reason)


def _role_findings(project: Project, server: Server) -> Iterator[Finding]:
    from server_core.modules.database import DatabaseModule

    for name, host in server.modules.items():
        module = host.instance
        if isinstance(module, DatabaseModule) and (powers := module.powers) is not None:
            remedy = f"create a read-only role and use it in url: {powers.remedy}"
            yield placed(project, ("modules", name, "url"), f"module {name}: {powers}; {remedy}")


def _problem_findings(project: Project, server: Server) -> Iterator[tuple[str, Finding]]:
    """Yield the problems in parts of running modules."""
    own = {getattr(host.instance, "file", None) for host in server.modules.values()}
    for name, host in server.modules.items():
        for problem in host.instance.problems() if host.status == "running" else ():
            file, _colon, line = problem.source.rpartition(":")
            if not (problem.imported and Path(file) in own):
                yield (
                    name,
                    Finding(_shown(project, file), int(line), problem.text)
                    if file
                    else placed(project, ("modules", name, *problem.path), problem.text),
                )


def _shown(project: Project, file: str) -> str:
    path = Path(file)
    return str(path.relative_to(project.folder)) if path.is_relative_to(project.folder) else file


def _placed(project: Project, module: str, reason: str) -> Finding:
    """Build the finding for a module that can't start: at the line of the user's file that the reason names, or else
    at the module in the config."""
    match = re.match(r"([^\s:]+):(\d+): ", reason)
    if match and (project.folder / match[1]).is_file():
        return Finding(match[1], int(match[2]), f"module {module} can't start: {reason[match.end() :]}")
    return placed(project, ("modules", module), f"module {module} can't start: {reason}")


def _workflow_findings(project: Project, server: Server) -> Iterator[tuple[str, Finding]]:
    """Yield the findings of each workflows module, even if it could not start, with the module's name."""
    from server_core.modules.workflows import WorkflowsModule

    tools = {name: owned.item for name, owned in server.registry.tools.items()}
    for name, host in server.modules.items():
        if isinstance(host.instance, WorkflowsModule):
            others = {tool: owner for tool, (owner, _item) in server.registry.tools.items() if owner != name}
            for workflow, finding in host.instance.findings(tools, others):
                place = ("modules", name, "workflows", workflow, *finding.path)
                yield name, placed(project, place, f"workflow {workflow}: {finding.message}")


def _tool_findings(project: Project, server: Server) -> Iterator[tuple[str, Finding]]:
    from server_core.error_texts import shortened

    has_tasks = any(host.instance.kind == "tasks" for host in server.modules.values())
    for module, item in list(server.registry.tools.values()):
        name = item.definition.name
        if not (item.definition.description or "").strip():
            text = f"tool {name} has no description, so a model can't know what it does: add a docstring"
            yield module, _at_tool(project, item, text)
        if not TOOL_NAME.fullmatch(name):
            text = (
                f"tool {shortened(name)}: Claude Desktop, Claude Code and Copilot CLI reject this name, and with it "
                "all tools of the server; use at most 64 letters, digits, _ and -"
            )
            yield module, _at_tool(project, item, text)
        if item.task and not has_tasks:
            text = (
                f"tool {name} is marked @task, but nothing runs tasks: add [modules.tasks] with "
                'kind = "tasks" to server.toml'
            )
            yield module, _at_tool(project, item, text)


def _schema_findings(project: Project, server: Server) -> Iterator[Finding]:
    """Yield the problems in schemas that would trip up a client or its model."""
    from server_core.schemas.validation import SchemaValidator

    for module, item in server.registry.tools.values():
        definition = item.definition
        for what, schema in (("input", definition.input_schema), ("output", definition.output_schema)):
            if schema is None:
                continue
            trouble = SchemaValidator(schema).trouble
            texts = [f"the {what} schema is invalid: {trouble}"] if trouble else pattern_problems(schema)
            for text in texts:
                found = _at_tool(project, item, f"tool {definition.name}: {text}")
                place = ("modules", module, "workflows", definition.name)
                yield found if found.line else placed(project, place, found.message)


def _at_tool(project: Project, item: ToolItem, message: str) -> Finding:
    file, _colon, line = item.source.rpartition(":")
    if not file or not line.isdigit():
        return Finding(project.config_path.name, 0, message)
    return Finding(_shown(project, file), int(line), message)


def placed(project: Project, path: tuple[str | int, ...], message: str) -> Finding:
    """Build a finding at a key of the project's config, or at the table that the key belongs in."""
    from server_core.config import line_of

    return Finding(project.config_path.name, line_of(project.config_path, path), message)
