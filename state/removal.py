"""Deleting a run's folder, so that nobody sees one that is half deleted; and what launches and removals left behind."""

import errno
import os

from overnight.state import lock
from overnight.state.findings import Leftover
from overnight.state.leftovers import DOOMED, is_unlaunched, names_in


def remove_folder(path: str) -> bool:
    """Gone at once under its name. False = something of it could not be deleted. Raises OSError: it is still there."""
    folder, name = os.path.split(path)
    doomed = os.path.join(folder, f"{DOOMED}{name}")
    os.rename(path, doomed)
    return _delete(doomed)


def sweep(found: Leftover) -> bool:
    """Delete it. False = it has gone, or is none any more. Raises OSError, also where a part of it remains."""
    if not os.path.isdir(found.path):
        return False
    if os.path.basename(found.path).startswith(DOOMED):
        gone = _delete(found.path)
    else:
        held = lock.acquire(os.path.join(found.path, "lock"))
        if held is None:
            return False
        try:
            # Asked while the lock is ours: its launcher may have gone on after all.
            if not is_unlaunched(names_in(found.path)):
                return False
            gone = remove_folder(found.path)
        finally:
            os.close(held)
    if not gone:
        raise OSError(errno.ENOTEMPTY, "not everything in it could be deleted", found.path)
    return True


def _delete(path: str) -> bool:
    import shutil  # loads three compressors: too slow for every verb

    shutil.rmtree(path, ignore_errors=True)
    if os.path.isdir(path):
        # An agent may leave folders that nobody may write to, as caches do.
        _open_up(path)
        shutil.rmtree(path, ignore_errors=True)
    return not os.path.lexists(path)


def _open_up(path: str) -> None:
    _allow(path)
    for folder, folders, _ in os.walk(path):
        for each in folders:
            _allow(os.path.join(folder, each))


def _allow(folder: str) -> None:
    try:
        # Never through a link: that folder is somebody else's.
        if not os.path.islink(folder):
            os.chmod(folder, 0o700)
    except OSError:
        pass
