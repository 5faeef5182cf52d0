"""`overnight run FILE.toml [NAME…]`: what it takes, what it refuses, and launching what a job file declares.

All of it, or the runs that are named and nothing else. Where there is any mistake nothing is launched.
"""

import shlex
from argparse import Namespace
from collections.abc import Container, Mapping, Sequence

from overnight.agents.launchers.jobs import awaited_of
from overnight.agents.launchers.local import launch_all
from overnight.agents.launchers.order import option
from overnight.state.errors import NotPossibleNow, OvernightError, WrongUsage
from overnight.state.home import Home
from overnight.state.queue import HOWEVER, dependency
from overnight.state.rundir import RunDir
from overnight.tui import console, selection
from overnight.tui.clean import clean
from overnight.tui.commands import run as launching
from overnight.tui.job_plan import Plan, Planned, plan_of
from overnight.tui.parsers import Parser

OF_A_FILE = {"command", "file", "names", "wait", "watch", "dry_run"}
NAMED = {"awaited": "after"}
"""Options whose value is kept under another name."""


def run(options: Namespace) -> int:
    options = _with_the_rest(options)
    _refuse_single(options)
    home = selection.open_home()
    plan = plan_of(home, options.file, options.names)
    if plan.mistakes:
        console.say_mistakes(options.file, plan.mistakes)
        return WrongUsage.exit_code
    if options.watch and len(plan.planned) > 1:
        raise WrongUsage(
            f"run: --watch follows one run, and these are {len(plan.planned)}",
            hint="Use --wait, or look at them in `overnight`.",
        )
    if options.dry_run:
        return _show(plan)
    return _launch(home, plan, options)


def _with_the_rest(options: Namespace) -> Namespace:
    """Options may stand behind the file, too, and between the names."""
    parser = Parser("overnight run")
    parser.usage = launching.USAGE
    parser.add_argument("file", metavar="FILE.toml")
    parser.add_argument("names", nargs="*", metavar="NAME", help="runs of the file; without any: all")
    launching.declare_launch(parser)
    launching.declare_dry_run(parser)
    return parser.parse_intermixed_args(options.command, options)


def _refuse_single(options: Namespace) -> None:
    said = [name for name, value in vars(options).items() if name not in OF_A_FILE and value not in (None, [])]
    if said:
        words = ", ".join(option(NAMED.get(name, name)) for name in said)
        raise WrongUsage(
            f"run: {words} cannot be given with a file: {options.file} says that of each of its runs",
            hint="Write it there.",
        )


def _show(plan: Plan) -> int:
    """In the order of launching."""
    for name, slots in plan.slots.items():
        console.data(f"group {name}: {'no limit' if slots is None else f'slots {slots}'}")
    rows = [("NAME", "GROUP", "AFTER", "COMMAND"), *map(_row, plan.planned.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=False))
        console.data("  ".join((*cells, row[3])))
    return 0


def _row(planned: Planned) -> tuple[str, str, str, str]:
    after = " ".join(planned.after) or "-"
    return planned.job.name, planned.order.group, clean(after), clean(shlex.join(planned.order.command))


def _launch(home: Home, plan: Plan, options: Namespace) -> int:
    _set_slots(home, plan.slots)
    planned, launched = plan.planned, dict[str, RunDir]()
    for wave in plan.waves:
        _launch_wave(home, [each for each in wave if _can_follow(each, planned, launched, options.file)], launched)
    console.warn_of_logout()
    runs = list(launched.values())
    code = 0 if len(runs) == len(planned) else 1
    if runs and (options.wait or options.watch):
        return max(code, launching.wait_for_runs(home, runs, watched=options.watch))
    _say_queued(runs)
    return code


def _set_slots(home: Home, slots: Mapping[str, int | None]) -> None:
    if slots:
        from overnight.agents import grouping  # not at the top: few files say anything of groups

        for name, count in slots.items():
            grouping.set_slots(home, name, count)


def _can_follow(one: Planned, planned: Container[str], launched: Container[str], file: str) -> bool:
    """Whether all of the file that it comes after was launched. If not, that is said."""
    missing = [name for name in awaited_of(one.job, planned) if name not in launched]
    if missing:
        why = f"{one.job.name} was not launched: it comes after {', '.join(missing)}"
        again = shlex.join(["overnight", "run", file, *missing, one.job.name])
        console.complain(NotPossibleNow(why, hint=f"When that is put right: {again}"))
    return not missing


def _launch_wave(home: Home, wave: Sequence[Planned], launched: dict[str, RunDir]) -> None:
    """Adds, by name, those that could be started; of the others it is said why not."""
    orders = [each.order._replace(after=tuple(_id_of(word, launched) for word in each.after)) for each in wave]
    for each, answer in zip(wave, launch_all(home, orders), strict=True):
        if isinstance(answer, OvernightError):
            console.complain(answer)
        else:
            launched[each.job.name] = answer
            console.data(answer.id)
    console.finish()


def _id_of(word: str, launched: Mapping[str, RunDir]) -> str:
    name, completed = dependency(word)
    return word if name not in launched else launched[name].id + ("" if completed else HOWEVER)


def _say_queued(runs: Sequence[RunDir]) -> None:
    queued = [run for run in runs if launching.is_queued(run)]
    if len(queued) == 1:
        launching.say_if_queued(queued[0])
    elif queued:
        console.say(f"{len(queued)} of {len(runs)} are queued. `overnight why RUN` says what one waits for.")
