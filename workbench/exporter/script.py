"""The text of a script: header, wiring, the user's functions, and the parts of the core that they need."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from .carried import uses_name
from .core_source import CORE, CoreName, CoreSource, External
from .flatten import FlatCore
from .imports import ImportLine, import_block
from .names import NameTable
from .packages import PYTHON, core_requirements, merged, requirement_of
from .placing import Functions
from .plan import Plan
from .wiring import Wiring, WiringWriter, docstring

DISTRIBUTION = "mcp-server-workbench"
SETTINGS = ("CacheSettings", "LimitSettings", "BreakerSettings", "PoolSettings")
SCRIPT_BASE = CoreName(f"{CORE}.script", "script_base")
MARKED_FUNCTIONS = CoreName(f"{CORE}.functions.offering", "MarkedFunctions")
RUN_SCRIPT = CoreName(f"{CORE}.script", "run_script")
ENDS = {"__file__": "_file", "__doc__": "_doc"}
"""Of the constants that stand for what only a file of its own has."""

START = """\
import gc

if __name__ == "__main__":
    gc.disable()  # until run_script: what is imported and defined below is no garbage, and looking for some takes long\
"""
"""Saves a fifth of the start, which is mostly imports."""

FUTURE = "from __future__ import annotations"


def script_text(plan: Plan, functions: Functions, place: Path, source: CoreSource) -> str:
    """The whole script, to be written to `place`."""
    own = NameTable(functions.names, functions.identifiers, "script")
    for name in (
        "build",
        "BASE",
        *(f"{placed.file.stem}{end}" for placed in functions.files for end in ENDS.values()),
    ):
        own.name(name, name)
    listed = {module: placed.functions() for placed in functions.files for module in placed.modules}
    _wiring(plan, lambda name: name, own, listed, quote=True)  # so that its names are given before the core's
    settings = [name for name in SETTINGS if _uses_setting(plan, name)]
    public = ["Server", *(module.class_name for module in plan.modules), *settings]
    called, mentioned = (functions.core_names(mentioned_only=only) for only in (False, True))
    extra = [External("builtins")] if functions.needs_builtins() else []
    quote = functions.quote
    flat = FlatCore(
        [*(origin_of(name, source) for name in public), SCRIPT_BASE, RUN_SCRIPT, *called, *mentioned, *extra],
        source=source,
        choices=plan.choices,
        taken={**functions.names, **own.given},
        avoided=functions.identifiers,
        quote=quote,
    )
    wiring = _wiring(plan, lambda name: flat.name(origin_of(name, source)), own, listed, quote=quote)
    folder = relative_folder(plan, place)
    early = flat.early([*called, SCRIPT_BASE], mentioned)
    rest = [definition for definition in flat.definitions if definition not in early]
    base = own.name("BASE", "BASE")
    sections = [
        *_head(plan, functions, flat.packages, folder, quote=quote),
        START,
        flat.imports(),
        wiring.build,
        *wiring.constants,
        flat.text(early),
        _base_line(plan, functions, flat.name(SCRIPT_BASE), base, folder),
        *_function_sections(functions, flat, own, base),
        flat.text(rest, early),
        _bottom(flat.name(RUN_SCRIPT), own.name("build", "build")),
    ]
    return _joined(sections)


def origin_of(name: str, source: CoreSource) -> CoreName:
    """What one of the core's public names is in a script, which has its functions without loading a file."""
    return MARKED_FUNCTIONS if name == "FunctionsModule" else source.public_name(name)


def thin_text(plan: Plan, functions: Functions, place: Path) -> str:
    """The wiring alone, for machines that have the core installed."""
    settings = [name for name in SETTINGS if _uses_setting(plan, name)]
    public = sorted({"Server", *(module.class_name for module in plan.modules), *settings})
    own = NameTable(dict.fromkeys(public))
    wiring = _wiring(plan, lambda name: name, own, None, quote=False)
    folder = relative_folder(plan, place)
    names = [ImportLine(External(CORE, name), name) for name in public]
    names += [ImportLine(External(each.module, each.name), each.name) for each in (SCRIPT_BASE, RUN_SCRIPT)]
    imports = import_block(names)
    requirements = merged(
        {DISTRIBUTION, *functions.requirements(), *_driver_requirements(plan)},
        functions.stated_requirements(),
    )
    sections = [
        _header(requirements),
        docstring(plan, True, folder),
        FUTURE,
        imports,
        wiring.build,
        *wiring.constants,
        _base_line(plan, functions, SCRIPT_BASE.name, "BASE", folder),
        _bottom(RUN_SCRIPT.name, "build"),
    ]
    return _joined(sections)


