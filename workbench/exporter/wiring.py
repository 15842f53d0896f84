"""The first thing that a reader of a script sees: `build()`, with the calls that a person would write."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any

from .plan import Plan, PlannedModule
from .rendering import Call, Raw, plain_number, rendered, settings_call

LONG_VALUE = 12
"""A value with more lines gets a constant of its own, below `build`."""


@dataclass(slots=True)
class Wiring:
    """The texts of the wiring.

    Attributes:
        build: the function.
        constants: what it names, to stand below it.
    """

    build: str
    constants: list[str] = field(default_factory=list)


class WiringWriter:
    """Writes the wiring of one plan."""

    def __init__(
        self,
        plan: Plan,
        *,
        core_name: Callable[[str], str],
        script_name: Callable[[str], str],
        functions: Mapping[str, list[str]] | None,
        quote: bool,
    ) -> None:
        """Args:
        core_name: what one of the core's public names is called in the script.
        script_name: what a name of the script's own is called in it, as near to what is wanted as is free.
        functions: for each functions module the names of its functions; `None` to name its file instead.
        quote: annotations that come before what they name must be strings.
        """
        self._plan = plan
        self._core_name = core_name
        self._script_name = script_name
        self._functions = functions
        self._quote = quote
        self._constants: list[str] = []

    def write(self) -> Wiring:
        """The wiring."""
        server, base = self._script_name("server"), self._script_name("BASE")
        class_name = self._core_name("Server")
        keywords = {"base": Raw(base)} | {key: self._value(value) for key, value in self._plan.server.items()}
        # The version first, as in the config.
        keywords = {"version": keywords.pop("version"), **keywords}
        call = Call(class_name, [self._plan.project.name], keywords)
        lines = [f"    {server} = {rendered(call, 4, before=len(server) + 3)}"]
        for module in self._plan.modules:
            lines.append("    " + rendered(Call(f"{server}.add", [self._module_call(module)]), 4))
        annotation = f'"{class_name}"' if self._quote else class_name
        head = f"def {self._script_name('build')}() -> {annotation}:"
        doc = f'    """The server {_doc_text(self._plan.project.name)}, not started."""'
        return Wiring("\n".join([head, doc, *lines, f"    return {server}"]), self._constants)

    def _module_call(self, module: PlannedModule) -> Call:
        keywords: dict[str, Any] = {}
        if module.file:
            if self._functions is None:
                keywords["path"] = module.file
            else:
                keywords["functions"] = [Raw(name) for name in self._functions[module.name]]
        for key, value in module.arguments.items():
            keywords[key] = self._long_value(module, key, self._value(value))
        return Call(self._core_name(module.class_name), [module.name], keywords)

    def _value(self, value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            return settings_call(self._core_name(type(value).__name__), value)
        return plain_number(value)

    def _long_value(self, module: PlannedModule, key: str, value: Any) -> Any:
        """The value, or the name of a constant for it, where it would push the rest out of sight."""
        if not isinstance(value, Mapping) or rendered(value, 8).count("\n") < LONG_VALUE:
            return value
        wanted = "".join(letter if letter.isalnum() else "_" for letter in f"{module.name}_{key}").upper()
        name = self._script_name(wanted if not wanted[:1].isdigit() else f"_{wanted}")
        self._constants.append(f"{name} = {rendered(value, before=len(name) + 3)}")
        return Raw(name)


def docstring(plan: Plan, thin: bool, constant: str) -> str:
    """What the script says of itself.

    Args:
        constant: the folder of the project, as seen from the script.
    """
    section = plan.project.config.server
    title = f"{section.title or section.name} {section.version}: an MCP server."
    paragraphs = [title]
    if section.description:
        paragraphs.append(section.description)
    paragraphs.append(
        "Exported from server.toml by mcp-server-workbench. It speaks over stdin and stdout to the client that "
        "starts it, or by HTTP with --http HOST:PORT, by either protocol revision. "
        "By HTTP clients must send the token in the variable MCP_TOKEN, which other machines need unless it is started "
        "with --no-auth. "
        + ("It needs the package mcp-server-workbench. " if thin else "")
        + f"Relative paths are found in the folder that --base names, else the variable {plan.base_variable}, else "
        f"{constant!r} as seen from this file."
    )
    if plan.variables:
        paragraphs.append(f"It takes from the environment: {', '.join(plan.variables)}.")
    wrapped = "\n\n".join(
        "\n".join(textwrap.wrap(" ".join(paragraph.split()), 108, break_long_words=False))
        for paragraph in paragraphs
    )
    text = _doc_text(wrapped)
    return f'"""{text}\n"""' if "\n" in text else f'"""{text}"""'


def _doc_text(text: str) -> str:
    """`text` as it can stand between three double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\U{ord(letter):08x}" for letter in escaped
    )
