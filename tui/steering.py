"""What keys ask of runs: it is checked, asked about where it loses something, and put into their records.

Nothing is painted here: what becomes of a request is seen in the records of its run.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from overnight.state import verbs
from overnight.state.errors import NotPossibleNow, OvernightError, refusal_of
from overnight.state.records import Verb
from overnight.state.status import RESUMABLE, RETRYABLE, Status
from overnight.tui.bulk import Bulk, summary_words, with_answer
from overnight.tui.desk import Desk
from overnight.tui.detail import Tab
from overnight.tui.events import Asking, CursorPut, Marked, Marking, Pointed, TabChosen
from overnight.tui.model import Fleet, cursor_index, cut_off, pause_or_resume, row_at, targets
from overnight.tui.numbers import plural
from overnight.tui.questions import answers, question_lines
from overnight.tui.screens.wishes import Wish

if TYPE_CHECKING:
    from overnight.agents.operate import Answer

ADOPT_AGAIN = 5.0
AT_ONCE = 20
"""Runs that are asked before it is said how far that has come; those that need a next attempt share one launcher."""
REQUESTS = frozenset({Verb.PAUSE, Verb.RESUME, Verb.CANCEL, Verb.KILL, Wish.RETRY})
"""What the palette offers of what runs can be asked."""


class Steering:
    """Asks runs for what a person wishes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._adopted_at = 0.0
        self._offered: frozenset[str] = frozenset()
        """Runs that were cut off when that was last said."""
        self._one_bulk = asyncio.Lock()
        """Two requests to many runs at once would speak over each other."""

    def ask(self, wish: Wish) -> None:
        if wish is Wish.RESUME_ALL:
            self._resume_all()
            return
        ids = targets(self._desk.fleet)
        if not ids:
            self._desk.tell("There is no run to ask anything of.", "warning")
            return
        if self._is_displaced():
            return
        match wish:
            case Wish.PAUSE_OR_RESUME:
                self._pause_or_resume(ids)
            case Wish.RETRY:
                self._request(Wish.RETRY, ids)
            case Wish.STACKS:
                self._desk.begin(self._ask_stacks())
            case Wish.CANCEL | Wish.KILL:
                self.question(Verb(wish.value), ids)

    def _is_displaced(self) -> bool:
        """Whether the key was meant for a run that has left the list under it, which is said instead."""
        fleet = self._desk.fleet
        if fleet.displaced_from is None or fleet.marks:
            return False
        self._desk.tell(
            f"{fleet.displaced_from} is no longer in the list: nothing was asked. The cursor is on {fleet.cursor} now.",
            "warning",
        )
        self._desk.change(CursorPut(cursor_index(fleet)))
        return True

    def _pause_or_resume(self, ids: Sequence[str]) -> None:
        fleet = self._desk.fleet
        if {fleet.statuses[run_id] for run_id in ids} <= RETRYABLE - RESUMABLE:
            retry = fleet.keys.way("retry")
            self._desk.tell(f"It has ended. {retry} starts it again.", "warning")
        else:
            self._request(pause_or_resume(fleet), ids)

    def _resume_all(self) -> None:
        """All that were cut off, and nothing else: it loses nothing, so nothing is asked, and marks stay."""
        if ids := cut_off(self._desk.fleet):
            self.send(Verb.RESUME, ids)
        else:
            self._desk.tell("No run was interrupted.", "information")

    def question(self, verb: Verb, ids: Sequence[str]) -> None:
        """Ask first: it loses something. Runs of which it makes no sense are only counted."""
        fleet, source = self._desk.fleet, self._desk.source
        possible = [run_id for run_id in ids if _why_not(verb, fleet, run_id) is None]
        if not possible:
            self._complain_of_all(verb, ids)
            return
        rows = [row_at(fleet, run_id) for run_id in possible]
        checkpoints = [source.checkpoint_at(run_id) for run_id in possible]
        asked = frozenset(possible)
        left_out = Counter(fleet.statuses[run_id] for run_id in ids if run_id not in asked)

        def answered(yes: bool | None) -> None:
            if yes:
                self._request(verb, possible)

        lines = question_lines(verb, rows, checkpoints, left_out)
        from overnight.tui.screens.question import QuestionScreen

        self._desk.open(QuestionScreen(lines, answers(verb, len(rows), fleet.keys), self._desk.glyphs), answered)

    def _complain_of_all(self, verb: Verb, ids: Sequence[str]) -> None:
        """Of many, the reason of the first is told."""
        why_not = _why_not(verb, self._desk.fleet, ids[0])
        assert why_not is not None, "it makes sense for none of them"
        if len(ids) > 1:
            runs = plural(len(ids), "run")
            why_not = NotPossibleNow(f"None of the {runs} can be asked to {verb}", hint=f"{why_not}.")
        self._desk.complain(why_not)

    def _request(self, name: str, ids: Sequence[str]) -> None:
        """Marks have done their duty where they are what was asked for."""
        if self._desk.fleet.marks.intersection(ids):
            self._desk.change(Marked(Marking.NONE))
        self.send(name, ids)

    def send(self, name: str, ids: Sequence[str]) -> None:
        """Ask each of the runs; nothing is asked about."""
        self._desk.begin(self._send_one(name, ids[0]) if len(ids) == 1 else self._send_many(name, ids))

    def stop(self) -> None:
        """Those of many that were not asked yet shall not be."""
        if (bulk := self._desk.fleet.bulk) is not None:
            self._desk.change(Asking(bulk._replace(stopped=True)))

    async def _answers(self, name: str, ids: Sequence[str]) -> "list[Answer]":
        """In their order; the source is told that something may come of it."""
        from overnight.tui.requests import REQUEST_OF

        runs = [self._desk.home.run(run_id) for run_id in ids]
        try:
            given = await asyncio.to_thread(REQUEST_OF[name], runs)
        except (OvernightError, OSError) as error:
            given = [refusal_of(error)] * len(runs)
        for run_id in ids:
            self._desk.source.expect(run_id)
        return given

    async def _send_one(self, name: str, run_id: str) -> bool:
        """Whether it did not refuse."""
        [answer] = await self._answers(name, [run_id])
        if isinstance(answer, OvernightError):
            self._desk.complain(answer)
            return False
        return True

    async def _send_many(self, name: str, ids: Sequence[str]) -> None:
        """A few at a time: how far it has come is seen, and whoever says so stops it there."""
        async with self._one_bulk:
            bulk = Bulk(name, len(ids))
            self._desk.change(Asking(bulk))
            for start in range(0, len(ids), AT_ONCE):
                for answer in await self._answers(name, ids[start : start + AT_ONCE]):
                    bulk = with_answer(bulk, str(answer) if isinstance(answer, OvernightError) else None)
                stopped = (now := self._desk.fleet.bulk) is not None and now.stopped
                self._desk.change(Asking(bulk := bulk._replace(stopped=stopped)))
                if stopped:
                    break
            self._desk.change(Asking(None))
        self._desk.tell(summary_words(bulk), "warning" if bulk.refused or bulk.stopped else "information")

    async def _ask_stacks(self) -> None:
        """They come into the pane of errors as soon as the agent has shown them."""
        run_id = self._desk.fleet.cursor
        if run_id is not None and await self._send_one(Verb.STACKS, run_id):
            self._desk.change(TabChosen(Tab.ERRORS))
            if self._desk.fleet.statuses.get(run_id) is Status.FROZEN:
                self._desk.tell("It is frozen: it shows its stacks when it goes on.", "warning")

    def accept(self, verb: str, run_id: str) -> None:
        """Do what the palette has offered: one of its verbs, with one run."""
        from overnight.tui.offers import OPEN, STACKS

        if run_id not in self._desk.fleet.reads:
            self._desk.tell(f"{run_id} was removed.", "warning")
        elif verb in {Verb.CANCEL, Verb.KILL}:
            self.question(Verb(verb), [run_id])
        elif verb in REQUESTS:
            self.send(verb, [run_id])
        else:
            self._desk.change(Pointed(run_id))
            if verb == STACKS:
                self.ask(Wish.STACKS)
            elif verb != OPEN:
                self._desk.change(TabChosen(Tab(verb.capitalize())))

    # -- what nobody asked for

    def look_after(self) -> None:
        """Offer to resume what was cut off, and adopt what lost its supervisor."""
        self._offer_to_resume()
        fleet = self._desk.fleet
        if Status.UNSUPERVISED in fleet.tally and fleet.now - self._adopted_at >= ADOPT_AGAIN:
            self.adopt()

    def _offer_to_resume(self) -> None:
        """Once for each run that is found cut off, at the start or later."""
        before, self._offered = self._offered, frozenset(cut_off(self._desk.fleet))
        if self._offered - before:
            key = self._desk.fleet.keys.way("resume.all")
            were, them = ("was", "it") if len(self._offered) == 1 else ("were", "them")
            runs = plural(len(self._offered), "run")
            self._desk.tell(f"{runs} {were} interrupted: press {key} to resume {them}.", "warning")

    def adopt(self) -> None:
        """Start a supervisor for whatever lives without one."""
        self._adopted_at = self._desk.fleet.now
        self._desk.begin(self._adopt())

    async def _adopt(self) -> None:
        from overnight.agents.orphans import Refused, adopt_orphans, unsupervised

        refused: list[Refused] = []
        helped = await asyncio.to_thread(adopt_orphans, self._desk.home, refused.append)
        if helped.adopted:
            self._desk.tell(adopted_words(len(helped.adopted)), "information")
        if refused:
            self._desk.complain(unsupervised(refused[0]))


def adopted_words(count: int) -> str:
    what = "its supervisor and got a new one" if count == 1 else "their supervisors and got new ones"
    return f"{plural(count, 'run')} had lost {what}."


def _why_not(verb: Verb, fleet: Fleet, run_id: str) -> OvernightError | None:
    """None = it makes sense for the run as it is now."""
    try:
        verbs.check(verb, fleet.statuses[run_id], run_id)
    except OvernightError as error:
        return error
    return None
