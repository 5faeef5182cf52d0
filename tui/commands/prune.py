"""Remove runs that ended long ago, with their logs, checkpoints and artifacts; and what killed removals left behind.

Nothing that lives, waits, or may be taken up again is touched: interrupted runs only with --status interrupted, lost
ones with --status lost. --dry-run shows what would go.
"""

import time
from argparse import ArgumentParser, Namespace
from functools import partial

from overnight.agents import operate
from overnight.state.errors import HomeUnusable, NoSuchRun, NotPossibleNow
from overnight.state.expiry import PRUNABLE, PRUNED, Rule, has_expired, over_for
from overnight.state.findings import Leftover
from overnight.state.leftovers import leftovers_of
from overnight.state.records import Records
from overnight.state.removal import sweep
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from overnight.tui import arguments, console, selection
from overnight.tui.clean import clean
from overnight.tui.numbers import age, plural

OLDER = "30d"


def declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--older",
        type=arguments.span,
        default=arguments.span(OLDER),
        metavar="AGE",
        help=f"that ended longer ago than this: 7d, 12h, 1d12h, 90 for seconds ({OLDER})",
    )
    parser.add_argument(
        "--status",
        action="append",
        choices=[str(each) for each in sorted(PRUNABLE)],
        metavar="STATUS",
        help=f"only these; may be given more than once: {', '.join(sorted(PRUNABLE))} ({', '.join(sorted(PRUNED))})",
    )
    parser.add_argument("--group", type=arguments.group, metavar="G", help="only runs of this group")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be removed")


def run(options: Namespace) -> int:
    home = selection.open_home()
    rule = Rule(options.older, frozenset(map(Status, options.status or PRUNED)), options.group)
    now = time.time()
    read = [(each, each.read()) for each in home.runs()]
    expired = sorted(
        (pair for pair in read if has_expired(pair[1], rule, now)), key=lambda pair: -over_for(pair[1], now)
    )
    leftovers = leftovers_of(home, now)
    if options.dry_run:
        _show(expired, leftovers, now)
    code = 0 if options.dry_run else _remove_all(expired, leftovers, rule, now)
    _say_what_stays([records for _, records in read], rule, now)
    if not expired and not leftovers:
        console.say(f"There is nothing to prune: no run of these ended more than {age(rule.older)} ago.")
    return code


def _show(expired: list[tuple[RunDir, Records]], leftovers: list[Leftover], now: float) -> None:
    for run, records in expired:
        console.data(f"would remove {_described(run, records, now)}")
    for found in leftovers:
        console.data(f"would remove {_leftover(found)}")


def _remove_all(expired: list[tuple[RunDir, Records]], leftovers: list[Leftover], rule: Rule, now: float) -> int:
    code = selection.for_each(expired, partial(_remove, rule=rule, now=now))
    return max(code, selection.for_each(leftovers, _sweep))


def _remove(pair: tuple[RunDir, Records], rule: Rule, now: float) -> None:
    run, records = pair
    try:
        removed = operate.remove(run, lambda newest: has_expired(newest, rule, time.time()))
    except (NoSuchRun, NotPossibleNow):
        # Somebody else has removed it meanwhile, or goes on with it.
        return
    if removed:
        console.say(f"removed {_described(run, records, now)}")


def _sweep(found: Leftover) -> None:
    try:
        if sweep(found):
            console.say(f"removed {_leftover(found)}")
    except OSError as error:
        where = error.filename or found.path
        raise HomeUnusable(f"{where}: {error.strerror}", hint="`ls -lR` shows what is in it and whose it is.") from None


def _described(run: RunDir, records: Records, now: float) -> str:
    return f"{clean(run.id)} ({status_of(records, now)} {age(over_for(records, now))} ago)"


def _leftover(found: Leftover) -> str:
    return f"what was left of {found.words}: {clean(found.path)}"


def _say_what_stays(every: list[Records], rule: Rule, now: float) -> None:
    """Old runs that were not named: nobody should wonder what fills the disk."""
    if rule.statuses != PRUNED:
        return
    old = rule._replace(statuses=frozenset({Status.INTERRUPTED}))
    count = sum(1 for records in every if has_expired(records, old, now))
    if count:
        stay = f"{plural(count, 'interrupted run')} {'stays' if count == 1 else 'stay'}"
        console.say(f"{stay}: `overnight resume` continues them, `overnight prune --status interrupted` removes them.")
