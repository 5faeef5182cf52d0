"""The chained hash of a source's keys: proves that an order is unchanged without remembering it. Pure.

Keys are hashed in blocks, each block's hash keyed with the one before, so that the state is a few bytes that a
head can hold. Some hashes on the way are kept too: an order that changed is found out soon after its change,
before more items than lie between two of them had to be held back.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from json.encoder import encode_basestring_ascii as quote
from typing import Any

BLOCK = 256
"""Keys hashed at once; fewer than that are kept as they are."""
MARKS = 1024
"""The most hashes on the way that are kept; when there are more, every second one goes."""
LONGEST = 10_000
"""Characters of a key; of a longer one a digest stands for it: those that are kept lie in every head."""
DIGITS = 16
"""Hex digits of a hash."""


class Chain:
    """The first `length` keys of a source, in constant memory."""

    __slots__ = ("digest", "length", "marks", "spacing", "waiting")

    def __init__(self) -> None:
        self.length = 0
        self.digest = ""
        """Of all whole blocks, in hex digits; empty = there is none yet."""
        self.waiting: list[str] = []
        """The keys behind the last whole block."""
        self.spacing = BLOCK
        self.marks: list[str] = []
        """The digests at each `spacing` keys."""

    def add(self, key: str) -> None:
        self.waiting.append(key)
        self.length += 1
        if not self.length % BLOCK:
            self._close_block()

    def extend(self, keys: Sequence[str]) -> None:
        """Add some keys."""
        start = 0
        while start < len(keys):
            some = keys[start : start + BLOCK - len(self.waiting)]
            self.waiting += some
            self.length += len(some)
            start += len(some)
            if not self.length % BLOCK:
                self._close_block()

    def _close_block(self) -> None:
        self.digest = blake2b(_bytes_of(self.waiting), digest_size=8, key=bytes.fromhex(self.digest)).hexdigest()
        self.waiting = []
        if not self.length % self.spacing:
            self.marks.append(self.digest)
            if len(self.marks) > MARKS:
                self.marks = self.marks[1::2]
                self.spacing *= 2

    def copy(self) -> "Chain":
        twin = Chain()
        twin.length, twin.digest, twin.spacing = self.length, self.digest, self.spacing
        twin.waiting, twin.marks = list(self.waiting), list(self.marks)
        return twin

    def agrees_with(self, longer: "Chain") -> bool:
        """Whether these are the first keys of `longer`, as far as a hash on the way can tell."""
        if self.length == longer.length:
            return self.digest == longer.digest and _shortened(self.waiting) == _shortened(longer.waiting)
        if self.waiting or self.length % longer.spacing or not self.length:
            return True
        return longer.marks[self.length // longer.spacing - 1] == self.digest

    def plain(self) -> dict[str, Any]:
        return {
            "watermark": self.length,
            "hash": self.digest,
            "newest": _shortened(self.waiting),
            "spacing": self.spacing,
            "marks": "".join(self.marks),
        }


def _bytes_of(keys: Sequence[str]) -> bytes:
    """A key ends where it ends: ("ab", "c") is not ("a", "bc")."""
    joined = "\0".join(keys)
    if len(joined) > LONGEST:
        keys = _shortened(keys)
        joined = "\0".join(keys)
    if joined.count("\0") != len(keys) - 1:
        joined = "".join(map(quote, keys))
    return joined.encode("utf-8", "surrogatepass")


def _shortened(keys: Sequence[str]) -> list[str]:
    """Shortening what was shortened changes nothing."""
    if max(map(len, keys), default=0) <= LONGEST:
        return list(keys)
    return [key if len(key) <= LONGEST else blake2b(key.encode("utf-8", "surrogatepass")).hexdigest() for key in keys]


def chain_of(plain: Mapping[str, Any]) -> Chain:
    """What `plain` gave. Raises KeyError, TypeError, ValueError for anything else."""
    chain = Chain()
    chain.length, chain.spacing = int(plain["watermark"]), int(plain["spacing"])
    chain.digest, chain.waiting, marks = str(plain["hash"]), [str(key) for key in plain["newest"]], str(plain["marks"])
    bytes.fromhex(chain.digest + marks)
    chain.marks = [marks[start : start + DIGITS] for start in range(0, len(marks), DIGITS)]
    whole = chain.length - len(chain.waiting)
    fits = len(chain.waiting) < BLOCK and not whole % BLOCK and not chain.spacing % BLOCK and chain.spacing > 0
    if not fits or len(chain.marks) != whole // chain.spacing:
        raise ValueError("a watermark that its hashes do not fit")
    return chain
