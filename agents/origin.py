"""Which source an attempt runs: its main script and the modules beside it, put on record where that has changed.

A run whose agent was edited between two attempts goes on: its author wants just that. But whoever wonders later why
the second half of the output looks different finds the answer in the history.
"""

import os
import sys
import time
from collections.abc import Iterator
from types import ModuleType

from overnight.state import codec
from overnight.state.atomic import append_line
from overnight.state.newest import newest_of
from overnight.state.records import Origin
from overnight.state.rundir import RunDir, open_to_read

MOST = 256
"""Files of an agent that are looked at: its script, and modules by their names."""
LARGEST, CHUNK = 1 << 20, 1 << 16
"""Bytes of a file that are looked at, and at once. Of a larger one its length counts, too."""
INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders of what others have written."""
STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


def note_origin(run: RunDir, attempt: int) -> None:
    """Add a line to the run's origins.jsonl if this process runs another source than its last line says, or there
    is none. A process without any file (`python -c`) has no source.

    Of the modules those count that are imported by now, and lie in the folder of the script or below it; of a module
    that was started with `-m`, in the folder that holds its package. Raises OSError where there is no room for the
    line: the run need not wait for it.
    """
    path, now = run.origins_path, _origin(attempt)
    if now is None or (os.path.lexists(path) and not os.path.isfile(path)):
        return
    before = newest_of(Origin, path).records
    if not before or before[-1].digest != now.digest:
        append_line(path, _line_end_missing(path) + codec.encode(now))


def _origin(attempt: int) -> Origin | None:
    script = _main_script()
    if script is None:
        return None
    root = _root_of(script)
    modules = dict(_modules_in(root))
    paths = {_name_in(root, script): script, **{name: modules[name] for name in sorted(modules)[: MOST - 1]}}
    files = {name: digest for name, path in paths.items() if (digest := _digest_of(path)) is not None}
    return Origin(time.time(), attempt, _digest_of_all(files), files) if files else None


def _main_script() -> str | None:
    """The file that was started; of a zipped agent the archive."""
    started = (getattr(sys.modules["__main__"], "__file__", None), *sys.argv[:1])
    return next((os.path.realpath(path) for path in started if path and os.path.isfile(path)), None)


def _root_of(script: str) -> str:
    folder = os.path.dirname(script)
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    packages = spec.name.split(".")[:-1] if spec is not None else []
    inside = os.sep.join(["", *packages])
    root = folder.removesuffix(inside)
    if os.path.basename(root) in INSTALLED:
        # Beside it lies what others have written.
        return os.path.join(root, packages[0] if packages else os.path.basename(script))
    return root


def _modules_in(root: str) -> Iterator[tuple[str, str]]:
    """Name and path of each file of source below `root` that was imported, but for our own and what is installed."""
    # Links are followed once for each folder: there may be a thousand modules.
    folders: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        path = _source_of(module)
        if path is None or name.partition(".")[0] == "overnight" or path.startswith(STANDARD_LIBRARY):
            continue
        folder, file = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        path = os.path.join(folders[folder], file)
        inside = _name_in(root, path)
        if inside != path and INSTALLED.isdisjoint(inside.split(os.sep)):
            yield inside, path


def _source_of(module: object) -> str | None:
    """Asked past the module itself: one that is loaded when it is first used must not be loaded by this."""
    if not isinstance(module, ModuleType):
        return None
    path = object.__getattribute__(module, "__dict__").get("__file__")
    return path if isinstance(path, str) and path.endswith(".py") else None


def _name_in(root: str, path: str) -> str:
    """The path from `root` on; as it is where it does not lie below it."""
    return path.removeprefix(root.rstrip(os.sep) + os.sep)


def _digest_of(path: str) -> str | None:
    """None = it cannot be read."""
    from hashlib import blake2b  # slow to import, and nobody else needs it

    digest = blake2b(digest_size=6)
    try:
        with open_to_read(path) as file:
            digest.update(b"%d " % os.fstat(file.fileno()).st_size)
            while file.tell() < LARGEST and (part := file.read(CHUNK)):
                digest.update(part)
    except OSError:
        return None
    return digest.hexdigest()


def _digest_of_all(files: dict[str, str]) -> str:
    from hashlib import blake2b

    return blake2b(codec.to_json(files), digest_size=8).hexdigest()


def _line_end_missing(path: str) -> bytes:
    """What has to stand before a new line: an earlier one may have been torn by a full disk."""
    try:
        with open_to_read(path) as file:
            file.seek(-1, os.SEEK_END)
            return b"" if file.read() == b"\n" else b"\n"
    except OSError:
        return b""
