"""The environment of a launch, once no attempt can follow that would need it: it may hold secrets, and is removed."""

import os

from overnight.state import current
from overnight.state.atomic import discard
from overnight.state.records import Exit, Outcome
from overnight.state.rundir import RunDir


def forget_environment(run: RunDir) -> None:
    """Remove env.json where it is spent. For the holder of the run's lock. Raises OSError."""
    if is_spent(run):
        discard(run.env_path)


def is_spent(run: RunDir) -> bool:
    """Whether the run has completed with nothing left of it that `retry --errors` could do.

    Whatever ended otherwise can be retried, and gets what its launch gave it, whoever retries it and from where.
    """
    ended = run.exit()
    if not isinstance(ended, Exit) or ended.outcome is not Outcome.COMPLETED:
        return False
    return not (os.path.exists(run.checkpoint_log_path) and current.has_failed_items(run.read()))
