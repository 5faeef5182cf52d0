"""Which known word somebody may have meant."""

from collections.abc import Iterable

LIKENESS = 0.75
"""How much alike two words must be, 0 to 1: with two letters swapped they are, with another ending mostly not."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one that is most like it; None = none is much like it."""
    from difflib import get_close_matches  # rare: most words are right

    return next(iter(get_close_matches(word, known, 1, LIKENESS)), None)
