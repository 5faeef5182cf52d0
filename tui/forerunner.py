"""The run of the same name before this one, and how the environment differs from the one here: what Config compares."""

import heapq
import os

from overnight.state import surroundings
from overnight.state.home import Home
from overnight.state.records import Spec
from overnight.state.rundir import RunDir, changed_at
from overnight.state.surroundings import Surroundings
from overnight.tui.clean import clean

MOST_READ = 100
"""Specs that are read to find it, the newest folders first."""
MOST_NAMES = 100
SHELLS_OWN = frozenset(
    {"_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES", "WINDOWID", "LS_COLORS", "OVERNIGHT_HOME", "PYTHONUNBUFFERED"}
)
TERMINALS_OWN = ("TERM", "COLORTERM", "TMUX", "STY", "SSH_", "VTE_", "XDG_SESSION_")
"""Variables, and how others begin, that differ from one terminal to the next and mean nothing to an agent."""


def forerunner_of(home: Home, run: RunDir) -> Spec | None:
    """The spec of the run that was launched last before this one under its name, raw; None = there is none."""
    own = run.spec()
    if not isinstance(own, Spec):
        return None
    others = [each for each in home.ids() if each != run.id and each.rpartition("-")[0] == own.name]
    newest = heapq.nlargest(MOST_READ, others, lambda each: changed_at(f"{home.runs_path}/{each}/spec.json") or 0.0)
    specs = [spec for each in newest if isinstance(spec := home.run(each).spec(), Spec)]
    before = [spec for spec in specs if spec.name == own.name and spec.created_at < own.created_at]
    return max(before, key=lambda spec: spec.created_at, default=None)


def other_variables(run: RunDir) -> tuple[str, ...]:
    """Names of what its agents get otherwise than whoever looks has it. No value is told: it may be a secret."""
    try:
        found = surroundings.found_in(run)
    except OSError:
        return ()
    if not isinstance(found, Surroundings):
        return ()
    theirs, here = found.environment, os.environ
    names = sorted(name for name, value in theirs.items() if here.get(name) != value and _means_something(name))
    return tuple(clean(name, 200) for name in names[:MOST_NAMES])


def _means_something(name: str) -> bool:
    return name not in SHELLS_OWN and not name.startswith(TERMINALS_OWN)
