"""The room that a pane has."""

from typing import NamedTuple

from overnight.tui.glyphs import Glyphs

TALL = 16
"""Lines from which a pane has room to say one thing a line."""


class Frame(NamedTuple):
    """The room a pane has, and how it is to be drawn."""

    width: int
    height: int
    glyphs: Glyphs
    wrap: bool = False
