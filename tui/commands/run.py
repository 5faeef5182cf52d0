"""Launch a command as a run and print the run's id. Any program can be one; it needs no terminal to go on.

Returns when the command runs: what cannot be executed is an error now. Where it has to wait, for a slot of its group,
for another run or for its time, it returns when it is queued.

FILE.toml launches all that a job file declares, or the runs of it that are named, and prints an id a line. Where
anything in it is wrong, all of that is told and nothing is launched.
"""

import shlex
import time
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from functools import partial

from overnight.agents.launchers.local import launch
from overnight.agents.launchers.order import ON_MEMORY, ON_STALL, Order
from overnight.state.errors import WrongUsage
from overnight.state.find import find
from overnight.state.home import Home
from overnight.state.queue import HOWEVER
from overnight.state.records import Restart
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from overnight.tui import arguments, console, selection
from overnight.tui.commands.wait import tell
from overnight.tui.ending import End, Ends, wait_for

USAGE = "overnight run [options] -- CMD…\n       overnight run [--dry-run] [--wait] FILE.toml [NAME…]"


def declare(parser: ArgumentParser) -> None:
    parser.usage = USAGE
    parser.add_argument("command", nargs=REMAINDER, metavar="-- CMD…", help="the program and its arguments")
    declare_launch(parser)
    declare_dry_run(parser)


def declare_dry_run(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="of a file: only show what would be launched, in order")


def declare_launch(parser: ArgumentParser) -> None:
    """What can be said of any launch."""
    _declare_place(parser)
    _declare_queue(parser)
    _declare_rules(parser)
    parser.add_argument("--wait", action="store_true", help="wait for the end: 0 completed, 1 otherwise")
    parser.add_argument("--watch", action="store_true", help="the same, with one line of progress")


def _declare_place(parser: ArgumentParser) -> None:
    add_pair = partial(parser.add_argument, type=arguments.pair, action="append", default=[], metavar="K=V")
    parser.add_argument("--name", metavar="NAME", help="what it is called (the program's name)")
    parser.add_argument("--group", type=arguments.group, metavar="G", help="the group it belongs to (default)")
    add_pair("--label", help="a mark of your own; may be given more than once")
    parser.add_argument("--cwd", metavar="DIR", help="the folder it works in (this one)")
    parser.add_argument(
        "--env",
        type=arguments.variable,
        action="append",
        default=[],
        metavar="K=V",
        help="set in its environment; may be given more than once. Others see a command line: export a secret instead",
    )
    parser.add_argument("--progress-file", metavar="FILE", help="where it writes its progress, if not in its run")
    parser.add_argument("--heartbeat-file", metavar="FILE", help="where it writes its heartbeat, if not in its run")


