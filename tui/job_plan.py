"""What of a job file is to be launched: its runs as orders, checked against this machine and home, or every mistake.

Nothing is launched here, and nothing is changed.
"""

import os
import time
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from overnight.agents.launchers.jobs import FIELDS, Job, JobFile, jobs_of, waves_of
from overnight.agents.launchers.order import Order, faults_of
from overnight.agents.launchers.toml_reading import Mistake, by_line, meant, mistake_at
from overnight.state.amounts import size_words
from overnight.state.errors import AmbiguousName, NoSuchRun, WrongUsage
from overnight.state.find import find
from overnight.state.home import Home
from overnight.state.queue import dependency
from overnight.tui import arguments

LARGEST = 4 * 1024 * 1024
KEYS = {field: key for key, field in FIELDS.items()} | {"start_at": "delay"}
"""Fields of an order by whose key they are said. A time that is said by `at` is one that can be."""


class Planned(NamedTuple):
    """A run that is to be launched."""

    job: Job
    order: Order
    """Without what it comes after."""
    after: tuple[str, ...] = ()
    """Names of other planned ones, and ids; with `:ended`, however they end."""


class Plan(NamedTuple):
    """What is to be done. With any mistake: nothing."""

    waves: tuple[tuple[Planned, ...], ...] = ()
    """In the order of launching; each comes after nothing but the waves before it."""
    slots: Mapping[str, int | None] = {}
    """Of groups, to be said before; None = no limit."""
    mistakes: tuple[Mistake, ...] = ()
    """By line."""

    @property
    def planned(self) -> Mapping[str, Planned]:
        """By name, in the order of launching."""
        return {each.job.name: each for wave in self.waves for each in wave}


def plan_of(home: Home, path: str, names: Sequence[str]) -> Plan:
    """Of all that the file declares or, where there are names, of these. Raises WrongUsage: there is no such file."""
    file = read(path)
    chosen = {name: job for name, job in file.jobs.items() if not names or name in names}
    planning = _Planning(home, file, chosen, os.path.dirname(os.path.abspath(path)))
    planned = {name: planning.planned(job) for name, job in chosen.items()}
    if mistakes := [*file.mistakes, *_unknown(file, names), *planning.mistakes]:
        return Plan(mistakes=by_line(mistakes))
    groups = {each.order.group for each in planned.values()}
    return Plan(
        tuple(tuple(planned[job.name] for job in wave) for wave in waves_of(chosen)),
        {name: slots for name, slots in file.slots.items() if not names or name in groups},
    )


def declared_in(file: JobFile) -> list[str]:
    """Names of runs, those of which something is wrong, too."""
    return [path[1] for path in file.lines if len(path) == 2 and path[0] == "run" and isinstance(path[1], str)]


def read(path: str) -> JobFile:
    """What it declares, and what is wrong with it. Raises WrongUsage: there is no such file."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}", hint="A job file is named: overnight run FILE.toml.") from None
    if len(data) > LARGEST:
        return JobFile(mistakes=(Mistake(f"larger than {size_words(LARGEST)}: no job file"),))
    return jobs_of(data)


def _unknown(file: JobFile, names: Iterable[str]) -> Iterator[Mistake]:
    """Names that are not in the file; a run of which something is wrong is in it, too."""
    declared = declared_in(file)
    for name in names:
        if declared and name not in declared:
            yield Mistake(f'no run "{name}"{meant(name, declared)}')


class _Planning:
    """The runs that were chosen of one file, one by one, and what was found wrong with them so far."""

    def __init__(self, home: Home, file: JobFile, chosen: Mapping[str, Job], folder: str) -> None:
        self._home = home
        self._file = file
        self._chosen = chosen
        self._folder = folder
        self.mistakes: list[Mistake] = []

    def planned(self, job: Job) -> Planned:
        """As far as it makes sense."""
        cwd = os.path.join(self._folder, os.path.expanduser(job.said.get("cwd", "")))
        order = Order(**{"command": (), **job.said, "cwd": cwd}, name=job.name, start_at=self._start_of(job))
        for fault in faults_of(order, key_of):
            if not order.command and fault.field == "command":
                # That it is missing, or cannot be read, is told already.
                continue
            what = f"{fault.what}. {fault.hint}".removesuffix(". ")
            self.mistakes.append(mistake_at(self._file.lines, ("run", job.name), what, key_of(fault.field)))
        return Planned(job, order, self._after_of(job))

    def _start_of(self, job: Job) -> float | None:
        if job.delay:
            return time.time() + job.delay
        try:
            return None if job.at is None else arguments.instant(job.at)
        except ArgumentTypeError as error:
            self._wrong(job, str(error), "at")
            return None

    def _after_of(self, job: Job) -> tuple[str, ...]:
        after = []
        for place, word in enumerate(job.after):
            name, _ = dependency(word)
            try:
                after.append(word if self._follows_here(name) else word.replace(name, find(self._home, name).id, 1))
            except NoSuchRun:
                self._wrong(job, self._nobody(name), "after", place)
            except AmbiguousName as error:
                self._wrong(job, str(error), "after", place)
        return tuple(after)

    def _follows_here(self, name: str) -> bool:
        """Whether it is launched, too. What cannot be read is not asked for elsewhere: that is told already."""
        return name in self._chosen or (name in declared_in(self._file) and name not in self._file.jobs)

    def _nobody(self, name: str) -> str:
        if name in self._file.jobs:
            return f'"{name}" is not among the runs that were named, and was never launched'
        return f'no run "{name}", in this file or launched before{meant(name, self._file.jobs)}'

    def _wrong(self, job: Job, what: str, key: str, *within: str | int) -> None:
        self.mistakes.append(mistake_at(self._file.lines, ("run", job.name, key), what, *within))


def key_of(field: str) -> str:
    """How a field of an order is called in a job file."""
    return KEYS.get(field, field)
