"""The language in which a part of the fleet is named: `state:failed group:gpu err>0 -name:test`. Pure.

Terms with spaces between them must all hold; a comma stands for "or", a minus before a term for "not". A word without
a field is sought in id, name, group and labels.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from operator import eq, ge, gt, le, lt, ne
from typing import NamedTuple

from overnight.state.measures import span_of
from overnight.state.queue import Stand
from overnight.state.records import Records
from overnight.state.status import Status, is_trouble
from overnight.state.summary import estimate_of, percent_of, rate_of
from overnight.tui.state_groups import NAMED

_TERM = re.compile(r"(?P<not>-?)(?P<field>[a-z]+)(?P<sign>:|[<>]=?|!?=)(?P<value>.*)", re.DOTALL)
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}


class Subject(NamedTuple):
    """A run at one moment, as far as a filter looks at it."""

    records: Records
    status: Status
    now: float
    stand: Stand | None = None
    """Of a queued run: what it waits for."""

    @property
    def is_trouble(self) -> bool:
        """Somebody should look."""
        return is_trouble(self.records, self.status) or (self.stand is not None and self.stand.is_hopeless)


Test = Callable[[Subject], bool]


class BadFilter(ValueError):
    """What is typed names nothing: what, and what was meant."""


class Filter(NamedTuple):
    """What must hold of a run."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def passes(self, subject: Subject) -> bool:
        return all(test(subject) for test in self.tests)


EVERY_RUN = Filter()


def filter_of(text: str) -> Filter:
    """Raises BadFilter."""
    return Filter(" ".join(text.split()), tuple(map(test_of_word, words_of(text))))


def words_of(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        # A quote that is not closed yet is a part of the word.
        return text.split()


def is_term(word: str) -> bool:
    """Whether it compares a field; else it is sought as it stands."""
    return _TERM.fullmatch(word) is not None


def is_sought(records: Records, text: str) -> bool:
    """Whether a run's id, name, group or labels have the text; capitals do not matter."""
    spec = records.spec
    texts = [records.id, *((spec.name, spec.group, *spec.labels.values()) if spec else ())]
    return any(text.lower() in each.lower() for each in texts)


def test_of_word(word: str) -> Test:
    """Raises BadFilter."""
    term = _TERM.fullmatch(word)
    if term is None:
        sought, negated = word.removeprefix("-"), word.startswith("-") and len(word) > 1
        return _unless(negated, lambda subject: is_sought(subject.records, sought if negated else word))
    field, sign, value = term["field"], term["sign"], term["value"]
    if field in _WORDS:
        if sign not in {":", "=", "!="}:
            raise BadFilter(f"{field}{sign}: {field} is a word; {field}:{value or 'WORD'}")
        test = _any_of(_WORDS[field], value)
        return _unless(bool(term["not"]) != (sign == "!="), test)
    if field in _NUMBERS:
        return _unless(bool(term["not"]), _compared(field, "=" if sign == ":" else sign, value))
    near = get_close_matches(field, [*_WORDS, *_NUMBERS], 1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join([*_WORDS, *_NUMBERS])}"
    raise BadFilter(f"{field}: no such field; {meant}")


def _unless(negated: bool, test: Test) -> Test:
    return (lambda subject: not test(subject)) if negated else test


def _any_of(test_of: Callable[[str], Test], value: str) -> Test:
    tests = [test_of(each) for each in value.split(",")]
    return lambda subject: any(test(subject) for test in tests)


def _compared(field: str, sign: str, value: str) -> Test:
    read, number_of = _NUMBERS[field]
    if not value:
        # Half typed: nothing is left out by it yet.
        return lambda subject: True
    try:
        limit = number_of(value)
    except ValueError:
        raise BadFilter(f"{field}{sign}{value}: {value!r} is no number") from None
    compare = _COMPARISONS[sign]

    def test(subject: Subject) -> bool:
        known = read(subject)
        return known is not None and compare(known, limit)

    return test


# -- words


def _state(value: str) -> Test:
    """What begins so: of the states themselves, and of the words that the header counts them by."""
    word = value.lower().replace(" ", "-")
    groups = (members for name, members in NAMED.items() if name.startswith(word))
    states = frozenset(each for each in Status if each.startswith(word)).union(*groups)
    if not states:
        near = get_close_matches(word, [*map(str, Status), *NAMED], 1)
        raise BadFilter(f"state:{value}: no such state{f'; did you mean {near[0]}?' if near else ''}")
    trouble = "trouble".startswith(word)
    return lambda subject: subject.status in states or (trouble and subject.is_trouble)


def _text(read: Callable[[Records], str]) -> Callable[[str], Test]:
    """A part of it, or all of it where there are stars."""

    def test_of(value: str) -> Test:
        pattern = value.lower() if "*" in value else f"*{value.lower()}*"
        return lambda subject: fnmatchcase(read(subject.records).lower(), pattern)

    return test_of


def _label(value: str) -> Test:
    """`label:team`: it has one of this name; `label:team=a`: with this value."""
    name, given, wanted = value.partition("=")

    def test(subject: Subject) -> bool:
        labels = subject.records.spec.labels if subject.records.spec else {}
        return name in labels and (not given or labels[name] == wanted)

    return test


_WORDS: Mapping[str, Callable[[str], Test]] = {
    "state": _state,
    "name": _text(lambda records: records.spec.name if records.spec else records.id),
    "group": _text(lambda records: records.spec.group if records.spec else "default"),
    "id": _text(lambda records: records.id),
    "label": _label,
}


# -- numbers


def _percent(subject: Subject) -> float | None:
    return percent_of(subject.records.progress) if subject.records.progress else None


def _left(subject: Subject) -> float | None:
    estimate = estimate_of(subject.records, subject.now)
    return estimate.likely if estimate else None


def _age(subject: Subject) -> float | None:
    return subject.now - subject.records.spec.created_at if subject.records.spec else None


_NUMBERS: Mapping[str, tuple[Callable[[Subject], float | None], Callable[[str], float]]] = {
    "err": (lambda subject: float(subject.records.errors), float),
    "percent": (_percent, lambda word: float(word.removesuffix("%"))),
    "rate": (lambda subject: rate_of(subject.records, subject.now), float),
    "eta": (_left, span_of),
    "age": (_age, span_of),
    "attempt": (lambda subject: float(subject.records.attempt.attempt if subject.records.attempt else 0), float),
}
