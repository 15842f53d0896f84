"""How a kind of module describes itself. From its settings come its table in `server.toml` with its errors, its form,
its documentation, and its constructor call in a script.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .configuration.problems import KeyPath
from .settings import BreakerSettings

Text = Annotated[str, StringConstraints(min_length=1)]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]*$", max_length=64)]


def setting(
    default: Any = ...,
    *,
    description: str,
    example: Any = None,
    unit: str = "",
    path: bool = False,
    secret: bool = False,
    **constraints: Any,
) -> Any:
    """Describe one setting of a kind; without a `default` it is required.

    Args:
        description: one sentence for people filling in the form.
        example: a value to start from.
        unit: what a number measures, such as `seconds` or `rows`.
        path: a file or folder, relative to the project folder.
        secret: may hold a password or token, which is masked and never written out.
        constraints: passed to `pydantic.Field` (`ge`, `gt`, `le`, `max_length`, …).
    """
    extra: dict[str, Any] = {}
    if unit:
        extra["unit"] = unit
    if path:
        extra["format"] = "path"
    if secret:
        extra["secret"] = True
    return Field(
        default,
        description=description,
        examples=None if example is None else [example],
        json_schema_extra=extra or None,
        **constraints,
    )


class Table(BaseModel):
    """A table of the config: immutable, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BreakerOverride(Table):
    """Overrides of the server's `[breaker]` for one module."""

    failure_threshold: int | None = setting(None, description="Failures in a row that open the breaker.")
    reset_timeout: float | None = setting(
        None, description="How long the breaker stays open before it allows a trial call.", unit="seconds"
    )
    ignore: list[str] | None = setting(
        None, description="Exceptions that don't count as failures.", example=["ValueError"]
    )

    def over(self, defaults: BreakerSettings) -> BreakerSettings:
        """The full settings: `defaults` for everything not overridden here."""
        return BreakerSettings(
            defaults.failure_threshold if self.failure_threshold is None else self.failure_threshold,
            defaults.reset_timeout if self.reset_timeout is None else self.reset_timeout,
            defaults.ignore if self.ignore is None else self.ignore,
        )

    @model_validator(mode="after")
    def _fits(self) -> BreakerOverride:
        self.over(BreakerSettings())
        return self


class ModuleSettings(Table):
    """The settings of a kind of module. Subclass it to define your own kind.

    The first sentence of its docstring describes the module. Its fields, each a `setting`, are the keyword arguments of
    the module's constructor. A distribution registers it as an entry point in the group `server_core.modules`, named
    after the kind; a `server.toml` can also refer to it directly: `kind = "package.file:Class"`.
    """

    module_path: ClassVar[str]
    """The module's class, as `package.file:Class`. It is imported only when a server is built, which keeps reading a
    config fast."""

    kind: str
    prefix: Prefix = setting(
        "", description="Added to the names of its tools and prompts, and to its URIs.", example="shop"
    )
    enabled: bool = setting(True, description="Whether the module is part of the server.")
    breaker: BreakerOverride | None = setting(
        None, description="What its circuit breakers do differently from the server's [breaker]."
    )

    @classmethod
    def module_class(cls) -> Any:
        """Import the module's class.

        Raises:
            ImportError, AttributeError: it does not exist.
        """
        file, _colon, name = cls.module_path.partition(":")
        return getattr(importlib.import_module(file), name)

    @classmethod
    def problems(cls, table: Mapping[str, Any], place: KeyPath) -> Iterator[tuple[KeyPath, str]]:
        """Problems in the `table` at `place` that the field types can't express: where, and what."""
        return iter(())

    def arguments(self, defaults: BreakerSettings) -> dict[str, Any]:
        """The keyword arguments for the module's constructor, without those that the config leaves unset.

        `defaults` are the server's breaker settings.
        """
        general = ModuleSettings.model_fields
        own = [key for key in type(self).model_fields if key not in general]
        given = {key: getattr(self, key) for key in (*own, "prefix") if key in self.model_fields_set}
        if self.breaker is not None:
            given["breaker"] = self.breaker.over(defaults)
        return {key: value for key, value in given.items() if value is not None}
