"""What keys ask of runs: it is checked, asked about where it loses something, and put into their records.

Nothing is painted here: what becomes of a request is seen in the records of its run.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from overnight.agents import operate
from overnight.agents.orphans import adopt_orphans
from overnight.state import verbs
from overnight.state.errors import OvernightError
from overnight.state.records import Verb
from overnight.state.rundir import RunDir
from overnight.state.status import RESUMABLE, RETRYABLE, Status
from overnight.tui.desk import Desk
from overnight.tui.detail import Tab
from overnight.tui.events import Marked, Marking, TabChosen
from overnight.tui.model import cut_off, pause_or_resume, row_at, targets
from overnight.tui.questions import answers, question_lines
from overnight.tui.screens.question import QuestionScreen
from overnight.tui.screens.wishes import Wish
from overnight.tui.view import plural

ADOPT_AGAIN = 5.0
REQUESTS: Mapping[str, Callable[[RunDir], object]] = {
    Verb.PAUSE: operate.pause,
    Verb.RESUME: operate.resume,
    Verb.CANCEL: operate.cancel,
    Verb.KILL: operate.kill,
    Verb.STACKS: operate.stacks,
    Wish.RETRY: operate.retry,
}


class Steering:
    """Asks runs for what a person wishes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._adopted_at = 0.0
        self._offered: frozenset[str] = frozenset()
        """Runs that were cut off when that was last said."""

    def ask(self, wish: Wish) -> None:
        fleet = self._desk.fleet
        if wish is Wish.RESUME_ALL:
            self._resume_all()
            return
        ids = targets(fleet)
        if not ids:
            self._desk.tell("There is no run to ask anything of.", "warning")
            return
        match wish:
            case Wish.PAUSE_OR_RESUME:
                self._pause_or_resume(ids)
            case Wish.RETRY:
                self._request(Wish.RETRY, ids)
            case Wish.STACKS:
                self._desk.begin(self._ask_stacks())
            case Wish.CANCEL | Wish.KILL:
                self._question(Verb(wish.value), ids)

    def _pause_or_resume(self, ids: Sequence[str]) -> None:
        fleet = self._desk.fleet
        if {fleet.statuses[run_id] for run_id in ids} <= RETRYABLE - RESUMABLE:
            retry = fleet.keys.way("retry")
            self._desk.tell(f"It has ended. {retry} starts it again from its checkpoint.", "warning")
        else:
            self._request(pause_or_resume(fleet), ids)

    def _resume_all(self) -> None:
        """All that were cut off, and nothing else: it loses nothing, so nothing is asked, and marks stay."""
        if ids := cut_off(self._desk.fleet):
            self._desk.begin(self._send(Verb.RESUME, ids))
        else:
            self._desk.tell("No run was interrupted.", "information")

    def _question(self, verb: Verb, ids: Sequence[str]) -> None:
        """Ask first: it loses something. Runs that have ended are not asked about."""
        fleet, possible = self._desk.fleet, []
        for run_id in ids:
            try:
                verbs.check(verb, fleet.statuses[run_id], run_id)
            except OvernightError as error:
                if len(ids) == 1:
                    self._desk.complain(error)
            else:
                possible.append(run_id)
        if not possible:
            return
        rows = [row_at(fleet, run_id) for run_id in possible]
        checkpoints = [self._desk.source.checkpoint_at(run_id) for run_id in possible]

        def answered(yes: bool | None) -> None:
            if yes:
                self._request(verb, possible)

        self._desk.open(QuestionScreen(question_lines(verb, rows, checkpoints), answers(verb)), answered)

    def _request(self, name: str, ids: Sequence[str]) -> None:
        if self._desk.fleet.marks:
            self._desk.change(Marked(Marking.NONE))
        self._desk.begin(self._send(name, ids))

    async def _send(self, name: str, ids: Sequence[str]) -> bool:
        """Ask each of the runs. Whether none of them refused."""
        refused = 0
        for run_id in ids:
            try:
                await asyncio.to_thread(REQUESTS[name], self._desk.home.run(run_id))
            except OvernightError as error:
                refused += 1
                # One is read; one for each of many marked runs would hide the list.
                if refused == 1:
                    self._desk.complain(error)
            self._desk.source.expect(run_id)
        if refused > 1:
            self._desk.tell(f"{plural(refused - 1, 'more run')} refused, too.", "error")
        return refused == 0

    async def _ask_stacks(self) -> None:
        """They come into the pane of errors as soon as the agent has shown them."""
        run_id = self._desk.fleet.cursor
        if run_id is not None and await self._send(Verb.STACKS, [run_id]):
            self._desk.change(TabChosen(Tab.ERRORS))
            if self._desk.fleet.statuses.get(run_id) is Status.FROZEN:
                self._desk.tell("It is frozen: it shows its stacks when it goes on.", "warning")

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
        try:
            adopted = await asyncio.to_thread(adopt_orphans, self._desk.home)
        except OvernightError as error:
            self._desk.complain(error)
            return
        if adopted:
            runs = plural(len(adopted), "run")
            self._desk.tell(f"{runs} had lost its supervisor and got a new one.", "information")
