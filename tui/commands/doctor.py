"""Look at every run and at the machine, and say what somebody should do something about. --repair does what it can.

It finds runs without a supervisor, records that cannot be read (they are set aside, never overwritten), files that
others may get at, processes that go on though their run is over or its folder was deleted (they get SIGTERM), what
killed launches and removals left behind; inotify limits that are too small for the interface, logins whose end is the
end of the runs, a clock that was set back, what the filesystem of the home cannot do, and queued runs that can never
begin. Whether runs do what they should is not its concern: it says how many somebody should look at.

A lock is never left behind: the kernel frees it with the last process that holds it. A run that looks held is held by
a living process, and which one is said where it is not the supervisor on record.

The exit code: 0 it has found nothing, 1 it has, with --repair: something is left. --json: one array.
"""

from argparse import ArgumentParser, Namespace
from typing import Any, NamedTuple

from overnight.agents import cures
from overnight.state.diagnosis import diagnose, in_trouble
from overnight.state.errors import OvernightError
from overnight.state.examination import examine
from overnight.state.findings import Cure, Facts, Finding
from overnight.state.home import Home, default_home
from overnight.state.machine_diagnosis import notes_of
from overnight.tui import console
from overnight.tui.clean import clean
from overnight.tui.numbers import plural

ROUNDS = 3
"""What is put right may show what was behind it: a run whose outcome could not be read is then to be adopted."""


class Told(NamedTuple):
    """A finding, and what became of it."""

    finding: Finding
    done: str | None = None
    """What was done about it, in words; None = nothing."""
    failed: str | None = None
    """Why nothing could be done, in words."""


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("--repair", action="store_true", help="do what can be done without asking, and say it")
    parser.add_argument("--json", action="store_true", help="every finding, for a program")


def run(options: Namespace) -> int:
    home = default_home()
    facts = examine(home)
    findings, repaired, failed = diagnose(facts), list[Told](), dict[Finding, str]()
    for _ in range(ROUNDS if options.repair else 0):
        wanted = [each for cure in Cure for each in findings if each.cure is cure and each not in failed]
        if not wanted:
            break
        for finding in wanted:
            _repair(home, finding, repaired, failed)
        facts = examine(home)
        findings = diagnose(facts)
    every = [*repaired, *(Told(each, failed=failed.get(each)) for each in findings)]
    if options.json:
        console.json_array(map(_plain, every))
    else:
        for told in every:
            console.data(_line(told))
    for note in notes_of(facts.machine):
        console.say(note)
    _say_what_is_left(findings, options.repair)
    _say_what_else(home, facts, findings)
    return 1 if findings else 0


def _repair(home: Home, finding: Finding, repaired: list[Told], failed: dict[Finding, str]) -> None:
    """What becomes of it is added to one of both; nothing, where it was not needed any more."""
    try:
        done = cures.apply(home, finding)
    except OvernightError as error:
        failed[finding] = f"{error}. {error.hint}"
    else:
        repaired += [Told(finding, done)] if done else []


def _line(told: Told) -> str:
    finding = told.finding
    subject = f"{clean(finding.run_id)}: " if finding.run_id is not None else ""
    what = f"{finding.kind:9} {subject}{clean(finding.problem)}"
    if told.done is not None:
        return f"{what}. Repaired: {clean(told.done)}."
    failed = f" Not repaired: {clean(told.failed)}" if told.failed else ""
    return f"{what}. {clean(finding.remedy)}{failed}"


def _plain(told: Told) -> dict[str, Any]:
    finding = told.finding
    return {
        "kind": finding.kind,
        "run": finding.run_id,
        "paths": finding.paths,
        "problem": finding.problem,
        "remedy": finding.remedy,
        "repairable": finding.cure is not None,
        "repaired": told.done,
        "not_repaired": told.failed,
    }


def _say_what_is_left(findings: list[Finding], repair: bool) -> None:
    curable = sum(1 for each in findings if each.cure)
    if curable and not repair:
        console.say(f"`overnight doctor --repair` puts {curable} of {plural(len(findings), 'finding')} right.")


def _say_what_else(home: Home, facts: Facts, findings: list[Finding]) -> None:
    """What it has looked at, where nothing is wrong with that; and what it does not judge."""
    if not findings:
        runs = plural(len(facts.runs), "run")
        console.say(f"Nothing is wrong with {clean(home.path)}, the records of its {runs}, the queue and this machine.")
    troubled = ", ".join(f"{count} {status}" for status, count in in_trouble(facts).items())
    if troubled:
        console.say(f"Runs that need somebody: {troubled}. `overnight ls` shows them, `overnight why RUN` says why.")
