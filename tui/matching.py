"""How well a text fits what somebody types to choose it. Pure.

Each word must be found: at the very beginning, as a whole word, at the beginning of one, inside of one, or as letters
of one in this order.
"""

from collections.abc import Callable, Iterable
from heapq import nsmallest
from typing import TypeVar

T = TypeVar("T")

FIRST, WHOLE, BEGINNING, INSIDE, LETTERS = 16, 8, 4, 2, 1
SURE = 1000
"""Is added where no word had to be found by its letters: beside such a text the others are not meant."""
FEWEST_LETTERS = 3
"""Fewer letters in some order are in everything."""


def fit_of(sought: str, text: str) -> int:
    """The higher the better; 0 = it does not fit. Capitals do not matter; nothing sought fits everything."""
    text, total, sure = text.lower(), 1, SURE
    for word in sought.lower().split():
        fit = _fit_of_word(word, text)
        if not fit:
            return 0
        if fit == LETTERS:
            sure = 0
        total += fit
    return total + sure


def _fit_of_word(word: str, text: str) -> int:
    at = text.find(word)
    if at < 0:
        return LETTERS if len(word) >= FEWEST_LETTERS and any(_has_letters(word, each) for each in text.split()) else 0
    best = FIRST if at == 0 else INSIDE
    while at >= 0:
        end = at + len(word)
        if at == 0 or not text[at - 1].isalnum():
            if end == len(text) or not text[end].isalnum():
                return max(best, WHOLE)
            best = max(best, BEGINNING)
        at = text.find(word, at + 1)
    return best


def _has_letters(word: str, text: str) -> bool:
    """In this order, with the first at its beginning."""
    rest = iter(text)
    return text.startswith(word[0]) and all(letter in rest for letter in word)


def best_of(things: Iterable[T], fit: Callable[[T], int], most: int) -> list[T]:
    """Those that fit, the best first; of equal ones, the one that came first."""
    fitting = ((-found, place, thing) for place, thing in enumerate(things) if (found := fit(thing)))
    best = nsmallest(most, fitting, key=lambda each: each[:2])
    least = SURE if best and -best[0][0] >= SURE else 1
    return [thing for worse, _, thing in best if -worse >= least]
