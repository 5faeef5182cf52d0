"""What the palette offers for what is typed: keys, themes, `VERB RUN` and groups, the best first. Pure.

A verb and a run may be shortened: `pa cra` pauses crawl-eu-west. Only what makes sense for a run as it is now is
offered.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from overnight.state.records import Records, Verb
from overnight.state.status import HELD, LIVE, RESUMABLE, RETRYABLE, WAITING, Status
from overnight.tui import view
from overnight.tui.clean import clean
from overnight.tui.detail import Tab
from overnight.tui.glyphs import Glyphs
from overnight.tui.help import fit_of_key
from overnight.tui.keys import MOVING, Key
from overnight.tui.lines import Line, cells, cut, left, line, middle
from overnight.tui.matching import best_of, fit_of
from overnight.tui.model import Fleet

MOST = 50
"""Offers for one text: nobody reads more."""
OPEN, STACKS, RETRY, GROUP, SLOTS = "open", "stacks", "retry", "group", "slots"
EVERY = frozenset(Status)
STOPPABLE = LIVE | {Status.LOST}
POSSIBLE: Mapping[str, frozenset[Status]] = {
    OPEN: EVERY,
    Verb.PAUSE: LIVE - HELD - {Status.PAUSING, Status.STOPPING},
    Verb.RESUME: HELD | RESUMABLE | {Status.PAUSING, Status.QUEUED, Status.BACKOFF},
    Verb.CANCEL: STOPPABLE,
    Verb.KILL: STOPPABLE,
    RETRY: RETRYABLE,
    **{str(tab).lower(): EVERY for tab in (Tab.LOGS, Tab.ERRORS, Tab.HISTORY, Tab.PROGRESS, Tab.CONFIG)},
    STACKS: LIVE - WAITING,
}
"""What can be done with a run, and in which statuses."""
LONGEST = 80
"""Characters of a name that are shown."""
SLOTS_FORM = re.compile(r"(.*\S)\s+(\d{1,6}|none)")
USUAL_SLOTS = (None, 1, 2, 4, 8)
"""What is offered before a number is typed; None = no limit."""


@dataclass(frozen=True, slots=True)
class OfKey:
    """What a key does."""

    key: Key


@dataclass(frozen=True, slots=True)
class OfTheme:
    name: str


@dataclass(frozen=True, slots=True)
class OfRun:
    """One of POSSIBLE, with one run."""

    verb: str
    run_id: str


@dataclass(frozen=True, slots=True)
class OfGroup:
    """Pause or resume all of a group."""

    verb: Verb
    group: str


@dataclass(frozen=True, slots=True)
class OfSlots:
    """So many of a group's runs at once; None = no limit."""

    group: str
    slots: int | None


Offer = OfKey | OfTheme | OfRun | OfGroup | OfSlots


class Offering(NamedTuple):
    """What there is to choose from, at one moment."""

    fleet: Fleet
    themes: Sequence[str]
    texts: Mapping[str, str]
    """In which a run is looked for."""


def offering_of(fleet: Fleet, themes: Sequence[str]) -> Offering:
    return Offering(fleet, themes, {run_id: text_of(fleet.reads[run_id].records) for run_id in fleet.order})


def text_of(records: Records) -> str:
    spec = records.spec
    return " ".join((records.id, spec.name, spec.group, *spec.labels.values()) if spec else (records.id,)).lower()


def offers_of(offering: Offering, text: str) -> list[Offer]:
    """The best first; without a text, every key and theme."""
    asked = list(_asked(offering, text))[:MOST]
    named = best_of(_named(offering), partial(_fit, text.strip()), MOST)
    # A run alone means to open it. Of few letters there are too many, and keys are meant.
    runs = _runs(offering, OPEN, text, MOST - len(named)) if text.strip() and not asked else []
    return [*asked, *named, *runs]


def _named(offering: Offering) -> list[Offer]:
    """Keys that only move come last: nobody looks for them here."""
    keys = [OfKey(key) for key in offering.fleet.keys.keys if key.id != "palette"]
    keys.sort(key=lambda offer: offer.key.section == MOVING)
    return [*keys, *(OfTheme(name) for name in offering.themes)]


def _fit(sought: str, offer: Offer) -> int:
    if isinstance(offer, OfKey):
        return fit_of_key(sought, offer.key)
    return fit_of(sought, f"{words_of(offer)} theme" if isinstance(offer, OfTheme) else words_of(offer))


def _asked(offering: Offering, text: str) -> Iterator[Offer]:
    """Where it begins with a verb: what the rest names."""
    verb, space, rest = text.lstrip().partition(" ")
    if verb.lower() == GROUP:
        yield from _of_group(offering, rest.strip())
    if not (verb and space):
        return
    yield from _of_groups(offering, verb.lower(), rest)
    for each in verbs_of(verb.lower()):
        yield from _runs(offering, each, rest, MOST)


