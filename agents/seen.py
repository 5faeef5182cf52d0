"""Whether a key comes twice: in a list before anything is done, in a stream within the newest keys."""

from collections.abc import Iterable

from overnight.state.errors import WrongUsage

WINDOW = 1024
"""Of a stream, at least so many newest keys are remembered, and at most twice as many."""


class DuplicateKey(WrongUsage):
    """Two items of a source have one key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"two items have the key {key!r}",
            hint="Give key= something that tells them apart, or say duplicates=True to do both.",
        )


def check_all(keys: Iterable[str]) -> None:
    """Raises DuplicateKey for the first one that comes again."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise DuplicateKey(key)
        seen.add(key)


class Seen:
    """The newest keys of a stream, in bounded memory."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: set[str] = set()
        self._old: set[str] = set()

    def check(self, key: str) -> None:
        """Raises DuplicateKey."""
        new = self._new
        if key in new or key in self._old:
            raise DuplicateKey(key)
        new.add(key)
        if len(new) >= WINDOW:
            self._old, self._new = new, set()
