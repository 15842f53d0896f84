"""The settings of a files module."""

from __future__ import annotations

from typing import ClassVar

from ..module_settings import ModuleSettings, Text, setting


class FilesSettings(ModuleSettings):
    """A folder whose files are resources, with a notification for each change."""

    module_path: ClassVar[str] = "server_core.modules.files:FilesModule"
    kind: str = "files"

    path: Text = setting(description="The folder.", example="docs", path=True)
    ignore: list[str] = setting(
        [],
        description="Patterns of files and folders to leave out, besides the usual ones.",
        example=["*.tmp"],
    )
    max_file_bytes: int | None = setting(
        None, description="The largest file that is sent as a whole.", unit="bytes", ge=1
    )
