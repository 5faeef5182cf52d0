"""Asking runs for something, and waiting a moment until they have obeyed.

Nothing is said to be done before a record says so: what is not obeyed in time is said to be asked for. Whoever named
the time, a script for example, also gets an exit code that says so.
"""

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import NamedTuple

from overnight.agents import operate
from overnight.state.errors import OvernightError, TimedOut
from overnight.state.records import Records, Request
from overnight.state.rundir import RunDir
from overnight.state.status import ENDED, HELD, Status, status_of
from overnight.tui import arguments, console, selection
from overnight.tui.bulk import MEANT
from overnight.tui.ending import pauses
from overnight.tui.why import awaited

PATIENCE = 2.0
"""Seconds. Most agents obey at once; a longer item is not waited for."""


class Wish(NamedTuple):
    """What one verb wants of a run."""

    verb: str
    done: str
    """What is said of a run that has obeyed."""
    ask: Callable[[Sequence[RunDir]], list[operate.Answer]]
    """An answer for each: None = it was so already, or was done at once; an error = it was refused."""
    reached: frozenset[Status]
    """The statuses of a run that has obeyed."""
    concerns: frozenset[Status]
    """Which runs of a group, or of all, it is about."""
    fits: Callable[[RunDir], bool] = lambda run: True
    """Of those, which."""
    next_attempt: bool = False
    """Only an attempt after the one that was asked has obeyed."""
    queued: str = ""
    """What is said of a run that has to wait for its turn first; "" = the same."""


class Answer(NamedTuple):
    """What became of a request, in words."""

    words: str
    in_time: bool = True
    """False = it is not obeyed yet, and nothing else has ended the waiting."""


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument(
        "--timeout",
        type=arguments.span,
        metavar="SPAN",
        help=f"how long to wait until it has obeyed, then the exit code is 4; it stays asked "
        f"(without: {PATIENCE:g} s, then 0)",
    )


def ask_each(options: Namespace, wish: Wish) -> int:
    """Ask all first, then wait for all: what one takes is not added to what the next takes."""
    home = selection.open_home()
    runs, code = selection.select(home, options, wish.concerns, wish.fits)
    if not runs and not code:
        console.say(f"There is no run to {wish.verb}.")
    asked = wish.ask(runs)
    obeyed: list[tuple[RunDir, Request | None]] = []
    for run, answer in zip(runs, asked, strict=True):
        if isinstance(answer, OvernightError):
            console.complain(answer)
            code = max(code, answer.exit_code)
        else:
            obeyed.append((run, answer))
    return max(code, tell_each(obeyed, wish, options.timeout))


def tell_each(asked: list[tuple[RunDir, Request | None]], wish: Wish, timeout: float | None) -> int:
    """Wait for all, and say what became of each. Not obeyed within `timeout` seconds: the exit code says so, too."""
    code, deadline = 0, time.monotonic() + (PATIENCE if timeout is None else timeout)
    for run, request in asked:
        answer = _answer(run, request, wish, deadline)
        console.say(answer.words)
        if timeout is not None and not answer.in_time:
            code = TimedOut.exit_code
    return code


def _answer(run: RunDir, request: Request | None, wish: Wish, deadline: float) -> Answer:
    """What became of the request by the deadline."""
    if request is not None and not operate.wait_obeyed(run, request, max(0.0, deadline - time.monotonic())):
        return _asked(run, run.read(), wish)
    # An acknowledged stop is not yet an end.
    for pause in pauses():
        records = run.read()
        status = status_of(records, time.time())
        if not os.path.isdir(run.path):
            return Answer(f"{run.id} was removed")
        if status in wish.reached and not (wish.next_attempt and _is_same_attempt(records, request)):
            queued = wish.queued if status is Status.QUEUED else ""
            return Answer(f"{status if status in HELD else queued or wish.done} {run.id}")
        if status in ENDED or time.monotonic() >= deadline:
            break
        time.sleep(pause)
    return _asked(run, records, wish)


def _is_same_attempt(records: Records, request: Request | None) -> bool:
    newest = records.attempt.attempt if records.attempt else 0
    return request is not None and request.attempt is not None and newest <= request.attempt


def _asked(run: RunDir, records: Records, wish: Wish) -> Answer:
    """It is asked, and is not what was asked for. A run that has ended otherwise will not become it."""
    now, meant = time.time(), MEANT.get(wish.verb, wish.verb)
    return Answer(f"asked {run.id} to {meant}: {awaited(records, now)}", status_of(records, now) in ENDED)