def verbs_of(word: str) -> list[str]:
    """Of POSSIBLE: the one of this name, else those that begin so."""
    return [word] if word in POSSIBLE else [each for each in POSSIBLE if each.startswith(word)]


def _runs(offering: Offering, verb: str, sought: str, most: int) -> list[Offer]:
    return [OfRun(verb, run_id) for run_id in runs_called(offering, sought, POSSIBLE[verb], most)]


def runs_called(offering: Offering, sought: str, statuses: frozenset[Status], most: int) -> list[str]:
    """Ids of the runs that are meant, in one of these statuses; the best fit first."""
    ids = (run_id for run_id in offering.fleet.order if offering.fleet.statuses[run_id] in statuses)
    return best_of(ids, lambda run_id: fit_of(sought, offering.texts[run_id]), most)


def _of_group(offering: Offering, name: str) -> Iterator[Offer]:
    """What can be done with those of this name."""
    for group in groups_called(offering.fleet, name):
        said = offering.fleet.groups.get(group)
        yield OfGroup(Verb.RESUME if said is not None and said.paused else Verb.PAUSE, group)
        yield from (OfSlots(group, count) for count in USUAL_SLOTS)


def _of_groups(offering: Offering, verb: str, rest: str) -> Iterator[Offer]:
    if SLOTS.startswith(verb):
        yield from _of_slots(offering, rest)
    word, _, name = rest.strip().partition(" ")
    if not (word and GROUP.startswith(word.lower())):
        return
    for each in (Verb.PAUSE, Verb.RESUME):
        if each.startswith(verb):
            for group in groups_called(offering.fleet, name):
                said = offering.fleet.groups.get(group)
                if (said is not None and said.paused) == (each is Verb.RESUME):
                    yield OfGroup(each, group)


def _of_slots(offering: Offering, rest: str) -> Iterator[Offer]:
    named, number = rest.strip(), SLOTS_FORM.fullmatch(rest.strip())
    for group in groups_called(offering.fleet, number[1] if number else named):
        counts = [None if number[2] == "none" else int(number[2])] if number else USUAL_SLOTS
        yield from (OfSlots(group, count) for count in counts)


def groups_called(fleet: Fleet, sought: str) -> list[str]:
    """The groups that are meant, the best fit first."""
    specs = (read.records.spec for read in fleet.reads.values())
    known = {*fleet.groups, *(spec.group for spec in specs if spec)}
    return best_of(sorted(known), partial(fit_of, sought), MOST)


# -- what lines say


def words_of(offer: Offer) -> str:
    match offer:
        case OfKey(key):
            return key.words[0].upper() + key.words[1:]
        case OfTheme(name):
            return f"{name.capitalize()} colours"
        case OfRun(verb, run_id):
            return f"{verb.capitalize()} {clean(run_id, LONGEST)}"
        case OfGroup(verb, group):
            return f"{verb.capitalize()} group {clean(group, LONGEST)}"
        case OfSlots(group, slots):
            return f"Slots of {clean(group, LONGEST)}: {'no limit' if slots is None else slots}"


def offer_lines(fleet: Fleet, offers: Iterable[Offer], at: int, width: int, glyphs: Glyphs) -> list[Line]:
    return [_line(fleet, offer, place == at, width, glyphs) for place, offer in enumerate(offers)]


def _line(fleet: Fleet, offer: Offer, chosen: bool, width: int, glyphs: Glyphs) -> Line:
    about, role = _about(fleet, offer, glyphs)
    about = cut(about, width // 2, glyphs)
    room = max(0, width - cells(about) - 4)
    words = left(middle(words_of(offer), room, glyphs), room)
    ground = "cursor" if chosen else ""
    return line((f"{glyphs.cursor if chosen else ' '} ", "accent"), words, "  ", (about, role), ground=ground)


def _about(fleet: Fleet, offer: Offer, glyphs: Glyphs) -> tuple[str, str]:
    """What it is about, and its colour."""
    match offer:
        case OfKey(key):
            return key.shown, "key"
        case OfTheme():
            return "theme", "dim"
        case OfRun(_, run_id):
            status = fleet.statuses[run_id]
            return f"{glyphs.states[status]} {view.state_word(status)}", view.state_role(status)
        case OfGroup(_, group) | OfSlots(group, _):
            said = fleet.groups.get(group)
            slots = "no limit" if said is None or said.slots is None else f"{said.slots} slots"
            return f"{slots}{', paused' if said and said.paused else ''}", "dim"
