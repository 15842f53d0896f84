"""`workbench check`: check the config, functions and schemas."""

from __future__ import annotations

from argparse import Namespace

from workbench.checking import check_project
from workbench.cli.failures import FAILED, FINE, USAGE
from workbench.cli.output import results_apart, say, show, show_json
from workbench.cli.session import project_of
from workbench.finding import Finding


def run(options: Namespace) -> int:
    """Print each finding as `file:line: text`; 1 if there are any, 2 if the config itself is invalid."""
    from server_core.config import ConfigError

    code = FAILED
    try:
        project = project_of(options)
        with results_apart():  # the user's files may print on import
            findings = check_project(project)
    except ConfigError as error:
        findings = [Finding(each.file, each.line, each.message) for each in (error, *error.others)]
        code = USAGE
    if options.json:
        show_json([{"file": each.file, "line": each.line, "message": each.message} for each in findings])
    else:
        for finding in findings:
            show(str(finding))
    say(f"{len(findings)} finding{'' if len(findings) == 1 else 's'}" if findings else "no findings")
    return code if findings else FINE
