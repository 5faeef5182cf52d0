"""What a job file declares, and everything that is wrong with it, each with its line. Pure: text in, jobs and mistakes
out.

    [run.train]                      one run, of this name
    command = ["python", "a.py"]     or one text, which `sh -c` runs
    after = ["fetch"]                runs of this file, or others by id or name
    [group.gpu]
    slots = 2
"""

import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from overnight.agents.launchers.job_keys import OF_A_GROUP, OF_A_RUN, Reader, Unfit
from overnight.agents.launchers.toml_lines import Path, lines_of
from overnight.state.measures import UNLIMITED
from overnight.state.names import is_name
from overnight.state.nearest import nearest
from overnight.state.queue import dependency

VERSION = 1
AT_THE_TOP = ("run", "group", "version")
FIELDS = {"env": "environment"}
"""Keys whose field of an order has another name."""


class Mistake(NamedTuple):
    """One thing that is wrong with a job file."""

    what: str
    line: int | None = None
    """None = it is the file as a whole."""


class Job(NamedTuple):
    """A run that a file declares."""

    name: str
    said: Mapping[str, Any]
    """What it says of its order and can be read, by field; `cwd` is relative to the file's folder."""
    after: tuple[str, ...] = ()
    """Names of jobs of the file, and ids or names of other runs; with `:ended`, however they end."""
    delay: float | None = None
    """Seconds until it may start."""
    at: str | None = None
    """When it may start, as a person says it."""

    @property
    def priority(self) -> int:
        return int(self.said.get("priority", 0))


class JobFile(NamedTuple):
    """What a file declares. Where there is any mistake, nothing of it is to be launched."""

    jobs: Mapping[str, Job] = {}
    """By name, as they stand in the file."""
    slots: Mapping[str, int | None] = {}
    """Of groups; None = no limit."""
    mistakes: tuple[Mistake, ...] = ()
    """By line."""
    lines: Mapping[Path, int] = {}


def jobs_of(text: str) -> JobFile:
    """Everything that is declared and well-formed, and all mistakes."""
    try:
        raw = tomllib.loads(text)
        lines = lines_of(text)
    except RecursionError:
        return JobFile(mistakes=(Mistake("not TOML that can be read: too much within each other"),))
    except ValueError as error:
        return JobFile(mistakes=(_syntax_mistake(str(error), text),))
    return _Reading(lines).file(raw)


def mistake_at(lines: Mapping[Path, int], where: Path, what: str, *within: str | int) -> Mistake:
    """`run.train: what`, at the line of the thing or, where it has none of its own, of what it stands in.

    `within`: where in the thing that is named.
    """
    path = (*where, *within)
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    named = ".".join(each for each in where if isinstance(each, str))
    return Mistake(f"{named}: {what}" if named else what, line)


