"""Launch a command as a run and print the run's id. Any program can be one; it needs no terminal to go on.

Returns when the command runs: what cannot be executed is an error now.
"""

import shlex
from argparse import REMAINDER, ArgumentParser, Namespace
from functools import partial

from overnight.agents.launchers.local import launch
from overnight.agents.launchers.order import ON_MEMORY, ON_STALL, Order
from overnight.state.errors import WrongUsage
from overnight.state.home import Home
from overnight.state.records import Restart
from overnight.state.rundir import RunDir
from overnight.tui import arguments, console, selection
from overnight.tui.commands.wait import tell
from overnight.tui.ending import End, Ends, wait_for


def declare(parser: ArgumentParser) -> None:
    parser.usage = "overnight run [options] -- CMD…"
    parser.add_argument("command", nargs=REMAINDER, metavar="-- CMD…", help="the program and its arguments")
    declare_launch(parser)


def declare_launch(parser: ArgumentParser) -> None:
    """What can be said of any launch."""
    _declare_place(parser)
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


def _declare_rules(parser: ArgumentParser) -> None:
    add_seconds = partial(parser.add_argument, type=arguments.seconds, metavar="S")
    parser.add_argument(
        "--retries", type=arguments.count, metavar="N", help="restarts without progress between them (0)"
    )
    parser.add_argument(
        "--restart",
        choices=[str(each) for each in Restart],
        help="when it is started again (on-failure with --retries)",
    )
    add_seconds("--stop-grace", help="from a stop to the end by force (20)")
    add_seconds("--pause-grace", help="from a pause to being frozen (30)")
    add_seconds("--stall", help="without progress, that count as stalled (by its own pace)")
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
    order = order_of(options)
    home = selection.open_home()
    launched = launch(home, order)
    console.data(launched.id)
    console.finish()
    console.warn_of_logout()
    if options.watch or options.wait:
        return _wait(home, launched, watched=options.watch)
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


def _wait(home: Home, launched: RunDir, *, watched: bool) -> int:
    ends = Ends(home, [launched])
    if not watched:
        return wait_for(ends, tell)
    from overnight.tui.watching import ProgressLine

    line = ProgressLine(launched)

    def tell_of_the_end(run_id: str, end: End) -> None:
        line.clear()
        tell(run_id, end)

    try:
        return wait_for(ends, tell_of_the_end, meanwhile=line.show)
    finally:
        line.clear()
