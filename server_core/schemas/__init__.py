"""JSON schemas: patterns matched and values validated in bounded time."""
