"""The SHA-256 of every file of a tree, as a manifest that `sha256sum -c` reads."""

import argparse
import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from overnight.agents import Run, start
from overnight.agents.bundled import pace

BLOCK = 1 << 20
MANIFEST = "SHA256SUMS"
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r"})


class File(NamedTuple):
    """A regular file, and how large it was when it was found."""

    path: str
    size: int


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m overnight.agents.bundled.digest",
        description="Write the SHA-256 of every regular file below ROOT into the artifact SHA256SUMS. Progress and "
        "time left follow the bytes. A file that cannot be read is an item error; the run goes on.",
        epilog="To verify, from the same folder: sha256sum -c RUN-DIRECTORY/artifacts/SHA256SUMS",
    )
    parser.add_argument("root", metavar="ROOT", help="a folder; the manifest names files by this path")
    pace.add_option(parser)
    given = parser.parse_args()
    if not os.path.isdir(given.root):
        parser.error(f"not a folder: {given.root}")
    return given


def files_below(root: str, without: str) -> Iterator[File]:
    """In an order that depends on names alone. Symbolic links are not followed, and `without` is left out."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if os.path.realpath(os.path.join(folder, name)) != without)
        for name in sorted(names):
            path = os.path.join(folder, name)
            try:
                found = os.lstat(path)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(found.st_mode):
                yield File(path, found.st_size)


def digest_of(path: str, run: Run) -> str:
    """Hex digits, in constant memory. A pause is obeyed inside of a large file."""
    digest, block = sha256(), bytearray(BLOCK)
    with open(path, "rb", buffering=0) as file:
        while size := file.readinto(block):
            digest.update(memoryview(block)[:size])
            run.check()
    return digest.hexdigest()


def line_of(digest: str, path: str) -> str:
    """As coreutils writes it: a backslash in front says that the name is escaped."""
    escaped = path.translate(ESCAPES)
    return f"{'' if escaped == path else chr(92)}{digest}  {escaped}\n"


def main(run: Run) -> None:
    given = arguments()
    manifest, rhythm = run.artifact(MANIFEST), pace.Pace(run, given.pace)
    # A manifest cannot hold its own digest.
    files = list(files_below(given.root, without=os.path.realpath(run.directory)))
    for guarded in run.each(files, key=lambda file: file.path, weight=lambda file: file.size, unit="files", guard=True):
        rhythm.keep()
        with guarded as file:
            manifest.write(line_of(digest_of(file.path, run), file.path))
            run.count(bytes=file.size)


if __name__ == "__main__":
    arguments()  # A wrong option is an error of the command: no run is made for it.
    start(main)