def _declare_queue(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--priority", type=arguments.whole, metavar="N", help="in the queue of its group the higher starts first (0)")
    add(
        "--after",
        dest="awaited",
        action="append",
        default=[],
        metavar="RUN",
        help="start when that run has completed; RUN:ended: however it ended; may be given more than once",
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--delay", type=arguments.span, metavar="SPAN", help="start that much later: 90, 30m, 1h30m")
    when.add_argument("--at", type=arguments.instant, metavar="TIME", help="start then: 02:30, 2026-11-28T02:30")


def _declare_rules(parser: ArgumentParser) -> None:
    add_span = partial(parser.add_argument, type=arguments.span, metavar="SPAN")
    parser.add_argument(
        "--retries", type=arguments.count, metavar="N", help="restarts without progress between them (0)"
    )
    parser.add_argument(
        "--restart",
        choices=[str(each) for each in Restart],
        help="when it is started again (on-failure with --retries)",
    )
    add_span("--stop-grace", help="from a stop to the end by force (20)")
    add_span("--pause-grace", help="from a pause to being frozen (30)")
    add_span("--stall", help="without progress, that count as stalled; what it prints is none (by its own pace)")
    parser.add_argument("--on-stall", choices=ON_STALL, help="what happens then (mark)")
    _declare_limits(parser)


def _declare_limits(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--time-limit", type=arguments.span, metavar="SPAN", help="of work, pauses not counted; then it has failed"
    )
    parser.add_argument("--memory-limit", type=arguments.size, metavar="SIZE", help="of all its processes together")
    parser.add_argument("--on-memory", choices=ON_MEMORY, help="what happens when they hold more (fail)")
    parser.add_argument("--nice", type=arguments.count, metavar="N", help="stand back for others, 0 to 19 (0)")
    parser.add_argument(
        "--log-limit",
        type=arguments.size_or_none,
        metavar="SIZE",
        help="of its log on disk, the newest lines; none (256M)",
    )


def run(options: Namespace) -> int:
    if options.command and options.command[0].endswith(".toml"):
        from overnight.tui import job_launch  # reads TOML: most launches are one command

        return job_launch.run(options)
    if options.dry_run:
        raise WrongUsage("run: --dry-run is for a job file", hint="overnight run --dry-run FILE.toml")
    return run_one(options)


def run_one(options: Namespace) -> int:
    """Launch the one command of the options."""
    order = order_of(options)
    home = selection.open_home()
    launched = launch(home, order._replace(after=after_of(home, options.awaited), start_at=start_of(options)))
    console.data(launched.id)
    console.finish()
    say_if_queued(launched)
    console.warn_of_logout()
    if options.watch or options.wait:
        return wait_for_runs(home, [launched], watched=options.watch)
    return 0


def order_of(options: Namespace) -> Order:
    """What was asked for; the rest as the launcher has it. Raises WrongUsage."""
    dashes, *command = options.command or [""]
    if dashes != "--" or not command:
        meant = shlex.join(options.command) if dashes not in {"", "--"} else "CMD…"
        raise WrongUsage("run: no command behind --", hint=f"overnight run -- {meant}")
    given = {
        name: value
        for name, value in vars(options).items()
        if name in Order._fields and name not in {"command", "restart"} and value is not None
    }
    return Order(
        tuple(command),
        labels=dict(options.label),
        environment=dict(options.env),
        restart=None if options.restart is None else Restart(options.restart),
        **given,
    )


def after_of(home: Home, words: Iterable[str]) -> tuple[str, ...]:
    """The ids of the runs that are named, as the spec has them. Raises NoSuchRun, AmbiguousName, WrongUsage."""
    found = []
    for word in words:
        name, _, how = word.partition(":")
        if f":{how}" not in {":", HOWEVER}:
            raise WrongUsage(f"--after {word}: not RUN nor RUN{HOWEVER}", hint=f"RUN{HOWEVER}: however that run ends.")
        found.append(find(home, name).id + (HOWEVER if how else ""))
    return tuple(found)


def start_of(options: Namespace) -> float | None:
    """When it may start at the earliest; None = at once."""
    at: float | None = options.at
    return time.time() + options.delay if options.delay else at


def say_if_queued(launched: RunDir) -> None:
    """That it does not run yet, and why."""
    if is_queued(launched):
        from overnight.tui.door import clean_records  # most launches start at once
        from overnight.tui.reading import stands_now
        from overnight.tui.why import why

        read = launched.read()
        answer = why(clean_records(read), (), time.time(), stands_now(launched.home, [read]).get(launched.id))
        console.say(f"queued: {answer.reason}")


def is_queued(launched: RunDir) -> bool:
    """Of one that was just launched."""
    # Asked first: most have begun by then, and need not be read as a whole.
    return not launched.last_attempt_number() and status_of(launched.read(), time.time()) is Status.QUEUED


def wait_for_runs(home: Home, runs: Sequence[RunDir], *, watched: bool) -> int:
    """Until all have ended: the worst exit code. Only one can be watched."""
    ends = Ends(home, runs)
    if not watched:
        return wait_for(ends, tell)
    from overnight.tui.watching import ProgressLine

    (watched_run,) = runs
    line = ProgressLine(watched_run)

    def tell_of_the_end(run_id: str, end: End) -> None:
        line.clear()
        tell(run_id, end)

    try:
        return wait_for(ends, tell_of_the_end, meanwhile=line.show)
    finally:
        line.clear()
