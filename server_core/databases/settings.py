"""The settings of a database module."""

from __future__ import annotations

from typing import ClassVar

from ..module_settings import ModuleSettings, Text, setting
from ..settings import PoolSettings


class DatabaseSettings(ModuleSettings):
    """A database, read-only: its tables as resources, and a tool for queries."""

    module_path: ClassVar[str] = "server_core.modules.database:DatabaseModule"
    kind: str = "database"

    url: Text = setting(
        description="Any SQLAlchemy URL. ${NAME} is replaced from the environment at the start, and the path of a "
        "SQLite file is relative to the project folder.",
        example="sqlite:///shop.db",
        secret=True,
    )
    pool: PoolSettings = setting(
        PoolSettings(), description="How many connections it keeps, and for how long."
    )
    cached: bool | None = setting(
        None,
        description="Whether reads are cached, for up to the ttl of [cache]. By default only reads of a "
        "SQLite file are, because its changes are noticed.",
    )
    page_size: int = setting(
        100, description="The default number of rows in a page or a query result.", unit="rows", ge=1
    )
    max_rows: int = setting(
        1000, description="The largest number of rows that can be requested.", unit="rows", ge=1
    )
