"""Exports a project as a standalone script."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from workbench.atomic import write_atomically
from workbench.finding import Finding
from workbench.project import Project

from .errors import ExportError
from .plan import Plan, plan_of
from .script import script_text
from .variables import Variable


@dataclass(frozen=True, slots=True)
class Export:
    """An exported script and notes for its user.

    Attributes:
        text: The whole script.
        notes: How it differs from the config, one line each: variables to set, modules left out.
        variables: The environment variables that the script needs or accepts.
    """

    text: str
    notes: tuple[str, ...]
    variables: tuple[Variable, ...]


def make_export(project: Project, path: Path, *, thin: bool = False) -> Export:
    """Create the script of a project for writing to `path`; nothing is written or run.

    Raises:
        ExportError: Something can't be exported; it has all findings.
        ConfigError: The project's config can't be read.
    """
    plan = plan_of(project)
    if plan.findings:
        raise _refusal(plan.findings)
    own = {project.config_path, *(file.path for file in plan.user_files.files.values())}
    if any(path.exists() and file.exists() and path.samefile(file) for file in own):
        raise ExportError(f"{path} is one of the project's own files: choose another file for the script")
    text = script_text(plan, path, thin=thin)
    ast.parse(text)
    return Export(text, tuple(_notes(plan)), tuple(plan.variables))


def export_script(project: Project, path: Path, *, force: bool = False, thin: bool = False) -> Export:
    """Write the script of a project to `path`. An existing file is replaced atomically.

    Args:
        force: Overwrite an existing file.
        thin: Leave out the files of `server_core`, for machines where it is installed.

    Raises:
        ExportError: Something can't be exported, or the file exists and `force` was not given.
        ConfigError: The project's config can't be read.
        OSError: It can't be written.
    """
    export = make_export(project, path, thin=thin)
    if path.exists() and not force:
        raise _in_the_way(path)
    try:
        write_atomically(path, export.text, overwrite=force)
    except FileExistsError:
        raise _in_the_way(path) from None
    return export


def export_findings(project: Project) -> list[Finding]:
    """Return what prevents an export of the project, without exporting it.

    Raises:
        ConfigError: The project's config can't be read.
    """
    return plan_of(project).findings


def _notes(plan: Plan) -> list[str]:
    given = [each for each in plan.variables if each.name not in plan.secrets]
    needed = [each.name for each in given if each.required]
    optional = [each.name for each in given if not each.required]
    more = [f"the script needs the environment variables {', '.join(needed)}"] if needed else []
    more += [f"the script accepts the environment variables {', '.join(optional)}"] if optional else []
    return [*plan.notes, *plan.user_files.notes, *more]


def _refusal(findings: list[Finding]) -> ExportError:
    lines = [str(finding) for finding in findings]
    return ExportError("; ".join(lines), findings)


def _in_the_way(path: Path) -> ExportError:
    return ExportError(f"{path} already exists; --force overwrites it")
