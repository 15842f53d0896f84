"""The terminal workbench: build an MCP server interactively, with its core in the same process."""
