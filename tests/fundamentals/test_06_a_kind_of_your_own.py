"""A kind of module is a class and its settings. A distribution brings it by one entry point, and from then on it works
in `server.toml`, on the command line and on the screens as the built-in kinds do.
"""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

WEATHER = '''
from typing import ClassVar

from mcp.types import CallToolResult, TextContent, Tool
from server_core import Module, Offer, ToolItem
from server_core.config import ModuleSettings, setting


class WeatherSettings(ModuleSettings):
    """The weather of one city."""

    module_path: ClassVar[str] = "weather_for_mcp:WeatherModule"
    kind: str = "weather"

    city: str = setting(description="Where to look.", example="Oslo")
    days: int = setting(1, description="How far to look ahead.", unit="days", ge=1, le=14)


class WeatherModule(Module):
    """Offers `weather`."""

    kind = "weather"

    def __init__(self, name, *, city, days=1, **general):
        super().__init__(name, **general)
        self.city, self.days = city, days

    async def start(self, context):
        about = "The forecast."
        tool = Tool(name=self.prefixed("weather"), description=about, input_schema={"type": "object", "properties": {}})
        context.offer(Offer(tools=[ToolItem(tool, self.weather)]))

    async def weather(self, request, arguments):
        text = f"{self.days} days of sun in {self.city}"
        return CallToolResult(content=[TextContent(type="text", text=text)])
'''

ENTRY_POINTS = """
[server_core.modules]
weather = weather_for_mcp:WeatherSettings
"""

SERVER = """
[server]
name = "forecast"

[modules.north]
kind = "weather"
city = "Tromsø"
days = 3
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built as a wheel and installed with pip, as your users would."""
    folder = tmp_path_factory.mktemp("distribution")
    wheel = folder / "mcp_weather-1.2-py3-none-any.whl"
    about = "mcp_weather-1.2.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("weather_for_mcp.py", WEATHER)
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: mcp-weather\nVersion: 1.2\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/entry_points.txt", ENTRY_POINTS)
        archive.writestr(f"{about}/RECORD", "")
    target = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", str(target), str(wheel)], check=True)
    return target


def run(installed: Path, code: str, *words: str) -> str:
    """The standard output of a Python program that has the distribution."""
    code = f"import site; site.addsitedir({str(installed)!r})\n{code}"
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    ).stdout


def workbench(installed: Path, folder: Path, *words: str) -> str:
    return run(installed, "import workbench.cli; workbench.cli.main()", "-p", str(folder), *words)


def test_the_kind_is_configured_listed_and_called(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(SERVER, "utf-8")
    modules = json.loads(workbench(installed, tmp_path, "list", "modules", "--json"))
    assert [(module["name"], module["kind"]) for module in modules] == [("north", "weather")]
    assert "3 days of sun in Tromsø" in workbench(installed, tmp_path, "call", "weather")
    assert json.loads(workbench(installed, tmp_path, "check", "--json")) == []


def test_a_kind_without_an_entry_point_is_named_by_its_class(installed: Path, tmp_path: Path) -> None:
    config = SERVER.replace('"weather"', '"weather_for_mcp:WeatherSettings"')
    (tmp_path / "server.toml").write_text(config, "utf-8")
    assert "3 days of sun in Tromsø" in workbench(installed, tmp_path, "call", "weather")


WRONG = [
    ("days = 3", "days = 30", "server.toml:8: modules.north.days must be less than or equal to 14, not 30"),
    ("days = 3", "day = 3", "server.toml:8: unknown key 'day' in modules.north; did you mean days?"),
    ('city = "Tromsø"', "", "server.toml:5: modules.north needs the key 'city'"),
    ('"weather"', '"wether"', "server.toml:6: unknown kind 'wether' in modules.north; did you mean weather?"),
    ('"weather"', '"nowhere:Kind"', "server.toml:6: modules.north: kind nowhere:Kind can't be loaded"),
    ('"weather"', '"json:loads"', "server.toml:6: modules.north: kind json:loads can't be used"),
]


def test_what_is_wrong_with_its_table_is_said_with_the_line(installed: Path) -> None:
    code = """
import json, sys
from server_core.config import ConfigError, parse_config

for text in json.loads(sys.argv[1]):
    try:
        parse_config(text)
    except ConfigError as error:
        print(error)
"""
    texts = [SERVER.replace(before, after) for before, after, _says in WRONG]
    said = run(installed, code, json.dumps(texts)).splitlines()
    assert len(said) == len(WRONG)
    for line, (_before, _after, says) in zip(said, WRONG, strict=True):
        assert line.startswith(says)


def test_a_script_names_the_distribution_in_its_header(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(SERVER, "utf-8")
    script = tmp_path / "forecast.py"
    workbench(installed, tmp_path, "export", "-o", str(script))
    text = script.read_text("utf-8")
    assert "mcp-weather>=1.2" in text.partition("# ///\n")[0]
    assert "from weather_for_mcp import WeatherModule" in text
    assert 'server.add(WeatherModule("north", city="Tromsø", days=3))' in text
    code = """
import asyncio, runpy, sys

from server_core.testing import connect

async def main():
    server = runpy.run_path(sys.argv[1])["build"]()
    async with server.running(), connect(server) as client:
        print((await client.call_tool("weather", {})).content[0].text)

asyncio.run(main())
"""
    assert "3 days of sun" in run(installed, code, str(script))
