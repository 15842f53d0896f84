"""A module whose lists change by its own tools, and a tool with a schema that no function signature can say."""

from __future__ import annotations

from typing import Any

from mcp.types import CallToolResult, GetPromptResult, Prompt, PromptMessage, TextContent, Tool

from server_core import Module, ModuleContext, Offer, PromptItem, ToolItem
from server_core.request import Request
from server_core.results import text_result

NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}

SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class ChangingModule(Module):
    """Offers a tool more, or a prompt more, or neither, as its triggers are called."""

    kind = "changing"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._context: ModuleContext | None = None
        self._more_tools = False
        self._more_prompts = False

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        context.offer(self._offer())

    def _offer(self) -> Offer:
        tools = [
            _tool("test_trigger_tool_change", "Changes the list of tools.", self._change_tools),
            _tool("test_trigger_prompt_change", "Changes the list of prompts.", self._change_prompts),
            _tool(
                "json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", _given, SCHEMA_2020_12
            ),
        ]
        prompts = []
        if self._more_tools:
            tools.append(_tool("test_one_tool_more", "Comes and goes.", _given))
        if self._more_prompts:
            definition = Prompt(name="test_one_prompt_more", description="Comes and goes.")
            prompts.append(PromptItem(definition, _rendered))
        return Offer(tools=tools, prompts=prompts)

    async def _change_tools(self, _request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        assert self._context is not None
        self._more_tools = not self._more_tools
        self._context.offer(self._offer())
        await self._context.publish(tools=True)
        return text_result("The list of tools has changed.")

    async def _change_prompts(self, _request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        assert self._context is not None
        self._more_prompts = not self._more_prompts
        self._context.offer(self._offer())
        await self._context.publish(prompts=True)
        return text_result("The list of prompts has changed.")


def _tool(name: str, description: str, handler: Any, schema: dict[str, Any] = NO_ARGUMENTS) -> ToolItem:
    return ToolItem(Tool(name=name, description=description, input_schema=schema), handler)


async def _given(_request: Request, arguments: dict[str, Any]) -> CallToolResult:
    return text_result(str(arguments))


async def _rendered(_request: Request, _arguments: dict[str, str]) -> GetPromptResult:
    content = TextContent(type="text", text="One prompt more.")
    return GetPromptResult(messages=[PromptMessage(role="user", content=content)])
