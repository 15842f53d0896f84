"""A plain Python file becomes tools, resources and prompts, and is taken over again when it is saved."""

from __future__ import annotations

import base64
import math
import threading
from pathlib import Path

import pytest
from mcp import Client, MCPError

from server_core.events import (
    ClientsNotified,
    FunctionsReloaded,
    ModuleNoted,
    ModuleStarted,
    RequestProgressed,
)
from server_core.modules.functions import FunctionsModule
from server_core.server import Server
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect, expect

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])

HEAD = "from server_core import Context, ToolError, prompt, resource, task, tool\n"


def served(tmp_path: Path, code: str, *, reload: bool = False) -> Server:
    (tmp_path / "tools.py").write_text(HEAD + code)
    server = Server("s", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py", reload=reload))
    return server


async def call(client: Client, name: str, /, **arguments: object) -> str:
    result = await client.call_tool(name, arguments)
    return result.content[0].text  # type: ignore[union-attr]


def reason(server: Server) -> str:
    return server.inspect().modules[0].reason


@REVISIONS
async def test_tools_resources_templates_and_prompts_are_offered(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    server = served(
        tmp_path,
        '''
@tool(read_only=True, title="Adds")
async def add(a: int, b: int = 1) -> int:
    """Adds two numbers."""
    return a + b

@resource("note://hello")
def hello() -> str:
    return "hi"

@resource("note://{name}/raw")
def raw(name: str) -> bytes:
    return name.encode()

@resource("note://{name}/data")
def data(name: str) -> dict[str, str]:
    return {"name": name}

@prompt
def ask(topic: str, tone: str = "plain") -> str:
    """Asks."""
    return f"{tone} {topic}"
''',
    )
    async with server.running(), connect(server, protocol) as client:
        (tool,) = (await client.list_tools()).tools
        assert (tool.name, tool.title, tool.description) == ("add", "Adds", "Adds two numbers.")
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        result = await client.call_tool("add", {"a": 2})
        assert result.structured_content == {"result": 3}
        assert (await client.read_resource("note://hello")).contents[0].text == "hi"  # type: ignore[union-attr]
        assert (await client.read_resource("note://x/raw")).contents[0].blob == "eA=="  # type: ignore[union-attr]
        content = (await client.read_resource("note://x/data")).contents[0]
        assert content.mime_type == "application/json"
        (ask,) = (await client.list_prompts()).prompts
        assert [(each.name, each.required) for each in ask.arguments or ()] == [
            ("topic", True),
            ("tone", False),
        ]
        rendered = await client.get_prompt("ask", {"topic": "rain"})
        assert rendered.messages[0].content.text == "plain rain"  # type: ignore[union-attr]


async def test_wrong_arguments_are_told_in_plain_words(tmp_path: Path) -> None:
    server = served(tmp_path, "@tool\ndef add(a: int, b: int) -> int:\n    return a + b\n")
    async with server.running(), connect(server) as client:
        text = await call(client, "add", a="x")
        assert "a: input should be a valid integer" in text
        assert "b: is missing" in text
        assert "pydantic" not in text


async def test_wrong_arguments_never_count_at_a_breaker(tmp_path: Path) -> None:
    server = served(tmp_path, '@tool(breaker="b")\ndef add(a: int) -> int:\n    return a\n')
    async with server.running(), connect(server) as client:
        for _ in range(10):
            await client.call_tool("add", {"a": "x"})
        assert server.inspect().breakers[0].failures == 0


@pytest.mark.parametrize("expression", ["math.nan", "[1.0, math.inf]", "{'a': {'b': -math.inf}}"])
async def test_nan_is_refused_and_not_made_null(tmp_path: Path, expression: str) -> None:
    server = served(tmp_path, f"import math\n@tool\ndef odd() -> object:\n    return {expression}\n")
    async with server.running(), connect(server) as client:
        result = await client.call_tool("odd", {})
        assert result.is_error
        assert "NaN or an infinity" in result.content[0].text  # type: ignore[union-attr]
    assert math.isnan(math.nan)


async def test_a_result_that_does_not_fit_its_annotation_is_explained(tmp_path: Path) -> None:
    server = served(tmp_path, "@tool\ndef odd() -> int:\n    return 'x'\n")
    async with server.running(), connect(server) as client:
        assert "does not match its return annotation" in await call(client, "odd")


async def test_a_synchronous_function_runs_on_a_thread_of_its_own_and_reports_progress(
    tmp_path: Path,
) -> None:
    server = served(
        tmp_path,
        """
import threading
@tool
def where(ctx: Context) -> str:
    ctx.progress(1, 2, "half")
    return threading.current_thread().name
""",
    )
    async with server.running(), connect(server) as client:
        async with expect(server.bus, RequestProgressed) as progressed:
            assert await call(client, "where") != threading.current_thread().name
        assert progressed.result().message == "half"


@REVISIONS
async def test_progress_reaches_the_client(tmp_path: Path, protocol: ProtocolRevision) -> None:
    server = served(
        tmp_path,
        "@tool\nasync def slow(ctx: Context) -> str:\n    await ctx.report_progress(1, 4, 'a')\n    return ''\n",
    )
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with server.running(), connect(server, protocol) as client:
        await client.call_tool("slow", {}, progress_callback=hear)
    assert heard == [(1.0, 4.0, "a")]


async def test_a_function_calls_other_tools_and_reads_resources_of_its_server(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        """
@resource("note://n")
def note() -> str:
    return "7"

@tool
def double(n: int) -> int:
    return 2 * n

@tool
async def both(ctx: Context) -> str:
    (content,) = await ctx.read("note://n")
    result = await ctx.call_tool("double", {"n": int(content.text)})
    return str(result.structured_content)
""",
    )
    async with server.running(), connect(server) as client:
        assert await call(client, "both") == "{'result': 14}"


async def test_a_cached_tool_runs_once_for_the_same_arguments(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        "n = 0\n@tool(cached=True)\ndef count(a: int) -> int:\n    global n\n    n += 1\n    return n\n",
    )
    async with server.running(), connect(server) as client:
        assert [await call(client, "count", a=a) for a in (1, 1, 2, 1)] == ["1", "1", "2", "1"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def f(:\n", "tools.py:2: invalid syntax"),
        ("\n1 / 0\n", "tools.py:3: ZeroDivisionError"),
        ("import sys\nsys.exit(1)\n", "tools.py:3: SystemExit"),
    ],
)
async def test_a_file_that_cannot_be_served_says_where_and_why(tmp_path: Path, code: str, says: str) -> None:
    server = served(tmp_path, code)
    async with server.running():
        assert says in reason(server)


async def test_a_missing_file_says_so(tmp_path: Path) -> None:
    server = Server("s", base=tmp_path)
    server.add(FunctionsModule("tools", path="nothing.py"))
    async with server.running():
        assert "There is no Python file" in reason(server)


async def test_a_saved_file_is_taken_over_in_place_and_clients_are_told(tmp_path: Path) -> None:
    server = served(tmp_path, "@tool\ndef a() -> str:\n    return 'old'\n", reload=True)
    async with server.running(), connect(server) as client, client.listen(tools_list_changed=True) as events:
        assert await call(client, "a") == "old"
        async with expect(server.bus, FunctionsReloaded) as reloaded:
            (tmp_path / "tools.py").write_text(
                HEAD
                + "@tool\ndef a() -> str:\n    return 'new'\n@tool\ndef b(n: int) -> str:\n    return 'b'\n"
            )
        assert reloaded.result().added == ("b",)
        assert type(await anext(events)).__name__ == "ToolsListChanged"
        assert await call(client, "a") == "new"


async def test_a_broken_save_keeps_the_old_functions_and_a_mended_one_is_taken_over(tmp_path: Path) -> None:
    server = served(tmp_path, "@tool\ndef a() -> str:\n    return 'old'\n", reload=True)
    async with server.running(), connect(server) as client:
        async with expect(server.bus, ModuleNoted) as noted:
            (tmp_path / "tools.py").write_text("def broken(:\n")
        assert noted.result() == ModuleNoted(
            "tools", "tools.py:1: invalid syntax; the old functions stay available", trouble=True
        )
        assert server.inspect().modules[0].trouble
        assert await call(client, "a") == "old"
        async with expect(server.bus, FunctionsReloaded):
            (tmp_path / "tools.py").write_text(HEAD + "@tool\ndef a() -> str:\n    return 'new'\n")
        assert await call(client, "a") == "new"
        assert not server.inspect().modules[0].trouble


@pytest.mark.parametrize("broken", ["tools.py", "helpers.py"])
async def test_a_file_that_was_broken_at_the_start_is_loaded_once_it_is_fixed(
    tmp_path: Path, broken: str
) -> None:
    fixed = {
        "tools.py": HEAD + "import helpers\n@tool\ndef one() -> int: return helpers.ONE\n",
        "helpers.py": "ONE = 1\n",
    }
    for name, text in fixed.items():
        (tmp_path / name).write_text("def (" if name == broken else text)
    server = Server("s", base=tmp_path)
    server.add(FunctionsModule("tools", path="tools.py"))
    async with server.running(), connect(server) as client:
        assert server.inspect().modules[0].status == "failed"
        async with expect(server.bus, ModuleStarted):
            (tmp_path / broken).write_text(fixed[broken])
        assert await call(client, "one") == "1"


async def test_clients_are_told_only_of_lists_that_are_others_now(tmp_path: Path) -> None:
    first = "@tool\ndef a() -> str:\n    return 'old'\n\n@prompt\ndef a_prompt() -> str:\n    return 'old'\n"
    server = served(tmp_path, first, reload=True)
    told: list[str] = []
    async with server.running(), connect(server, OLDEST) as client:
        await client.list_tools()
        server.bus.subscribe(
            lambda event: told.append(event.fact.kind) if isinstance(event.fact, ClientsNotified) else None
        )
        async with expect(server.bus, FunctionsReloaded):
            (tmp_path / "tools.py").write_text(HEAD + first.replace("'old'", "'new'"))
        async with expect(server.bus, ClientsNotified):
            (tmp_path / "tools.py").write_text(HEAD + first + "@tool\ndef b() -> str:\n    return 'b'\n")
    assert told == ["tools"]


async def test_marked_functions_can_be_given_without_a_file(tmp_path: Path) -> None:
    from server_core import tool

    @tool
    def hello(name: str) -> str:
        return f"hello {name}"

    server = Server("s", base=tmp_path)
    server.add(FunctionsModule("tools", functions=[hello]))
    async with server.running(), connect(server) as client:
        assert await call(client, "hello", name="you") == "hello you"


async def test_a_path_that_leads_elsewhere_is_refused_in_a_template(tmp_path: Path) -> None:
    server = served(tmp_path, '@resource("x://{+path}")\ndef f(path: str) -> str:\n    return path\n')
    async with server.running(), connect(server) as client:
        for uri in ("x://../../etc/passwd", "x:///etc/passwd", "x://%2e%2e/secret"):
            with pytest.raises(MCPError, match="leads outside"):
                await client.read_resource(uri)


@REVISIONS
async def test_bytes_are_an_embedded_resource_whatever_is_in_them(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    server = served(tmp_path, "@tool\ndef every_byte() -> bytes:\n    return bytes(range(256))\n")
    async with server.running(), connect(server, protocol) as client:
        [tool] = (await client.list_tools()).tools
        assert tool.output_schema is None
        result = await client.call_tool("every_byte", {})
    [block] = result.content
    assert not result.is_error
    assert base64.b64decode(block.resource.blob) == bytes(range(256))  # type: ignore[union-attr]


@REVISIONS
async def test_pictures_among_texts_are_content_blocks(tmp_path: Path, protocol: ProtocolRevision) -> None:
    tools = (
        "from mcp.server.mcpserver import Image\n\n@tool\ndef picture() -> list:\n"
        "    return ['look', Image(data=b'png', format='png')]\n"
    )
    server = served(tmp_path, tools)
    async with server.running(), connect(server, protocol) as client:
        result = await client.call_tool("picture", {})
    assert not result.is_error
    assert [block.type for block in result.content] == ["text", "image"]


@REVISIONS
@pytest.mark.parametrize("annotation", ["", " -> object", " -> list[object]"])
async def test_what_has_no_text_of_its_own_is_no_answer(
    tmp_path: Path, protocol: ProtocolRevision, annotation: str
) -> None:
    made = "[Thing()]" if "list" in annotation else "Thing()"
    server = served(
        tmp_path, f"class Thing:\n    pass\n\n@tool\ndef thing(){annotation}:\n    return {made}\n"
    )
    async with server.running(), connect(server, protocol) as client:
        result = await client.call_tool("thing", {})
    assert result.is_error
    assert "a value of type Thing, which JSON can't represent" in str(result.content)


async def test_a_module_can_be_named_instead_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named_tools.py").write_text(HEAD + "@tool\ndef one() -> int: return 1\n")
    (tmp_path / "broken_tools.py").write_text("\nimport os\nX = os.environ['NOBODY_SETS_THIS']\n")
    (tmp_path / "wrong_tools.py").write_text("1 / 0\n")
    (tmp_path / "needy_tools.py").write_text("import a_module_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    reasons = {}
    for name in ("named", "broken", "wrong", "needy", "missing"):
        server = Server("s")
        server.add(FunctionsModule("tools", module=f"{name}_tools"))
        async with server.running():
            reasons[name] = reason(server)
            assert list(server.registry.tools) == (["one"] if name == "named" else [])
    assert reasons == {
        "named": "",
        "broken": "broken_tools.py:3: the environment variable NOBODY_SETS_THIS is not set",
        "wrong": "wrong_tools.py:1: ZeroDivisionError: division by zero",
        "needy": "needy_tools.py:1: ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
        "missing": "There is no module missing_tools; install it, or correct `module`",
    }


async def test_a_file_that_needs_a_variable_says_which(tmp_path: Path) -> None:
    server = served(tmp_path, "import os\nX = os.environ['NOBODY_SETS_THIS']\n")
    async with server.running():
        assert reason(server) == "tools.py:3: the environment variable NOBODY_SETS_THIS is not set"
