"""Writing a project as one script."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from workbench.atomic import write_atomically
from workbench.finding import Finding
from workbench.project import Project

from .collecting import functions_of
from .core_source import CoreSource
from .errors import ExportError
from .plan import Plan, plan_of
from .script import script_text, thin_text


@dataclass(frozen=True, slots=True)
class Export:
    """A script and what its user should know.

    Attributes:
        text: the whole script.
        notes: what is not as in the config, a line each: variables to set, modules left out.
        secrets: variables of the environment that hold what stood in the config, with their values.
        variables: all variables of the environment that the script needs.
    """

    text: str
    notes: tuple[str, ...]
    secrets: dict[str, str]
    variables: tuple[str, ...]


def make_export(project: Project, path: Path, *, thin: bool = False) -> Export:
    """The script of a project, to be written to `path`; nothing is written. Runs the project's functions files.

    Raises:
        ExportError: something can't be carried along; with all findings.
        ConfigError: the project's config can't be read.
    """
    plan = plan_of(project)
    source = CoreSource()
    functions = functions_of(plan, source)
    if functions.findings and not thin:
        raise _refusal(functions.findings)
    text = thin_text(plan, functions, path) if thin else script_text(plan, functions, path, source)
    ast.parse(text)
    return Export(text, tuple(_notes(plan)), plan.secrets, tuple(plan.variables))


def export_script(project: Project, path: Path, *, force: bool = False, thin: bool = False) -> Export:
    """Write the script of a project to `path`. An earlier file stays whole until the new one is there.

    Args:
        force: overwrite a file that is there.
        thin: the wiring alone, for machines that have `server_core` installed.

    Raises:
        ExportError: something can't be carried along, or a file is in the way and `force` was not given.
        ConfigError: the project's config can't be read.
        OSError: it can't be written.
    """
    if path.exists() and not force:
        raise _in_the_way(path)
    export = make_export(project, path, thin=thin)
    try:
        write_atomically(path, export.text, overwrite=force)
    except FileExistsError:
        raise _in_the_way(path) from None
    return export


def export_findings(project: Project) -> list[Finding]:
    """What an export of the project would refuse, without making one. Runs the project's functions files.

    Raises:
        ConfigError: the project's config can't be read.
    """
    return functions_of(plan_of(project), CoreSource()).findings


def _notes(plan: Plan) -> list[str]:
    given = [name for name in plan.variables if name not in plan.secrets]
    more = [f"the script takes from the environment: {', '.join(given)}"] if given else []
    return [*plan.notes, *more]


def _refusal(findings: list[Finding]) -> ExportError:
    lines = [str(finding) for finding in findings]
    return ExportError("; ".join(lines), findings)


def _in_the_way(path: Path) -> ExportError:
    return ExportError(f"{path} is there already; --force overwrites it")