def _wiring(
    plan: Plan,
    core_name: Callable[[str], str],
    own: NameTable,
    functions: Mapping[str, list[str]] | None,
    *,
    quote: bool,
) -> Wiring:
    writer = WiringWriter(
        plan,
        core_name=core_name,
        script_name=lambda name: own.name(name, name),
        functions=functions,
        quote=quote,
    )
    return writer.write()


def relative_folder(plan: Plan, place: Path) -> str:
    """The project's folder as seen from the script's; the whole path where there is no way between them."""
    folder = plan.project.folder.resolve()
    try:
        return Path(os.path.relpath(folder, place.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return str(folder)


def _head(
    plan: Plan, functions: Functions, packages: Iterable[str], folder: str, *, quote: bool
) -> list[str]:
    requirements = {
        *core_requirements(set(packages)),
        *_driver_requirements(plan),
        *functions.requirements(),
    }
    header = _header(merged(requirements, functions.stated_requirements()))
    return [header, docstring(plan, False, folder), *([] if quote else [FUTURE])]


def _header(requirements: list[str]) -> str:
    listed = "".join(f'#     "{requirement}",\n' for requirement in requirements)
    return f'# /// script\n# requires-python = "{PYTHON}"\n# dependencies = [\n{listed}# ]\n# ///'


def _driver_requirements(plan: Plan) -> set[str]:
    return {requirement_of(driver) or driver for driver in plan.drivers - {"sqlite3"}}


def _uses_setting(plan: Plan, name: str) -> bool:
    values = [
        *plan.server.values(),
        *(value for module in plan.modules for value in module.arguments.values()),
    ]
    return any(type(value).__name__ == name for value in values)


def _base_line(plan: Plan, functions: Functions, function: str, constant: str, folder: str) -> str:
    needed = plan.needs_folder or functions.uses_file_name()
    last = "" if needed else ", needed=False"
    return f'{constant} = {function}(__file__, "{plan.base_variable}", {_quoted(folder)}{last})'


def _quoted(text: str) -> str:
    return f'"{text}"' if text.isprintable() and not set(text) & {'"', "\\"} else repr(text)


def _function_sections(functions: Functions, flat: FlatCore, own: NameTable, base: str) -> list[str]:
    sections = []
    builtins_name = flat.name(External("builtins")) if functions.needs_builtins() else "builtins"
    for placed in functions.files:
        wanted = {name: f"{placed.file.stem}{end}" for name, end in ENDS.items()}
        constants = {name: own.name(constant, constant) for name, constant in wanted.items()}
        text = functions.text(placed, flat.name, constants, builtins_name)
        rule = f"# ---- {placed.file.shown} "
        heading = rule + "-" * max(0, 108 - len(rule))
        if placed.file.docstring:
            summary = placed.file.docstring.strip().partition("\n\n")[0]
            heading += "".join(f"\n# {line.strip()}".rstrip() for line in summary.split("\n"))
        values = {
            "__file__": _file_expression(placed.configured, base),
            "__doc__": repr(placed.file.docstring),
        }
        lines = [
            f"{constants[name]} = {value}" for name, value in values.items() if uses_name(placed.file, name)
        ]
        sections.append("\n\n".join(filter(None, [heading, "\n".join(lines), f"\n{text}"])))
    return sections


def _file_expression(configured: str, base: str) -> str:
    """What was `__file__`: the path of the user's file, as the functions module would find it.

    An f-string, since `str` may mean something else here.
    """
    if configured.startswith("~"):
        return f'f"{{{base}.__class__({configured!r}).expanduser()}}"'
    return f'f"{{{base} / {configured!r}}}"'


def _bottom(run: str, build: str) -> str:
    return f'if __name__ == "__main__":\n    {run}({build}())'


def _joined(sections: Iterable[str]) -> str:
    """The sections as a formatter would space them: close together as long as nothing is defined."""
    text = ""
    for section in filter(None, sections):
        if text:
            defined = "\ndef " in text or section.startswith("def ")
            text += "\n\n\n" if defined else "\n" if section.startswith('"""') else "\n\n"
        text += section
    return text + "\n"
