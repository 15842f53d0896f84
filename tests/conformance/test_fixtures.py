"""The fixtures of the conformance suite load, and go by the names that it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_core.testing import connect
from tests.conformance.fixtures import conformance_server

pytestmark = pytest.mark.anyio


async def test_every_fixture_is_offered(tmp_path: Path) -> None:
    server = conformance_server(tmp_path)
    async with server.running(), connect(server) as client:
        assert {module.status for module in server.inspect().modules} == {"running"}
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
        resources = {str(resource.uri) for resource in (await client.list_resources()).resources}
    assert {
        "test_simple_text",
        "test_tool_with_progress",
        "test_elicitation",
        "test_input_required_result_elicitation",
        "test_trigger_tool_change",
        "json_schema_2020_12_tool",
        "slow_compute",
        "test_tool_with_task",
    } <= set(tools)
    assert tools["test_custom_header"].input_schema["properties"]["region"]["x-mcp-header"] == "Region"
    assert {"test_simple_prompt", "test_input_required_result_prompt"} <= prompts
    assert {"test://static-text", "test://static-binary", "test://watched-resource"} == resources
