"""JSON schemas: patterns that are matched in bounded time, and values that are validated in bounded time."""
