"""Wait until runs have ended. The exit code: 0 all completed, 1 one did not, 3 one was removed, 4 the time was over.

Of a group, or of all, the runs that ended before count too.
"""

from argparse import ArgumentParser, Namespace

from overnight.state.errors import TimedOut
from overnight.tui import arguments, console, selection
from overnight.tui.ending import End, Ends, wait_for


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("--timeout", type=arguments.span, metavar="SPAN", help="to wait at most")


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    ends = Ends(home, runs)
    code = max(code, wait_for(ends, tell, options.timeout))
    if ends.left:
        still = ", ".join(ends.left)
        raise TimedOut(f"not ended after {options.timeout:g} s: {still}", hint="`overnight wait` waits again.")
    return code


def tell(run_id: str, end: End) -> None:
    console.say(f"{run_id} {end}")
