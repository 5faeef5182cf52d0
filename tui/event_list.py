"""The list of what happened to all runs: which events pass, and what each line says. Touches nothing but a clock's
zone; texts are clean.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from overnight.state.status import Status
from overnight.state.told import Told
from overnight.tui.event_roles import is_trouble, role_of
from overnight.tui.event_words import event_name, event_words
from overnight.tui.events import Read
from overnight.tui.filtering import Subject, is_term, test_of_word, words_of
from overnight.tui.glyphs import Glyphs
from overnight.tui.keys import Keymap
from overnight.tui.lines import Line, Span, cells, cut, cut_spans, left, line, middle, spread
from overnight.tui.model import Fleet
from overnight.tui.moments import clock, short_moment
from overnight.tui.numbers import plural

FIELD = "event:"
"""What names kinds of events; every other term is about the run that it happened to."""
NAME, WIDE_NAME, WIDE_FROM = 20, 32, 110
NAME_OF_EVENT = 13
SIGNS = {"trouble": Status.FAILED, "warn": Status.STALLED, "held": Status.PAUSED, "done": Status.COMPLETED}
"""Whose sign an event of this colour bears: it reads without colours, too."""

Test = Callable[[Fleet, Told], bool]


class EventFilter(NamedTuple):
    """What must hold of an event."""

    text: str = ""
    tests: tuple[Test, ...] = ()
    only_trouble: bool = False


EVERY_EVENT = EventFilter()


def event_filter_of(text: str, *, only_trouble: bool = False) -> EventFilter:
    """Raises BadFilter."""
    return EventFilter(" ".join(text.split()), tuple(map(_test_of, words_of(text))), only_trouble)


def _test_of(word: str) -> Test:
    negated = word.startswith("-") and len(word) > 1
    plain = word.removeprefix("-") if negated else word
    if plain.startswith(FIELD):
        kinds = tuple(plain.removeprefix(FIELD).lower().split(","))
        return lambda fleet, told: event_name(told.event).startswith(kinds) != negated
    if is_term(word):
        return _of_run(word)
    return lambda fleet, told: (plain.lower() in _text_of(fleet, told)) != negated


def _of_run(word: str) -> Test:
    test = test_of_word(word)

    def of_run(fleet: Fleet, told: Told) -> bool:
        """Of a run that was removed nothing holds."""
        read, status = fleet.reads.get(told.run_id), fleet.statuses.get(told.run_id)
        return (
            read is not None
            and status is not None
            and test(Subject(read.records, status, fleet.now, fleet.stands.get(read.id)))
        )

    return of_run


def _text_of(fleet: Fleet, told: Told) -> str:
    name = name_of(fleet.reads, told.run_id)
    return f"{told.run_id} {name} {event_name(told.event)} {event_words(told.event)}".lower()


def passing(fleet: Fleet, chosen: EventFilter) -> tuple[Told, ...]:
    """By time."""
    told = fleet.told or ()
    if chosen.only_trouble:
        told = tuple(each for each in told if is_trouble(each.event))
    return tuple(each for each in told if all(test(fleet, each) for test in chosen.tests)) if chosen.tests else told


def name_of(reads: Mapping[str, Read], run_id: str) -> str:
    read = reads.get(run_id)
    return read.records.spec.name if read and read.records.spec else run_id


# -- what lines say


def told_line(fleet: Fleet, told: Told, width: int, glyphs: Glyphs, *, chosen: bool) -> Line:
    event, room = told.event, WIDE_NAME if width >= WIDE_FROM else NAME
    role = role_of(event)
    spans: list[Span] = [
        (glyphs.cursor if chosen else " ", "accent"),
        (f"{short_moment(event.at, fleet.now)}  ", "dim"),
        (f"{left(middle(name_of(fleet.reads, told.run_id), room, glyphs), room)}  ", ""),
        (f"{glyphs.states[SIGNS[role]] if role in SIGNS else ' '} {left(event_name(event), NAME_OF_EVENT)}  ", role),
    ]
    taken = sum(cells(text) for text, _ in spans)
    spans.append((cut(event_words(event), max(0, width - taken), glyphs), "" if role in {"trouble", "warn"} else "dim"))
    return line(*spans, ground="cursor" if chosen else "")


def events_header(fleet: Fleet, shown: int, chosen: EventFilter, width: int, glyphs: Glyphs) -> Line:
    """What is listed, of how many, and the filter."""
    count = len(fleet.told or ())
    words = plural(count, "event") if shown == count else f"{shown} of {plural(count, 'event')}"
    first: list[Span] = [(" events ", "title"), (f" {cut(fleet.host, 24, glyphs)}  ", "dim"), (words, "")]
    last: list[Span] = [("only trouble ", "warn")] if chosen.only_trouble else []
    if chosen.text:
        last.append((f"{cut(chosen.text, max(12, width - 60), glyphs)} ", "warn"))
    # What hides events is said to the last.
    hiding = sum(cells(text) for text, _ in last)
    last.append((f" {clock(fleet.now)} ", ""))
    if sum(cells(text) for text, _ in (*first, *last)) >= width:
        first[1:2], last[-1:] = [(" ", "")], []
    return spread(cut_spans(first, width - hiding - 1, glyphs.ellipsis), last, width, "band")


def events_footer(keys: Keymap, more: str, width: int, *, follows: bool) -> Line:
    """What the keys do; `more`: how many events are out of sight."""
    ways: list[tuple[str, str]] = [("open", "Open the run"), ("filter", "Filter"), ("only_trouble", "Trouble")]
    ways += [] if follows else [("follow", "Follow")]
    ways += [("back", "Back")]
    spans = [span for id, word in ways if (sign := keys.sign(id)) for span in ((sign, "key"), (f" {word}  ", "dim"))]
    return spread([(" ", ""), *spans], [(f"{more} ", "dim")], width)


def empty_words(fleet: Fleet, chosen: EventFilter) -> Sequence[Line]:
    if fleet.told is None:
        return (line((" Reading what has happened…", "dim")),)
    if not fleet.told:
        return (line((" Nothing has happened yet.", "dim")),)
    back = fleet.keys.sign("back")
    return (line((f" No event passes. {back} shows all of them." if back else " No event passes.", "dim")),)
