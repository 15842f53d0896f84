"""The text of a script: its header, the wiring, and the included files."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from .core_files import CORE, CoreFiles, core_names_of_package
from .finder import CarriedFiles
from .packages import (
    DISTRIBUTION,
    core_requirements,
    merged,
    our_version,
    python_requirement,
    requirement_of,
    without_metadata,
)
from .plan import Plan, driver_requirements
from .rendering import WIDTH
from .user_file import UserFile
from .variables import Variable
from .wiring import Wiring, documentation, wiring_of

IMPORTS = """\
import ast
import gc
import re
import sys
from importlib import abc, machinery, util
from pathlib import Path

if __name__ == "__main__":
    gc.disable()  # until the server runs: collecting during imports is slow and finds nothing
"""

BOTTOM = """\
if __name__ == "__main__":
    sys.exit(run_script(build()))
"""

THIN_START = f"""\
if util.find_spec("{CORE}") is None:
    print("This script needs {DISTRIBUTION}: pip install {DISTRIBUTION}", file=sys.stderr)
    sys.exit(2)

"""

DASHES = "----"


def script_text(plan: Plan, place: Path, *, thin: bool = False) -> str:
    """Create the whole script, to be written to `place`.

    Args:
        thin: Leave out the files of the core, for machines where it is installed.
    """
    wiring = wiring_of(plan)
    user = plan.user_files
    core = CoreFiles(_core_roots(plan, wiring), plan.unused_core_modules)
    requirements = {*user.requirements, *driver_requirements(plan.drivers)}
    requirements |= {requirement_of(package) or package for package in plan.kind_packages}
    requirements |= {DISTRIBUTION} if thin else core_requirements(core.packages)
    marker = _free_marker(file.text for file in user.files.values())
    folder = _relative_folder(plan, place)
    finder = inspect.getsource(CarriedFiles).replace(f"# {DASHES}", marker)
    reads_variables = any("os.environ" in text for text in (wiring.build, *wiring.constants))
    imports = IMPORTS.replace("import re\n", "import os\nimport re\n") if reads_variables else IMPORTS
    header = _header(merged(requirements, user.stated_requirements))
    sections = [
        f"{header}\n{_docstring(plan, place, folder)}\n{imports}",
        f"{finder}\n\n{THIN_START if thin else ''}{_connection(plan, wiring, folder)}",
        "\n\n".join([wiring.build, *wiring.constants]) + "\n",
        BOTTOM,
        *_user_sections(list(user.files.values()), marker),
    ]
    if not thin:
        sections.append(
            f"# {CORE} {our_version()}: the files that this server uses, unchanged. No need to edit anything below.\n"
        )
        sections += [
            f"{marker} {file.path} {DASHES}\n{quoted(file.text)}" for _, file in sorted(core.files.items())
        ]
    return "\n\n".join(sections)


def quoted(text: str) -> str:
    """Return a Python literal for the text of a file, which shows it unchanged except for `'''` beside `\"\"\"`.

    The text begins on the line after the one that opens the quotes.
    """
    for quotes in ("'''", '"""'):
        if quotes not in text:
            return f"r{quotes}\n{text}{quotes}\n"
    splice = """''' "'''" r'''"""
    return "r'''\n" + text.replace("'''", splice) + "'''\n"


def _header(requirements: list[str]) -> str:
    listed = ", ".join(f'"{requirement}"' for requirement in requirements)
    if len(listed) + len("# dependencies = []") > WIDTH:
        lines = textwrap.wrap(listed, WIDTH - 6, break_on_hyphens=False)
        listed = "".join(f"\n#     {line}" for line in lines) + ",\n# "
    return f'# /// script\n# requires-python = "{python_requirement()}"\n# dependencies = [{listed}]\n# ///'


def _docstring(plan: Plan, place: Path, folder: str) -> str:
    section = plan.project.config.server
    paragraphs = [
        f"{section.title or section.name} {section.version}, an MCP server. "
        f"Run: uv run {shlex.quote(place.name)} [--base DIR] [--http HOST:PORT] (see --help)"
    ]
    if section.description:
        paragraphs.append(section.description)
    if plan.needs_folder:
        paragraphs.append(
            f"Relative paths are resolved against --base DIR, else ${plan.base_variable}, else {folder!r} relative to "
            "this file."
        )
    if plan.variables:
        paragraphs.append(f"Environment variables: {', '.join(map(_described, plan.variables))}.")
    return documentation(paragraphs)


def _described(variable: Variable) -> str:
    return variable.name if variable.required else f"{variable.name} (optional)"


def _connection(plan: Plan, wiring: Wiring, folder: str) -> str:
    """Return the code that makes the included files importable, and the first imports from them."""
    needed = "" if plan.needs_folder else ", needed=False"
    names = {**wiring.names, f"{CORE}.script": {"run_script", "script_base"}}
    imports = "\n".join(_import_line(module, sorted(names[module])) for module in sorted(names))
    return (
        f"sys.meta_path.insert(0, files := CarriedFiles(__file__))\n\n{imports}\n\n"
        f'files.base = BASE = script_base(__file__, "{plan.base_variable}", {_text(folder)}{needed})\n'
    )


def _import_line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _core_roots(plan: Plan, wiring: Wiring) -> set[str]:
    """Return the names of the core that the script, the user's files and third-party kinds use."""
    named = {f"{module}.{name}" for module, names in wiring.names.items() for name in names}
    others = {name for package in plan.kind_packages for name in core_names_of_package(package)}
    mine = {name for name in named if name.partition(".")[0] == CORE}
    return {*mine, f"{CORE}.script", *plan.user_files.core_names(), *others}


def _user_sections(files: list[UserFile], marker: str) -> Iterator[str]:
    for number, file in enumerate(files):
        head = "# Your files, unchanged. build() imports them from here.\n" if not number else ""
        name = file.shown.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        alias = "" if name == file.module else f" as {file.module}"
        text = without_metadata(file.text)
        shown = text if len(files) == 1 and file.can_stand_open else quoted(text)
        yield f"{head}{marker} {file.shown}{alias} {DASHES}\n{shown}"


def _free_marker(texts: Iterable[str]) -> str:
    """Find a marker for the lines before included files that no line in those files begins with."""
    marker = f"# {DASHES}"
    everything = "\n".join(texts)
    while re.search(rf"(?m)^{marker} .+[.]py.* {DASHES}$", everything):
        marker += "-"
    return marker


def _relative_folder(plan: Plan, place: Path) -> str:
    """Return the project's folder relative to the script's folder, or as an absolute path if that is impossible."""
    folder = plan.project.folder.resolve()
    try:
        return Path(os.path.relpath(folder, place.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return str(folder)


def _text(text: str) -> str:
    return f'"{text}"' if text.isprintable() and not set(text) & {'"', "\\"} else repr(text)
