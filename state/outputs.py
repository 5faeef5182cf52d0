"""The outputs that a run's log counts: whether they are there, and cut to what is committed of them."""

import os
from collections.abc import Mapping

from overnight.state.appending import AppendFile
from overnight.state.atomic import discard, sync_folder


class Outputs:
    """Those of one run, as a resume finds them. Sizes are looked up once, and again after `cut_to`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._sizes: dict[str, int] = {}

    def path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def fit(self, lengths: Mapping[str, int]) -> bool:
        """Whether every one is as long as it should be."""
        sizes = self._sizes
        for name, length in lengths.items():
            if name not in sizes:
                sizes[name] = _size(self.path(name))
            if sizes[name] < length:
                return False
        return True

    def cut_to(self, lengths: Mapping[str, int]) -> None:
        """Nothing stays that was not committed."""
        for name, length in lengths.items():
            cut(self.path(name), length)

    def put_in_place(self, numbers: Mapping[str, int]) -> None:
        """Of those that are replaced as a whole, the committed content takes its place; later ones never were."""
        for name, number in numbers.items():
            path = self.path(name)
            try:
                os.replace(content_path(path, number), path)
            except FileNotFoundError:
                # It is in its place already.
                pass
            discard(content_path(path, number + 1))

    def sync(self, *names: str) -> None:
        """Wait until these are on the disk, with their names."""
        there = [path for name in names if os.path.isfile(path := self.path(name))]
        for path in there:
            file = AppendFile(path)
            try:
                file.sync_or_write_again()
            finally:
                file.close()
        for folder in {os.path.dirname(path) for path in there}:
            sync_folder(folder)


def cut(path: str, length: int) -> None:
    """Cut a file that is longer than what was committed of it."""
    if _size(path) > length:
        os.truncate(path, length)


def content_path(path: str, number: int) -> str:
    """Where content number `number` of an output that is replaced as a whole waits to be committed."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.content-{number}")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0
