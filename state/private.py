"""Folders that are this user's alone, whatever the umask says: making them, and telling which are not."""

import os
import stat

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
    try:
        make_folder(path)
    except FileExistsError:
        # Somebody else was faster; a file in its place is no folder.
        if not os.path.isdir(path):
            raise


def exposed_mode(path: str) -> int | None:
    """The mode of a folder that others may get at; None = nobody else may, or there is no such folder."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    return stat.S_IMODE(mode) if stat.S_ISDIR(mode) and mode & OTHERS else None
