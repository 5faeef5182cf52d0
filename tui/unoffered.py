"""Why the palette has nothing to offer for what is typed, in one sentence. Pure."""

from overnight.state.status import standing
from overnight.tui.clean import clean
from overnight.tui.numbers import plural
from overnight.tui.offers import (
    EVERY,
    GROUP,
    LONGEST,
    SLOTS,
    SLOTS_FORM,
    STACKS,
    Offering,
    groups_called,
    runs_called,
    verbs_of,
)

NOTHING = "Nothing is called that. `pause crawl` would pause that run."
MOST_NAMED = 5


def reason_of(offering: Offering, text: str) -> str:
    """For a text that nothing is offered for."""
    word, _, rest = text.strip().partition(" ")
    word, rest = word.lower(), rest.strip()
    if not rest:
        return _no_group(offering, "") if word == GROUP else NOTHING
    if word == GROUP:
        return _no_group(offering, rest)
    if word == SLOTS:
        return _of_slots(offering, rest)
    verbs = verbs_of(word)
    return _of_runs(offering, verbs, rest) if verbs else NOTHING


def _of_runs(offering: Offering, verbs: list[str], rest: str) -> str:
    """Nothing can be done with a run of this name, or there is none."""
    kind, _, name = rest.partition(" ")
    if kind.lower() == GROUP:
        return _of_group(offering, verbs, name.strip())
    found = runs_called(offering, rest, EVERY, len(offering.fleet.order))
    if not found:
        return f"No run is called {clean(rest, LONGEST)}."
    nothing = "are no stacks to show" if verbs == [STACKS] else f"is nothing to {' or '.join(verbs)}"
    if len(found) > 1:
        return f"{plural(len(found), 'run')} are called that: there {nothing} in any of them."
    return f"{clean(found[0], LONGEST)} {standing(offering.fleet.statuses[found[0]])}: there {nothing}."


def _of_group(offering: Offering, verbs: list[str], name: str) -> str:
    found = groups_called(offering.fleet, name)
    if not found:
        return _no_group(offering, name)
    said = offering.fleet.groups.get(found[0])
    stands = "paused" if said is not None and said.paused else "not paused"
    return f"Group {clean(found[0], LONGEST)} is {stands}: there is nothing to {' or '.join(verbs)}."


def _of_slots(offering: Offering, rest: str) -> str:
    name, _, number = rest.rpartition(" ")
    if not SLOTS_FORM.fullmatch(rest) and name and groups_called(offering.fleet, name):
        return f"{clean(number, LONGEST)}: not a number of slots; a whole number up to 999999, or none."
    form = SLOTS_FORM.fullmatch(rest)
    return _no_group(offering, form[1] if form else rest)


def _no_group(offering: Offering, name: str) -> str:
    known = groups_called(offering.fleet, "")
    if not known:
        return "There is no group yet: a run that is launched with --group begins one."
    listed = ", ".join(clean(each, LONGEST) for each in known[:MOST_NAMED])
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    return f"No group is called {clean(name, LONGEST)}: there {'are' if len(known) > 1 else 'is'} {listed}{more}."
