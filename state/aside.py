"""Setting a file aside under a name that no reader takes: nothing is ever overwritten."""

import itertools
import os

SUFFIX = ".damaged"


def set_aside(path: str) -> str:
    """Rename it; the new path. Raises OSError: it is where it was."""
    kept = keep_copy(path)
    os.unlink(path)
    return kept


def keep_copy(path: str) -> str:
    """Give what it holds a second name, with the suffix and, where that is taken, a number; the path of that one.

    Raises OSError.
    """
    for number in itertools.count(1):
        kept = f"{path}{SUFFIX}{number if number > 1 else ''}"
        try:
            os.link(path, kept)
        except FileExistsError:
            continue
        except PermissionError:
            # No hard links here: made anew, so that another one's is not overwritten either.
            if not _copied(path, kept):
                continue
        return kept
    raise AssertionError("the numbers do not end")


def _copied(path: str, kept: str) -> bool:
    """False = the name is taken. Raises OSError; nothing is left of it then."""
    try:
        target = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    try:
        with open(path, "rb") as source, open(target, "wb") as copy:
            while part := source.read(1 << 16):
                copy.write(part)
    except OSError:
        os.unlink(kept)
        raise
    return True
