"""The projects that were open last, for the start screen: a small file in the user's state folder."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.atomic import write_atomically
from workbench.project import CONFIG_NAME, Project

MOST_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class RecentProject:
    """A project that was open: its config file, its server's name, and when (seconds since the epoch)."""

    config_path: str
    name: str
    opened: float

    @property
    def there(self) -> bool:
        """Whether it is still on the disk."""
        return Path(self.config_path).is_file()

    @property
    def folder(self) -> str:
        """What to show and to open: the folder, or the config file where that has a name of its own."""
        path = Path(self.config_path)
        return str(path.parent if path.name == CONFIG_NAME else path)


def recent_projects(path: Path | None = None) -> list[RecentProject]:
    """The projects that were open, last first. A list that can't be read is an empty one."""
    try:
        rows = json.loads((path or _recent_path()).read_text("utf-8"))
        projects = [
            RecentProject(str(row["config_path"]), str(row["name"]), float(row["opened"])) for row in rows
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    return sorted(projects, key=lambda project: -project.opened)


def remember_project(project: Project, path: Path | None = None, now: float | None = None) -> None:
    """Put `project` at the top of the list.

    Raises:
        OSError: the list can't be written.
        ConfigError: the project's config can't be read.
    """
    opened = time.time() if now is None else now
    fresh = RecentProject(str(project.config_path), project.name, opened)
    _write([fresh, *_without(fresh.config_path, path)], path)


def forget_project(config_path: str, path: Path | None = None) -> None:
    """Take a project off the list; its files stay.

    Raises:
        OSError: the list can't be written.
    """
    _write(_without(config_path, path), path)


def _without(config_path: str, path: Path | None) -> list[RecentProject]:
    return [project for project in recent_projects(path) if project.config_path != config_path]


def _write(projects: list[RecentProject], path: Path | None) -> None:
    target = path or _recent_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(project) for project in projects[:MOST_REMEMBERED]]
    write_atomically(target, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def _recent_path() -> Path:
    from platformdirs import user_state_path

    return user_state_path("mcp-server-workbench", appauthor=False) / "recent.json"
