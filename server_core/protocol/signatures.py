"""A function's signature as a contract: validates arguments and explains mistakes in plain words."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from mcp.server.mcpserver.exceptions import InvalidSignature
from mcp.server.mcpserver.utilities.context_injection import find_context_parameter
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ..errors import InvalidArgumentsError
from ..functions.annotations import evaluated_annotations
from ..module import ModuleContext

TYPES_OF_DEFAULTS = (bool, int, float, str, list, dict)


class FunctionSignature:
    """How a user's function is described to clients, and how it is called.

    Attributes:
        shape: represents the function when the SDK makes schemas: a function with the same signature and evaluated
            annotations that is never called.
        doc: its docstring.
        returns: its return annotation, `inspect.Signature.empty` if it has none.
        context: the parameter that takes the `Context`, if there is one.
        is_async: whether it is a coroutine function.
        source: the `file:line` of its code.
        advice: suggestions for improving it.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        """Raises:
        InvalidSignature, TypeError, ValueError, NameError: it can't be described.
        """
        self._function = function
        code = _code_of(function)
        self.is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(code)
        self.doc = code.__doc__ or (None if code is function else type(function).__doc__)
        raw = getattr(code, "__code__", None)
        self.source = f"{raw.co_filename}:{raw.co_firstlineno}" if raw is not None else ""
        self.advice: list[str] = []
        annotations = evaluated_annotations(code)
        self.returns = annotations.get("return", inspect.Signature.empty)
        parameters = []
        self._positional: list[str] = []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise InvalidSignature(
                    f"{parameter.kind.description} parameter {parameter.name}: name each parameter"
                )
            if parameter.kind is parameter.POSITIONAL_ONLY:
                self._positional.append(parameter.name)
            annotation = annotations.get(parameter.name, parameter.annotation)
            if annotation is parameter.empty:
                annotation = self._type_of_default(parameter)
            parameters.append(parameter.replace(annotation=annotation, kind=parameter.KEYWORD_ONLY))
        self.names = [parameter.name for parameter in parameters]
        self.shape = _shape(name, parameters, self.returns)
        self.context = find_context_parameter(self.shape)
        asking = {"elicit", "elicit_url", "create_message"} & set(getattr(raw, "co_names", ()))
        if asking and self.context is not None and not self.is_async:
            self.advice.append(f"it calls {min(asking)}, which only an `async def` function can await")

    def call(self, values: dict[str, Any], module: ModuleContext) -> Awaitable[Any]:
        """Call the function with arguments by parameter name; a synchronous one runs on a worker thread."""
        positional = [values.pop(name) for name in self._positional]
        if self.is_async:
            result: Awaitable[Any] = self._function(*positional, **values)
            return result
        return self._call_on_worker(functools.partial(self._function, *positional, **values), module)

    def generator(self, values: dict[str, Any]) -> Any:
        """The result of an async generator function."""
        positional = [values.pop(name) for name in self._positional]
        return self._function(*positional, **values)

    @property
    def is_generator(self) -> bool:
        """Whether it yields."""
        return inspect.isgeneratorfunction(_code_of(self._function)) or self.is_async_generator

    @property
    def is_async_generator(self) -> bool:
        """Whether it is async and yields."""
        return inspect.isasyncgenfunction(_code_of(self._function))

    @property
    def may_ask(self) -> bool:
        """Whether it can ask its client while it runs."""
        return self.is_async and self.context is not None

    async def _call_on_worker(self, function: Callable[[], Any], module: ModuleContext) -> Any:
        result = await module.run_sync(function)
        if inspect.isawaitable(result):  # a decorator's wrapper that is not async itself
            return await result
        return result

    def _type_of_default(self, parameter: inspect.Parameter) -> Any:
        kind = type(parameter.default)
        if kind in TYPES_OF_DEFAULTS:
            self.advice.append(
                f"{parameter.name} has no annotation; clients see {kind.__name__}, from its default: annotate it"
            )
            return kind
        self.advice.append(f"{parameter.name} has no annotation; clients see a string: annotate it")
        return parameter.empty


