"""What somebody copies: always into a file of the home, and as far as it takes it to the terminal's clipboard."""

import os

from overnight.state import atomic
from overnight.state.home import Home
from overnight.tui import view

NAME = "copied.txt"
MOST = 74_000
"""Bytes that are given to a clipboard: of more, terminals take a part or nothing (OSC 52 carries 100,000 at most)."""


def keep(home: Home, text: str) -> str:
    """Put it into the file of what was copied last, for this user alone; returns its path. Raises HomeUnusable."""
    path = os.path.join(home.path, NAME)
    try:
        atomic.replace(path, text.encode() + b"\n", mode=0o600)
    except OSError as error:
        raise home.unusable(error) from None
    return path


def fits_clipboard(text: str) -> bool:
    return len(text.encode()) <= MOST


def copied_words(what: str, text: str, path: str) -> str:
    """What is told of it."""
    if fits_clipboard(text):
        return f"Copied {what}; it is in {path}, too."
    return f"Copied {what} to {path}: {view.size(len(text.encode()))} are too much for the terminal's clipboard."
