"""The widgets shared by several screens."""
