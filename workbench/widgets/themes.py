"""The workbench's own themes."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="workbench-dark",
    dark=True,
    primary="#6cb6d9",
    secondary="#8f9bd4",
    accent="#e6a96b",
    success="#86c98a",
    warning="#e3c46b",
    error="#ef7b76",
    foreground="#d3d7de",
    background="#121519",
    surface="#171b20",
    panel="#20262d",
    boost="#262d35",
    variables={
        "frame": "#333c46",
        "frame-focus": "#6cb6d9",
        "muted": "#7f8a97",
        "cursor": "#2a3a47",
        "cursor-blurred": "#1f272e",
        "hover": "#1b2127",
        "block-cursor-background": "#2a3a47",
        "block-cursor-foreground": "#e8ecf1",
        "block-cursor-text-style": "none",
        "input-selection-background": "#6cb6d9 30%",
        "border": "#6cb6d9",
        "border-blurred": "#333c46",
        "scrollbar": "#333c46",
        "scrollbar-hover": "#44505c",
        "scrollbar-active": "#6cb6d9",
        "scrollbar-background": "#121519",
        "scrollbar-background-hover": "#121519",
        "scrollbar-background-active": "#121519",
        "scrollbar-corner-color": "#121519",
    },
)

LIGHT = Theme(
    name="workbench-light",
    dark=False,
    primary="#1f6f96",
    secondary="#4c5aa8",
    accent="#a85f12",
    success="#2d7a3e",
    warning="#8a6500",
    error="#b3322c",
    foreground="#2a2f36",
    background="#faf8f3",
    surface="#f4f1ea",
    panel="#ebe7dd",
    boost="#e3ded2",
    variables={
        "frame": "#cfc9bb",
        "frame-focus": "#1f6f96",
        "muted": "#757d86",
        "cursor": "#d6e4ec",
        "cursor-blurred": "#ece9e1",
        "hover": "#f1eee6",
        "block-cursor-background": "#d6e4ec",
        "block-cursor-foreground": "#1b1f24",
        "block-cursor-text-style": "none",
        "input-selection-background": "#1f6f96 25%",
        "border": "#1f6f96",
        "border-blurred": "#cfc9bb",
        "scrollbar": "#cfc9bb",
        "scrollbar-hover": "#b9b2a2",
        "scrollbar-active": "#1f6f96",
        "scrollbar-background": "#faf8f3",
        "scrollbar-background-hover": "#faf8f3",
        "scrollbar-background-active": "#faf8f3",
        "scrollbar-corner-color": "#faf8f3",
    },
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


def theme_defaults(theme: Theme) -> dict[str, str]:
    """Our own variables for a theme that lacks them, derived from its colours."""
    if theme.name in THEMES:
        return {}
    colors = theme.to_color_system().generate()
    if theme.ansi:
        return {
            "frame": "ansi_bright_black",
            "frame-focus": "ansi_blue",
            "muted": "ansi_bright_black",
            "cursor": "ansi_blue",
            "cursor-blurred": "ansi_default",
            "hover": "ansi_default",
        }
    background, foreground = Color.parse(colors["background"]), Color.parse(colors["foreground"])
    primary = Color.parse(colors["primary"])
    return {
        "frame": background.blend(foreground, 0.2).hex,
        "frame-focus": primary.hex,
        "muted": background.blend(foreground, 0.6).hex,
        "cursor": background.blend(primary, 0.3).hex,
        "cursor-blurred": background.blend(foreground, 0.08).hex,
        "hover": background.blend(foreground, 0.05).hex,
    }
