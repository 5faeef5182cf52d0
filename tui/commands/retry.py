"""Start ended runs again, from their checkpoint; what was finished is not repeated.

With --errors the items that failed are done again, too: of a run that had completed, nothing but these.
"""

from argparse import ArgumentParser, Namespace

from overnight.agents import operate
from overnight.state.status import RETRYABLE, Status
from overnight.tui import asking, console
from overnight.tui.asking import Wish, ask_each

QUEUED = "queued to be started again:"
# What is started may have ended again before one looks.
RETRY = Wish("retry", "started again:", operate.retry_all, frozenset(Status), RETRYABLE, queued=QUEUED)
RETRY_ERRORS = Wish(
    "retry",
    "started again:",
    operate.retry_errors_all,
    frozenset(Status),
    RETRYABLE | {Status.COMPLETED},
    operate.has_errors_to_retry,
    queued=QUEUED,
)


def declare(parser: ArgumentParser) -> None:
    asking.declare(parser)
    parser.add_argument("--errors", action="store_true", help="do the items again that failed")


def run(options: Namespace) -> int:
    code = ask_each(options, RETRY_ERRORS if options.errors else RETRY)
    console.warn_of_logout()
    return code
