"""Replace a file so that a reader sees the old bytes or the new, on a full disk too."""

import os
from _thread import get_ident  # `threading` gives the same, and costs a supervisor 0.1 MB
from collections.abc import Iterable


def replace(path: str, data: bytes, *, mode: int = 0o600, sync: bool = False) -> None:
    """Put `data` at `path`. On OSError the old file is as it was and no draft is left.

    Safe at a kill at any instant. Without `sync` a power cut may bring back the old bytes.
    """
    folder, name = os.path.split(path)
    # The draft lies in the same directory: a rename is atomic only within one filesystem.
    draft = os.path.join(folder, f"{_begin_of_drafts(name)}{os.getpid()}-{get_ident()}")
    try:
        write_new(draft, data, mode=mode, sync=sync)
        os.replace(draft, path)
    except BaseException:
        discard(draft)
        raise
    if sync:
        sync_folder(folder)


def sweep(folder: str, names: Iterable[str]) -> None:
    """Remove the drafts of these files that killed writers left. For whoever alone may write them now."""
    begins = tuple(map(_begin_of_drafts, names))
    try:
        found = [each for each in os.listdir(folder) if each.startswith(begins)]
    except OSError:
        return
    for each in found:
        process, _, thread = each.rpartition(".")[2].partition("-")
        # Others have hidden files, too, that begin so.
        if process.isdecimal() and thread.isdecimal():
            discard(os.path.join(folder, each))


def _begin_of_drafts(name: str) -> str:
    return f".{name}."


def sync_file(path: str) -> None:
    """Wait until what is in a file is on the disk, whoever wrote it. A file that is gone is no error."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: str) -> None:
    """Wait until the names in a folder are on the disk: syncing a file does not do that."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: str, data: bytes, *, mode: int = 0o600, sync: bool = False) -> None:
    """Write `data` to `path` and check that the close worked: a full disk may show itself only there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        write_all(descriptor, data)
        if sync:
            os.fsync(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: a full disk takes a part first and refuses after."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def append_line(path: str, line: bytes, *, mode: int = 0o600) -> None:
    """Add one line with a single write where the kernel takes it whole."""
    # Without waiting: a FIFO in the place of the file would hold its writer for ever.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, mode)
    try:
        write_all(descriptor, line)
    finally:
        os.close(descriptor)


def discard(path: str) -> None:
    """Remove a file of our own that may not be there."""
    try:
        os.unlink(path)
    except OSError:
        pass
