"""Whether a key comes twice: in a list before anything is done, in a stream within the newest keys."""

from collections.abc import Iterable

from overnight.state.errors import WrongUsage
from overnight.state.standing import key_of

WINDOW = 1024
"""Of a stream, at least so many newest keys are remembered, and at most twice as many."""


class DuplicateKey(WrongUsage):
    """Two items of a source have one key."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            f"two items have the key {key_of(identity)!r}",
            hint="Give key= something that tells them apart, or say duplicates=True to do both.",
        )


def check_all(identities: Iterable[str]) -> None:
    """Raises DuplicateKey for the first one that comes again."""
    seen: set[str] = set()
    for identity in identities:
        if identity in seen:
            raise DuplicateKey(identity)
        seen.add(identity)


class Seen:
    """The newest keys of a stream, in bounded memory."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: set[str] = set()
        self._old: set[str] = set()

    def check(self, identity: str) -> None:
        """Raises DuplicateKey."""
        new = self._new
        if identity in new or identity in self._old:
            raise DuplicateKey(identity)
        new.add(identity)
        if len(new) >= WINDOW:
            self._old, self._new = new, set()
