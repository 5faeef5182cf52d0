"""Folders that are this user's alone, whatever the umask says: making them, and telling which are not."""

import os
import stat
from collections.abc import Iterable

FOLDER = 0o700
OTHERS = 0o077
"""The bits by which anybody else may get at something."""


def make_folder(path: str) -> None:
    """A new folder. Raises FileExistsError, OSError."""
    os.mkdir(path, FOLDER)
    # A umask may even take from the owner, who could not use the folder then.
    os.chmod(path, FOLDER)


def make_folders(path: str) -> None:
    """The folder and whatever is missing above it; what is there already stays as it is. Raises OSError."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if above != path:
        make_folders(above)
    have_folder(path)


def have_folder(path: str) -> None:
    """The folder, made unless it is there; what is above it must be. Raises OSError."""
    try:
        make_folder(path)
    except FileExistsError:
        # Somebody else was faster; a file in its place is no folder.
        if not os.path.isdir(path):
            raise


def exposure_of(paths: Iterable[str]) -> str | None:
    """One line about the folders among these that others may get at; None = they are this user's alone."""
    exposed = [(path, mode) for path in paths if (mode := _exposed_mode(path)) is not None]
    if not exposed:
        return None
    path, mode = exposed[0]
    which, them = (f"{path} and {len(exposed) - 1} more", "them") if exposed[1:] else (path, "it")
    return f"Others may get at {which} (mode {mode:04o}): `overnight doctor --repair` closes {them}."


def _exposed_mode(path: str) -> int | None:
    """The mode of a folder that others may get at; None = nobody else may, or there is no such folder."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    return stat.S_IMODE(mode) if stat.S_ISDIR(mode) and mode & OTHERS else None
