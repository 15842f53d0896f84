"""The conformance suite's server, built with `server_core`: its tools, resources and prompts go by fixed names."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from server_core import FunctionsModule, Server, TasksModule
from server_core.functions.markers import mark_of
from tests.conformance import asking_live, asking_rounds, contents, tasks, telling
from tests.conformance.changing import ChangingModule

FILES: tuple[ModuleType, ...] = (contents, telling, asking_live, asking_rounds, tasks)


def conformance_server(folder: Path) -> Server:
    """A server that has everything that the scenarios of both revisions and of the tasks extension need.

    Its tasks are kept in `folder`.
    """
    server = Server("conformance", version="1.0.0", base=folder)
    for file in FILES:
        marked = [function for function in vars(file).values() if mark_of(function) is not None]
        server.add(FunctionsModule(file.__name__.rpartition(".")[2], functions=marked))
    server.add(ChangingModule("changing"))
    server.add(TasksModule("jobs", database="tasks.db", poll=0.1))
    return server
