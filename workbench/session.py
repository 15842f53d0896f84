"""The application's lifecycle: one project after another until the user quits, each with its own engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from server_core.inspection import ModuleState
    from workbench.app import WorkbenchApp
    from workbench.engine import Engine
    from workbench.store import Store


class Next(NamedTuple):
    """What to open next when the application closes: a project, or the start screen (`None`)."""

    project: Path | None


class Session:
    """An open project. `open` may be called on any thread, the rest on the screen's thread."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self._store: Store | None = None

    def open(self, path: Path) -> Engine:
        """Create the engine of the project in `path`, and add the project to the recent ones. An engine that was
        open before is closed first: that is how a stuck one is restarted.

        Raises:
            ProjectError: There is no project.
        """
        from workbench.engine import Engine
        from workbench.preferences import add_recent
        from workbench.project import Project
        from workbench.store import Store

        self.close()
        project = Project.find(path)
        add_recent(project.folder)
        self._store = Store(project)
        self.engine = Engine(project, store=self._store, follows_config=True, answers=True)
        from workbench.facts import ProjectOpened

        self.engine.bus.emit(ProjectOpened(str(project.folder)))
        return self.engine

    def emit(self, fact: object) -> None:
        """Emit a fact of the application to the open project's listeners. Callable from any thread."""
        if self.engine is not None:
            self.engine.bus.emit(fact)

    def close(self) -> None:
        """Stop the server and flush the history. Blocks for a bounded time."""
        if self.engine is not None:
            self.engine.stop()
        if self._store is not None:
            self._store.close()


def has_project(path: Path) -> bool:
    """Whether `path` is a project's folder or its `server.toml`."""
    return path.is_file() or (path / "server.toml").is_file()


def planned_modules(config_path: Path) -> tuple[ModuleState, ...]:
    """Return the modules in a `server.toml`, to show them before the core is imported. Never raises: the engine reports
    problems with the file."""
    import tomllib

    from server_core.inspection import ModuleState

    try:
        modules = tomllib.loads(config_path.read_text("utf-8")).get("modules", {})
        return tuple(
            ModuleState(name, str(table.get("kind", "")), "starting")
            for name, table in modules.items()
            if table.get("enabled", True)
        )
    except (OSError, ValueError, AttributeError):
        return ()


@contextlib.contextmanager
def opened() -> Iterator[Session]:
    """Yield a session that is closed at the end of the block."""
    session = Session()
    try:
        yield session
    finally:
        session.close()


def run_projects(project: Path | None, interface: Callable[..., WorkbenchApp]) -> int:
    """Open one project after another, each in its own `interface`, until the user quits; return the exit code."""
    from workbench.engine.console import ConsoleGuard
    from workbench.garbage import IdleCollector

    rounds = IdleCollector()
    following: Next | None = Next(project if project is not None and has_project(project) else None)
    while following is not None:
        with opened() as session, ConsoleGuard(session.emit) as guard:
            app = interface(
                following.project,
                session.open,
                painted=guard.cover,
                idle=rounds.idle,
                released=guard.released,
            )
            following = app.run()
            if app.return_code:
                return app.return_code
    return 0


async def reload(engine: Engine) -> None:
    """Read the project's config again and apply it.

    Raises:
        EngineError: It could not be read, or modules could not start; the message says why.
    """
    from workbench.engine import EngineError
    from workbench.facts import ConfigRejected

    try:
        config = await asyncio.to_thread(engine.project.load)
    except Exception as error:
        engine.bus.emit(ConfigRejected(str(error)))
        raise EngineError(str(error)) from error
    await engine.apply(config)
