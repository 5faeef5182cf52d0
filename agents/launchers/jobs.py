"""What a job file declares, and everything that is wrong with it, each with its line. Pure: text in, jobs and mistakes
out.

    [run.train]                      one run, of this name
    command = ["python", "a.py"]     or one text, which `sh -c` runs
    after = ["fetch"]                runs of this file, or others by id or name
    [group.gpu]
    slots = 2
"""

from collections.abc import Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from overnight.agents.launchers.job_keys import OF_A_GROUP, OF_A_RUN
from overnight.agents.launchers.toml_lines import Path
from overnight.agents.launchers.toml_reading import Mistake, Reading, by_line, document_of, meant
from overnight.state.measures import UNLIMITED
from overnight.state.names import is_name
from overnight.state.queue import dependency

VERSION = 1
AT_THE_TOP = ("run", "group", "version")
FIELDS = {"env": "environment"}
"""Keys whose field of an order has another name."""


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


def jobs_of(data: bytes | str) -> JobFile:
    """Everything that is declared and well-formed, and all mistakes."""
    document = document_of(data)
    if isinstance(document, Mistake):
        return JobFile(mistakes=(document,))
    return _Reading(document.lines).file(document.values)


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


class _Reading(Reading):
    """One job file."""

    def file(self, raw: Mapping[str, Any]) -> JobFile:
        self._check_top(raw)
        jobs = {name: self._job(name, table) for name, table in self._tables(raw, "run")}
        slots = dict(self._group(name, table) for name, table in self._tables(raw, "group"))
        for circle in _circles(jobs):
            self.wrong(("run", circle[0]), f"waits for itself: {' after '.join(circle)}", "after")
        return JobFile(jobs, slots, by_line(self.mistakes), self.lines)

    def _check_top(self, raw: Mapping[str, Any]) -> None:
        self.check_keys((), raw, AT_THE_TOP)
        version = raw.get("version", VERSION)
        if version != VERSION or isinstance(version, bool):
            self.wrong(("version",), f"must be {VERSION}: this overnight reads no other")
        if not raw.get("run"):
            self.mistakes.append(Mistake("declares no run: [run.NAME], and below it its command"))

    def _tables(self, raw: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """[kind.NAME], each."""
        every = raw.get(kind, {})
        if not isinstance(every, dict):
            self.wrong((kind,), f"must be tables: [{kind}.NAME]")
            return
        for name, table in every.items():
            if not is_name(name):
                self.wrong((kind, name), "not a name: letters, digits, dot, dash, underscore, at most 64")
            elif not isinstance(table, dict):
                self.wrong((kind, name), f"must be a table: [{kind}.{name}]")
            else:
                yield name, table

    def _job(self, name: str, table: Mapping[str, Any]) -> Job:
        path = ("run", name)
        said = dict(self.values(path, table, OF_A_RUN))
        self._check_there(path, table, "command", 'command is missing: ["…", "…"], or "…" for sh -c')
        if "delay" in table and "at" in table:
            self.wrong(path, "delay and at say two times: name one of them", "at")
        after, delay, at = said.pop("after", ()), said.pop("delay", None), said.pop("at", None)
        return Job(name, {FIELDS.get(key, key): value for key, value in said.items()}, after, delay, at)

    def _group(self, name: str, table: Mapping[str, Any]) -> tuple[str, int | None]:
        slots = dict(self.values(("group", name), table, OF_A_GROUP)).get("slots")
        self._check_there(
            ("group", name), table, "slots", f'slots is missing: how many of its runs work at once, or "{UNLIMITED}"'
        )
        return name, slots if isinstance(slots, int) else None

    def _check_there(self, path: Path, table: Mapping[str, Any], key: str, what: str) -> None:
        # One that is misspelt is told already.
        if key not in table and not any(meant(each, (key,)) for each in table):
            self.wrong(path, what)
