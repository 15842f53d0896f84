"""A project: a folder with a `server.toml` and whatever the server uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from server_core.private_files import PRIVATE_FOLDER
from workbench.atomic import write_atomically

if TYPE_CHECKING:
    from server_core.config import ServerConfig

CONFIG_NAME = "server.toml"


class ProjectError(Exception):
    """No project was found; the message says what to do."""


@dataclass(frozen=True)
class Project:
    """A project on disk, and its config, which is read on first use.

    Attributes:
        folder: absolute; the config's relative paths are relative to it.
        config_path: absolute path of the `server.toml`.
    """

    folder: Path
    config_path: Path

    @staticmethod
    def find(path: str | Path | None = None) -> Project:
        """Find the project at `path`: a folder or a config file, by default the current folder.

        Raises:
            ProjectError: There is none.
        """
        place = Path(path if path is not None else ".").expanduser().absolute()
        if place.is_dir():
            config_path = place / CONFIG_NAME
            if not config_path.is_file():
                shown = "the current folder" if path is None else str(path)
                raise ProjectError(
                    f"There is no {CONFIG_NAME} in {shown}; `workbench new DIR` creates a project, `-p DIR` opens one"
                )
        elif place.is_file():
            config_path = place
        else:
            raise ProjectError(f"There is no {path}; `workbench new {path}` creates a project there")
        return Project(config_path.parent, config_path)

    @cached_property
    def config(self) -> ServerConfig:
        """The config as of its first use; `load` reads it again.

        Raises:
            ConfigError: It can't be read, is not TOML, or is invalid.
        """
        return self.load()

    def load(self) -> ServerConfig:
        """Read the config from the file as it is now.

        Raises:
            ConfigError: It can't be read, is not TOML, or is invalid.
        """
        from server_core.config import load_config

        return load_config(self.config_path)

    @property
    def name(self) -> str:
        """The server's name."""
        return self.config.server.name

    @property
    def data(self) -> Path:
        """The folder for the workbench's data about the project; created by whoever writes to it first."""
        return self.folder / PRIVATE_FOLDER

    @property
    def recordings(self) -> Path:
        """The folder for recordings made on the Watch screen."""
        return self.data / "recordings"

    def saved(self, config: ServerConfig) -> Project:
        """Write `config` to the project's file, keeping comments, and return the project with it.

        Raises:
            ConfigError: The current file can't be read; it is left unchanged.
            OSError: It can't be written.
        """
        from server_core.config import load_config, parse_config, update_toml
        from server_core.configuration.read import read_text

        written = load_config(self.config_path)
        text = update_toml(read_text(self.config_path, str(self.config_path)), written, config)
        parse_config(text, self.config_path.name)
        write_atomically(self.config_path, text)
        project = Project(self.folder, self.config_path)
        project.__dict__["config"] = config
        return project
