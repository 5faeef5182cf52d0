"""Which runs the words and options of a command line mean, and doing one thing to each of them."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from overnight.agents.orphans import adopt_orphans, unsupervised
from overnight.state.errors import OvernightError, WrongUsage
from overnight.state.find import find
from overnight.state.home import Home, default_home
from overnight.state.private import exposure_of
from overnight.state.records import Spec
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from overnight.tui import console

T = TypeVar("T")
ANY = frozenset(Status)


class Selection(NamedTuple):
    """The runs that were meant, each once, and the exit code of the words that mean none: those are said."""

    runs: tuple[RunDir, ...]
    code: int


def declare(parser: ArgumentParser) -> None:
    """RUN…, `--group` and `--all`, as every verb that takes a run has them."""
    parser.add_argument("runs", nargs="*", metavar="RUN", help="a run's id, or its name")
    parser.add_argument("--group", metavar="G", help="every run of this group")
    parser.add_argument("--all", action="store_true", help="every run")


def open_home() -> Home:
    """The home, once every agent in it that lost its supervisor has got a new one."""
    home = default_home()
    tell_exposed(home.path, home.runs_path)
    adopt_orphans(home, lambda refused: console.complain(unsupervised(refused)))
    return home


def select(
    home: Home,
    options: Namespace,
    concerns: frozenset[Status] = ANY,
    fits: Callable[[RunDir], bool] = lambda run: True,
) -> Selection:
    """The runs that the options mean; of a group, or of all, those that `fits` and whose status is among `concerns`.

    A run that is named is taken whatever it is. Raises WrongUsage where nothing is named at all.
    """
    if not options.runs and options.group is None and not options.all:
        raise WrongUsage("no run was named", hint="Name runs by id or name, or use --group G or --all.")
    found: dict[str, RunDir] = {}

    def take(word: str) -> None:
        run = find(home, word)
        found[run.id] = run

    code = for_each(options.runs, take)
    if options.all or options.group is not None:
        many = _of_many(home, None if options.all else options.group, concerns)
        found |= {run_id: run for run_id, run in many.items() if fits(run)}
    tell_exposed(*(run.path for run in found.values()))
    return Selection(tuple(found.values()), code)


def tell_exposed(*paths: str) -> None:
    """Say of the folders among these that others may get at them."""
    if (line := exposure_of(paths)) is not None:
        console.say(line)


def _of_many(home: Home, group: str | None, concerns: frozenset[Status]) -> dict[str, RunDir]:
    """By id, in the order in which they were launched; of the group, or of all where it is None."""
    found: list[tuple[float, str, RunDir]] = []
    for run in home.runs():
        spec = run.spec()
        created_at, its_group = (spec.created_at, spec.group) if isinstance(spec, Spec) else (0.0, None)
        if group in {None, its_group} and (concerns == ANY or status_of(run.read(), time.time()) in concerns):
            found.append((created_at, run.id, run))
    return {run_id: run for _, run_id, run in sorted(found, key=lambda each: each[:2])}


def for_each(things: Iterable[T], act: Callable[[T], int | None]) -> int:
    """Do it to each; what is refused is said in one line and the others go on. The worst exit code."""
    worst = 0
    for thing in things:
        try:
            worst = max(worst, act(thing) or 0)
        except OvernightError as error:
            console.complain(error)
            worst = max(worst, error.exit_code)
    return worst
