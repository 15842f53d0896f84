"""The plan of a script: the constructor calls of its modules, and everything they need."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from server_core.config import ModuleSettings, ServerConfig, line_of
from server_core.databases.settings import DatabaseSettings
from server_core.functions.settings import FunctionsSettings
from server_core.modules.streams_settings import StreamsSettings
from server_core.settings import BreakerSettings, CacheSettings, LimitSettings, PoolSettings
from server_core.tasking.settings import TasksSettings
from server_core.workflows.settings import WorkflowsSettings
from workbench.finding import Finding
from workbench.project import Project

from .core_files import CORE, public_names
from .packages import requirement_of
from .rendering import Raw
from .secrets import VARIABLE, hidden_secrets, variable_name, without_secrets
from .user_files import UserFiles
from .variables import Variable, merged_variables

DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""The driver that the database module uses if the URL names none."""

DRIVER_PACKAGES = {"pysqlite": "sqlite3", "mysqldb": "mysqlclient", "psycopg2": "psycopg2-binary"}
"""The packages of drivers whose names differ from the driver's."""

BACKENDS = {
    "sqlite+pysqlite": "sqlite",
    "postgresql+psycopg": "postgresql",
    "mysql+pymysql": "mariadb",
    "mariadb+pymysql": "mariadb",
}
"""The module of `server_core.databases` for each driver; `generic` for others."""

_SCHEME = re.compile(r"([\w+]+):")


@dataclass(slots=True)
class PlannedModule:
    """One `server.add(…)`.

    Attributes:
        class_name: The module's class.
        home: The Python module that the script imports it from.
        arguments: The constructor's keyword arguments; settings are dataclasses of `server_core.settings`.
        file: The file of a functions module, as written in the config.
    """

    name: str
    class_name: str
    home: str
    arguments: dict[str, Any]
    file: str = ""


@dataclass
class Plan:
    """The plan of a project's script.

    Attributes:
        server: The keyword arguments of `Server`, except its name and base.
        secrets: Environment variables that replace secrets in the config, with their values. Never written.
        config_variables: The environment variables that the config names, including these.
        problems: Why it can't be exported, apart from problems in the user's files.
        kind_packages: The top-level packages of third-party module kinds.
        drivers: The database drivers by their SQLAlchemy names; empty for one known only from the environment.
        needs_folder: Something is located relative to the project's folder.
    """

    project: Project
    server: dict[str, Any]
    modules: list[PlannedModule] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    config_variables: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    kind_packages: set[str] = field(default_factory=set)
    drivers: set[str] = field(default_factory=set)
    needs_folder: bool = False

    @property
    def base_variable(self) -> str:
        """The environment variable for the folder: `BOOKSHOP_BASE`."""
        return f"{variable_name(self.project.name)}_BASE"

    @cached_property
    def user_files(self) -> UserFiles:
        """The user's files, read on first use and never run."""
        files = UserFiles(self.project.folder, [module.file for module in self.modules if module.file])
        self.needs_folder |= any(file.uses_its_place for file in files.files.values())
        return files

    @property
    def findings(self) -> list[Finding]:
        """Why the project can't be exported as it is."""
        return [*self.problems, *self.user_files.findings]

    @property
    def variables(self) -> list[Variable]:
        """All environment variables that the server needs or accepts."""
        read = (each for file in self.user_files.files.values() for each in file.variables)
        return merged_variables([*map(Variable, self.config_variables), *map(Variable, self.secrets), *read])

    @property
    def unused_core_modules(self) -> set[str]:
        """Modules of the core that this server never imports, although other code refers to them."""
        if "" in self.drivers:
            return set()
        used = {BACKENDS.get(driver, "generic") for driver in self.drivers}
        return {f"server_core.databases.{name}" for name in {*BACKENDS.values(), "generic"} - used}


def plan_of(project: Project) -> Plan:
    """Plan the script of a project's server with its enabled modules.

    Raises:
        ConfigError: the project's config can't be read.
    """
    config = project.config
    plan = Plan(project, _server_arguments(config))
    for name, module in config.modules.items():
        if not module.enabled:
            plan.notes.append(f"module {name} is disabled and left out")
            continue
        home, _colon, class_name = module.module_path.partition(":")
        home = CORE if home.startswith(f"{CORE}.") and class_name in public_names() else home
        planned = PlannedModule(name, class_name, home, _arguments(module, config.breaker))
        plan.modules.append(planned)
        if isinstance(module, DatabaseSettings):
            _take_database(plan, planned, module)
        elif isinstance(module, FunctionsSettings):
            planned.file = module.path
            planned.arguments.pop("path", None)
            planned.arguments.pop("reload", None)
        elif isinstance(module, WorkflowsSettings):
            _take_workflows(plan, planned)
        elif home.partition(".")[0] != CORE:
            _take_others(plan, planned, module)
        plan.needs_folder |= _has_relative_paths(module)
    if config.server.development:
        plan.notes.append("development mode is off in the script: errors do not include tracebacks")
    return plan


