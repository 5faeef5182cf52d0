"""Which run a word on the command line means."""

import time

from overnight.state.errors import AmbiguousName, NoSuchRun
from overnight.state.home import Home
from overnight.state.records import Spec
from overnight.state.rundir import RunDir
from overnight.state.status import LIVE, status_of


def find(home: Home, word: str) -> RunDir:
    """The run of this id; else the one live run of this name; else the newest of this name.

    Raises NoSuchRun; AmbiguousName where several live runs bear the name.
    """
    if word in home.ids():
        return home.run(word)
    named = called(home, word)
    if not named:
        raise NoSuchRun(f"no run {word!r} in {home.path}", hint="`overnight ls` lists the runs.")
    live = [run for _, run in named if status_of(run.read(), time.time()) in LIVE]
    if len(live) > 1:
        ids = ", ".join(sorted(run.id for run in live))
        raise AmbiguousName(f"{word!r} names {len(live)} live runs: {ids}", hint="Use the id of the one you mean.")
    return live[0] if live else max(named, key=lambda pair: pair[0])[1]


def called(home: Home, name: str) -> list[tuple[float, RunDir]]:
    """Every run of this name, with when it was launched."""
    return [(spec.created_at, run) for run in home.runs() if isinstance(spec := run.spec(), Spec) and spec.name == name]
