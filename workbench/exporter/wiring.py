"""The wiring of a script: `build()`, with the calls a person would write."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any

from pydantic import BaseModel

from .core_files import CORE
from .plan import Plan, PlannedModule
from .rendering import Call, Raw, plain_number, rendered, settings_call

LONG_VALUE = 12
"""Values with more lines become constants below `build`."""


@dataclass(slots=True)
class Wiring:
    """The source text of the wiring.

    Attributes:
        build: The function `build()`.
        constants: The constants that it uses, to be placed below it.
        names: The names that it uses, by the module they are imported from.
    """

    build: str = ""
    constants: list[str] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)

    def use(self, module: str, name: str) -> str:
        """Record that `name` is imported from `module`; return it."""
        self.names.setdefault(module, set()).add(name)
        return name


def wiring_of(plan: Plan) -> Wiring:
    """Create the wiring of a plan."""
    wiring = Wiring()
    # The version first, as in the config.
    keywords = {"version": plan.server["version"], "base": Raw("BASE")}
    keywords |= {key: _value(value, wiring) for key, value in plan.server.items() if key != "version"}
    call = Call(wiring.use(CORE, "Server"), [plan.project.name], keywords)
    lines = [f"    server = {rendered(call, 4, before=len('server = '))}"]
    for module in plan.modules:
        added = Call("server.add", [_module_call(plan, module, wiring)])
        lines.append(f"    {rendered(added, 4)}")
    body = "\n".join([*lines, "    return server"])
    wiring.build = f"def build() -> Server:\n{body}"
    return wiring


def documentation(paragraphs: Iterable[str]) -> str:
    """Format a docstring with these paragraphs."""
    text = "\n\n".join(
        "\n".join(textwrap.wrap(" ".join(paragraph.split()), 108, break_long_words=False))
        for paragraph in paragraphs
    )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\U{ord(letter):08x}" for letter in escaped
    )
    return f'"""{shown}\n"""' if "\n" in shown else f'"""{shown}"""'


def _module_call(plan: Plan, module: PlannedModule, wiring: Wiring) -> Call:
    keywords: dict[str, Any] = {}
    if module.file:
        keywords["module"] = plan.user_files.functions[module.file]
    for key, value in module.arguments.items():
        keywords[key] = _long_value(module, key, _value(value, wiring), wiring)
    return Call(wiring.use(module.home, module.class_name), [module.name], keywords)


def _value(value: Any, wiring: Wiring) -> Any:
    if isinstance(value, Raw):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return settings_call(wiring.use(CORE, type(value).__name__), value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    return plain_number(value)


def _long_value(module: PlannedModule, key: str, value: Any, wiring: Wiring) -> Any:
    """Return the value, or the name of a new constant if the value is too long to be inline."""
    if not isinstance(value, Mapping) or rendered(value, 8).count("\n") < LONG_VALUE:
        return value
    name = "".join(letter if letter.isalnum() else "_" for letter in f"{module.name}_{key}").upper()
    name = f"_{name}" if name[:1].isdigit() else name
    wiring.constants.append(f"{name} = {rendered(value, before=len(name) + 3)}")
    return Raw(name)