def meant(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)`, where one of the known words is much like it."""
    near = nearest(word, known)
    return f' (did you mean "{near}"?)' if near else ""


def awaited_of(job: Job, jobs: Container[str]) -> list[str]:
    """Which of these jobs it comes after, by name."""
    return [name for name, _ in map(dependency, job.after) if name in jobs]


def waves_of(jobs: Mapping[str, Job]) -> list[list[Job]]:
    """In the order in which they are launched: a wave comes after nothing but the waves before it.

    In a wave the highest priority first, then as in the file. They must not come after each other in a circle.
    """
    sorter = TopologicalSorter({name: awaited_of(job, jobs) for name, job in jobs.items()})
    sorter.prepare()
    places = {name: place for place, name in enumerate(jobs)}
    waves = []
    while ready := sorter.get_ready():
        waves.append(sorted((jobs[name] for name in ready), key=lambda job: (-job.priority, places[job.name])))
        sorter.done(*ready)
    return waves


def _circles(jobs: Mapping[str, Job]) -> Iterator[list[str]]:
    """Jobs that come after each other, the first once more at the end."""
    graph = {name: awaited_of(job, jobs) for name, job in jobs.items()}
    while True:
        try:
            return TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
        yield circle[::-1]
        graph[circle[1]] = [each for each in graph[circle[1]] if each != circle[0]]


def _syntax_mistake(said: str, text: str) -> Mistake:
    """tomllib says `what (at line 3, column 7)`, or `what (at end of document)`."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", said, re.DOTALL)
    if found is None:
        # A number with too many digits: the advice behind it is for programmers.
        return Mistake(f"not TOML: {said.partition(';')[0]}")
    what, line, column = found.groups()
    if line is None:
        return Mistake(f"not TOML: {what}, at its end", text.count("\n", 0, -1) + 1)
    return Mistake(f"not TOML: {what} (column {column})", int(line))


class _Reading:
    """One file, and what was found wrong with it so far."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self._lines = lines
        self._mistakes: list[Mistake] = []

    def file(self, raw: Mapping[str, Any]) -> JobFile:
        self._check_top(raw)
        jobs = {name: self._job(name, table) for name, table in self._tables(raw, "run")}
        slots = dict(self._group(name, table) for name, table in self._tables(raw, "group"))
        for circle in _circles(jobs):
            self._wrong(("run", circle[0]), f"waits for itself: {' after '.join(circle)}", "after")
        mistakes = sorted(self._mistakes, key=lambda each: each.line or 0)
        return JobFile(jobs, slots, tuple(mistakes), self._lines)

    def _check_top(self, raw: Mapping[str, Any]) -> None:
        self._check_keys((), raw, AT_THE_TOP)
        version = raw.get("version", VERSION)
        if version != VERSION or isinstance(version, bool):
            self._wrong(("version",), f"must be {VERSION}: this overnight reads no other")
        if not raw.get("run"):
            self._mistakes.append(Mistake("declares no run: [run.NAME], and below it its command"))

    def _tables(self, raw: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """[kind.NAME], each."""
        every = raw.get(kind, {})
        if not isinstance(every, dict):
            self._wrong((kind,), f"must be tables: [{kind}.NAME]")
            return
        for name, table in every.items():
            if not is_name(name):
                self._wrong((kind, name), "not a name: letters, digits, dot, dash, underscore, at most 64")
            elif not isinstance(table, dict):
                self._wrong((kind, name), f"must be a table: [{kind}.{name}]")
            else:
                yield name, table

    def _job(self, name: str, table: Mapping[str, Any]) -> Job:
        path = ("run", name)
        said = dict(self._values(path, table, OF_A_RUN))
        self._check_there(path, table, "command", 'command is missing: ["…", "…"], or "…" for sh -c')
        if "delay" in table and "at" in table:
            self._wrong(path, "delay and at say two times: name one of them", "at")
        after, delay, at = said.pop("after", ()), said.pop("delay", None), said.pop("at", None)
        return Job(name, {FIELDS.get(key, key): value for key, value in said.items()}, after, delay, at)

    def _group(self, name: str, table: Mapping[str, Any]) -> tuple[str, int | None]:
        slots = dict(self._values(("group", name), table, OF_A_GROUP)).get("slots")
        self._check_there(
            ("group", name), table, "slots", f'slots is missing: how many of its runs work at once, or "{UNLIMITED}"'
        )
        return name, slots if isinstance(slots, int) else None

    def _values(self, path: Path, table: Mapping[str, Any], keys: Mapping[str, Reader]) -> Iterator[tuple[str, Any]]:
        """What its keys mean, those that have a meaning."""
        self._check_keys(path, table, keys)
        for key, read in keys.items():
            try:
                if key in table:
                    yield key, read(table[key])
            except Unfit as unfit:
                for within, what in unfit.found:
                    self._wrong((*path, key, *within), what)

    def _check_keys(self, path: Path, table: Mapping[str, Any], known: Iterable[str]) -> None:
        for key in table:
            if key not in known:
                self._wrong(path, f'unknown key "{key}"{meant(key, known)}', key)

    def _check_there(self, path: Path, table: Mapping[str, Any], key: str, what: str) -> None:
        # One that is misspelt is told already.
        if key not in table and not any(meant(each, (key,)) for each in table):
            self._wrong(path, what)

    def _wrong(self, where: Path, what: str, *within: str | int) -> None:
        self._mistakes.append(mistake_at(self._lines, where, what, *within))
