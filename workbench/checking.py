"""`workbench check`: what is wrong with a project, each finding with its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server_core.items import ToolItem
    from server_core.server import Server
    from workbench.project import Project


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend; `line` is 0 where there is none."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


def check_project(project: Project) -> list[Finding]:
    """Start the project's server once, and look at what its modules say, at its schemas and at what export refuses."""
    from server_core.config import build_server

    server = build_server(project.config, project.folder)
    findings = asyncio.run(_started(project, server))
    from workbench.exporter import export_findings

    findings += [Finding(each.file, each.line, each.message) for each in export_findings(project)]
    return sorted(set(findings), key=lambda finding: (finding.file, finding.line, finding.message))


async def _started(project: Project, server: Server) -> list[Finding]:
    from server_core.config import line_of

    found: list[Finding] = []
    async with server.running(settle=60):
        for module in server.inspect().modules:
            if module.status == "running":
                continue
            reason = module.reason or "it did not start within 60 s"
            line = line_of(project.config_path, ("modules", module.name))
            found.append(
                Finding(project.config_path.name, line, f"module {module.name} can't start: {reason}")
            )
        for _module, item in server.registry.tools.values():
            file, _colon, line_text = item.source.rpartition(":")
            place = (file or project.config_path.name, int(line_text) if line_text.isdigit() else 0)
            found += [Finding(*place, message) for message in _schema_findings(item)]
    return found


def _schema_findings(item: ToolItem) -> Iterator[str]:
    """What a client, or the model behind it, would stumble over."""
    from jsonschema import Draft202012Validator, SchemaError

    definition = item.definition
    if not (definition.description or "").strip():
        yield f"tool {definition.name} has no description: a model can't know what it is for; give it a docstring"
    for what, schema in (("input", definition.input_schema), ("output", definition.output_schema)):
        if schema is None:
            continue
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            yield f"tool {definition.name}: its {what} schema is not valid JSON Schema: {error.message}"
