"""How a kind of module describes itself: its settings are its table in `server.toml`, the errors about that, its form,
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
        description: one sentence for people who fill in the form.
        example: a value that they can start from.
        unit: what a number counts, such as `seconds` or `rows`.
        path: a file or folder, relative to the project's folder.
        secret: may hold a password or a token, which is masked and never written out.
        constraints: those of `pydantic.Field` (`ge`, `gt`, `le`, `max_length`, …).
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
    """A table of the config: immutable, and with no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BreakerOverride(Table):
    """What a module's breakers do otherwise than the server's `[breaker]` says."""

    failure_threshold: int | None = setting(None, description="Failures in a row that open the breaker.")
    reset_timeout: float | None = setting(
        None, description="How long the breaker stays open before it allows a trial call.", unit="seconds"
    )
    ignore: list[str] | None = setting(
        None, description="Exceptions that don't count as failures.", example=["ValueError"]
    )

    def over(self, defaults: BreakerSettings) -> BreakerSettings:
        """The whole settings: `defaults` where this says nothing."""
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
    """The description of a kind of module. Subclass it for a kind of your own.

    The first sentence of its docstring says what such a module does. Its fields, each a `setting`, are the keywords of
    the module's constructor. A distribution makes it known by an entry point of the group `server_core.modules`,
    named as the kind; a `server.toml` can also name it as `kind = "package.file:Class"`.
    """

    module_path: ClassVar[str]
    """The module's class, as `package.file:Class`. It is imported when a server is built, so that reading a config
    stays quick."""

    kind: str
    prefix: Prefix = setting(
        "", description="Put before the names of its tools and prompts and into its URIs.", example="shop"
    )
    enabled: bool = setting(True, description="Whether the module is part of the server.")
    breaker: BreakerOverride | None = setting(
        None, description="What its circuit breakers do differently from the server's [breaker]."
    )

    @classmethod
    def module_class(cls) -> Any:
        """The module's class, imported.

        Raises:
            ImportError, AttributeError: there is none.
        """
        file, _colon, name = cls.module_path.partition(":")
        return getattr(importlib.import_module(file), name)

    @classmethod
    def problems(cls, table: Mapping[str, Any], place: KeyPath) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with the `table` at `place` that the types of its fields can't say: where, and what."""
        return iter(())

    def arguments(self, defaults: BreakerSettings) -> dict[str, Any]:
        """The keywords for the module's constructor: what the config says, and nothing that it leaves open.

        `defaults` are the server's own breaker settings.
        """
        general = ModuleSettings.model_fields
        own = [key for key in type(self).model_fields if key not in general]
        given = {key: getattr(self, key) for key in (*own, "prefix") if key in self.model_fields_set}
        if self.breaker is not None:
            given["breaker"] = self.breaker.over(defaults)
        return {key: value for key, value in given.items() if value is not None}
