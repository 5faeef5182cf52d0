"""The two themes, and their colours beyond Textual's own variables."""

from textual.theme import Theme

DARK = Theme(
    name="overnight-dark",
    dark=True,
    primary="#7aa2f7",
    secondary="#8a93b5",
    accent="#e0af68",
    foreground="#c8cede",
    background="#14161f",
    surface="#1a1d29",
    panel="#212536",
    success="#7ec699",
    warning="#e5b567",
    error="#f0717b",
    variables={
        "role-held": "#6cb6eb",
        "role-magenta": "#c792ea",
        "role-done": "#6f9c80",
        "role-dim": "#7c84a3",
        "role-rest": "#3a4058",
        "role-bar": "#7aa2f7",
        "ground-cursor": "#2a3048",
        "ground-band": "#1d2130",
    },
)
LIGHT = Theme(
    name="overnight-light",
    dark=False,
    primary="#2f5fc4",
    secondary="#5b6380",
    accent="#9a5b00",
    foreground="#23283a",
    background="#fafaf7",
    surface="#f1f1ec",
    panel="#e7e7e0",
    success="#1f7a45",
    warning="#8f5e00",
    error="#b8303b",
    variables={
        "role-held": "#17709f",
        "role-magenta": "#8b3fb0",
        "role-done": "#4d7d5f",
        "role-dim": "#6b7186",
        "role-rest": "#c4c7d2",
        "role-bar": "#2f5fc4",
        "ground-cursor": "#dde4f6",
        "ground-band": "#ecece6",
    },
)
THEMES = (DARK, LIGHT)