def _server_arguments(config: ServerConfig) -> dict[str, Any]:
    section = config.server
    arguments: dict[str, Any] = {"version": section.version}
    for key in ("title", "description", "instructions"):
        if getattr(section, key) is not None:
            arguments[key] = getattr(section, key)
    for key, default in (
        ("cache", CacheSettings()),
        ("limits", LimitSettings()),
        ("breaker", BreakerSettings()),
    ):
        if getattr(config, key) != default:
            arguments[key] = getattr(config, key)
    return arguments


def _arguments(module: ModuleSettings, breaker: BreakerSettings) -> dict[str, Any]:
    arguments = module.arguments(breaker)
    if arguments.get("pool") == PoolSettings():
        del arguments["pool"]
    return arguments


def _take_database(plan: Plan, planned: PlannedModule, module: DatabaseSettings) -> None:
    hidden = without_secrets(module.url, planned.name)
    planned.arguments["url"] = hidden.url
    for name, value in hidden.values.items():
        _take_secret(plan, name, value, f"modules.{planned.name}.url")
    plan.config_variables += VARIABLE.findall(hidden.url)
    match = _SCHEME.match(module.url)
    if match is None:
        plan.notes.append(
            f"the database of {planned.name} is known only from the environment: the script supports SQLite, "
            "PostgreSQL, MariaDB and MySQL"
        )
    plan.drivers.add(DRIVERS.get(match[1], match[1]) if match else "")


def _take_others(plan: Plan, planned: PlannedModule, module: ModuleSettings) -> None:
    """Plan a module of a third-party kind."""
    package = planned.home.partition(".")[0]
    plan.kind_packages.add(package)
    if requirement_of(package) is None:
        place = line_of(plan.project.config_path, ("modules", planned.name, "kind"))
        text = (
            f"{package}, which provides the kind {module.kind}, is not part of an installed distribution: "
            "install it as one"
        )
        plan.problems.append(Finding(plan.project.config_path.name, place, text))
    for key, field_info in type(module).model_fields.items():
        extra = field_info.json_schema_extra
        value = planned.arguments.get(key)
        if isinstance(extra, dict) and extra.get("secret") and isinstance(value, str):
            name = variable_name(f"{planned.name}_{key}")
            planned.arguments[key] = Raw(f'os.environ["{name}"]')
            _take_secret(plan, name, value, f"modules.{planned.name}.{key}")


def _take_workflows(plan: Plan, planned: PlannedModule) -> None:
    workflows, secrets = hidden_secrets(planned.arguments["workflows"], planned.name)
    planned.arguments["workflows"] = workflows
    for name, (value, place) in secrets.items():
        _take_secret(plan, name, value, f"modules.{planned.name}.workflows.{place}")
    plan.config_variables += environment_names(workflows)


def _take_secret(plan: Plan, name: str, value: str, place: str) -> None:
    plan.secrets[name] = value
    plan.notes.append(
        f"the secret in {place} is left out: the script reads it from the environment variable {name}"
    )


def environment_names(value: Any) -> list[str]:
    """Return the variables in all `${env.NAME}` expressions of a workflow's tables."""
    if isinstance(value, str):
        return re.findall(r"\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}", value)
    if isinstance(value, Mapping):
        return [name for each in value.values() for name in environment_names(each)]
    if isinstance(value, list | tuple):
        return [name for each in value for name in environment_names(each)]
    return []


def _has_relative_paths(module: ModuleSettings) -> bool:
    if isinstance(module, DatabaseSettings):
        relative = re.match(r"sqlite[\w+]*:///(?![/:]|[A-Za-z]:)", module.url)
        return relative is not None or VARIABLE.search(module.url) is not None
    if isinstance(module, FunctionsSettings):
        return False  # its file is included
    if isinstance(module, TasksSettings):
        return not (module.database and os.path.isabs(os.path.expanduser(module.database)))
    if isinstance(module, StreamsSettings):
        paths = [source.path for source in module.sources.values() if source.path]
        return any(not os.path.isabs(os.path.expanduser(path)) for path in paths)
    for key, field_info in type(module).model_fields.items():
        extra = field_info.json_schema_extra
        value = getattr(module, key)
        if isinstance(extra, dict) and extra.get("format") == "path" and isinstance(value, str):
            return not os.path.isabs(os.path.expanduser(value))
    return False


def driver_requirements(drivers: Iterable[str]) -> set[str]:
    """Return the requirements of the database drivers; see `Plan.drivers`. SQLite needs none."""
    names = {driver.partition("+")[2] for driver in drivers}
    names |= {"psycopg", "pymysql"} if "" in drivers else set()
    packages = {DRIVER_PACKAGES.get(name, name) for name in names} - {"", "sqlite3"}
    return {requirement_of(package) or package for package in packages}
