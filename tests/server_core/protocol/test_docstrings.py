"""What docstrings say of parameters is in the schema, where a form and a model look for it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from server_core import FunctionsModule, Server
from server_core.protocol.docstrings import documented
from server_core.testing import connect

pytestmark = pytest.mark.anyio

GOOGLE = """Makes a customer.

    More about it.

    Args:
        name: who it is,
            which may be long.

        tier (str): of which kind.

    Returns:
        The customer.
    """

REST = """Makes a customer.

    :param name: who it is,
        which may be long.
    :type name: str
    :param tier: of which kind.
    :returns: The customer.
    """

NUMPY = """Makes a customer.

    Parameters
    ----------
    name : str
        who it is,
        which may be long.
    tier
        of which kind.

    Returns
    -------
    str
        The customer.
    """


@pytest.mark.parametrize("docstring", [GOOGLE, REST, NUMPY], ids=["Google", "reStructuredText", "NumPy"])
def test_each_style_tells_of_the_parameters_and_keeps_the_rest(docstring: str) -> None:
    said = documented(docstring, {"name": "name", "tier": "tier"})
    assert said.parameters == {"name": "who it is, which may be long.", "tier": "of which kind."}
    assert said.text.startswith("Makes a customer.")
    assert "The customer." in said.text
    assert "who it is" not in said.text
    assert "tier" not in said.text


@pytest.mark.parametrize(
    "docstring",
    ["Args: not a section.", "Args:\n    other: of something else.", "Note:\n    name: x", "", None],
)
def test_what_tells_of_no_parameter_stays_as_it_is(docstring: str | None) -> None:
    assert documented(docstring, {"name": "name"}) == (inspect.cleandoc(docstring or ""), {})


FUNCTIONS = '''
from typing import Annotated
from pydantic import Field
from server_core import prompt, tool

@tool
def greet(name: str, tier: Annotated[str, Field(description="Its own words.")] = "plain") -> str:
    """Greets somebody.

    Args:
        name: who is greeted.
        tier: other words.
    """
    return name

@prompt
def review(code: str) -> str:
    """Reviews code.

    Args:
        code: what is reviewed.
    """
    return code
'''


async def test_a_client_sees_them_of_tools_and_prompts(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(FUNCTIONS, "utf-8")
    server = Server("documented", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py"))
    async with server.running(), connect(server) as client:
        [tool] = (await client.list_tools()).tools
        [prompt] = (await client.list_prompts()).prompts
    assert tool.description == "Greets somebody."
    properties = tool.input_schema["properties"]
    assert properties["name"]["description"] == "who is greeted."
    assert properties["tier"]["description"] == "Its own words."
    assert prompt.description == "Reviews code."
    assert [argument.description for argument in prompt.arguments or ()] == ["what is reviewed."]