def _shape(name: str, parameters: list[inspect.Parameter], returns: Any) -> Callable[..., Any]:
    def shape() -> None: ...

    shape.__name__ = shape.__qualname__ = name
    shape.__annotations__ = {
        each.name: each.annotation for each in parameters if each.annotation is not each.empty
    }
    if returns is not inspect.Signature.empty:
        shape.__annotations__["return"] = returns
    signature = inspect.Signature(parameters, return_annotation=returns)
    shape.__signature__ = signature  # type: ignore[attr-defined]
    return shape


def _code_of(function: Any) -> Any:
    """The function whose code runs: inside partials, bound methods, callable objects and
    decorators."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    if not inspect.isroutine(function):
        function = type(function).__call__
    return getattr(function, "__func__", function)


def argument_validator(
    metadata: FuncMetadata, signature: FunctionSignature, schema: Mapping[str, Any] | None = None
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Create a function that validates arguments and returns them by parameter name.

    It raises `InvalidArgumentsError`. Some clients send other values as JSON in a string, and prompts only get strings;
    such a string is decoded, but only for an argument that can't be a string.

    Args:
        schema: the arguments' schema, if it already exists.
    """
    validate = metadata.arg_model.__pydantic_validator__.validate_python
    names = [
        (key, _parameter(key, field, signature)) for key, field in metadata.arg_model.model_fields.items()
    ]
    decoded = set(_never_strings(metadata.arg_model.model_json_schema() if schema is None else schema))

    def validated(arguments: dict[str, Any]) -> dict[str, Any]:
        if any(type(value) is str and key in decoded for key, value in arguments.items()):
            arguments = {
                key: _decoded(value) if type(value) is str and key in decoded else value
                for key, value in arguments.items()
            }
        try:
            values = validate(arguments).__dict__
        except ValidationError as error:
            raise InvalidArgumentsError(argument_problems(error)) from error
        return {name: values[key] for key, name in names}

    return validated


def argument_names(metadata: FuncMetadata, signature: FunctionSignature) -> dict[str, str]:
    """The name of the argument for each parameter: its alias, if it has one."""
    return {
        _parameter(key, field, signature): field.alias or key
        for key, field in metadata.arg_model.model_fields.items()
    }


def _parameter(key: str, field: FieldInfo, signature: FunctionSignature) -> str:
    # The SDK renames parameters that clash with attributes of pydantic's models; their aliases are the parameters then.
    return key if key in signature.names else field.alias or key


def _never_strings(schema: Mapping[str, Any]) -> Iterator[str]:
    """The properties in an object's schema that never accept strings."""
    for name, part in schema.get("properties", {}).items():
        if not _takes_string(part, schema, depth=0):
            yield name


def _takes_string(part: Any, root: Mapping[str, Any], depth: int) -> bool:
    """Whether a string may match a schema written by pydantic; if in doubt, true."""
    if not isinstance(part, Mapping) or depth > 20:
        return part is not False
    reference = str(part.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        return _takes_string(
            root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {}), root, depth + 1
        )
    choices = part.get("anyOf") or part.get("oneOf")
    if choices:
        return any(_takes_string(choice, root, depth + 1) for choice in choices)
    if "const" in part or "enum" in part:
        return any(isinstance(value, str) for value in part.get("enum", [part.get("const")]))
    kinds = part.get("type", "string")
    return kinds == "string" or (isinstance(kinds, list) and "string" in kinds)


def _decoded(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # left for validation to refuse
        return text
    return text if isinstance(value, str | float) else value


def argument_problems(error: ValidationError) -> str:
    """List the invalid arguments and the reasons, without the library's own terms."""
    problems = []
    for each in error.errors(include_url=False, include_context=False):
        place = ".".join(str(part) for part in each["loc"]) or "arguments"
        given = "" if each["type"] == "missing" else f" (given {_short(each['input'])})"
        text = "is missing" if each["type"] == "missing" else each["msg"][0].lower() + each["msg"][1:]
        problems.append(f"{place}: {text}{given}")
    return "Wrong arguments. " + "; ".join(problems)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
