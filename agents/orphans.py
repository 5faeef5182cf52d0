"""Runs that go on without a supervisor, because theirs was killed: each gets a new one from whoever comes next."""

import os

from overnight.state.home import Home


def adopt_orphans(home: Home) -> list[str]:
    """Give every run that goes on without a supervisor a new one. Returns the ids.

    A run whose process has vanished without a word is not touched: `resume` or `cancel` decides about it.
    """
    left = [run for run in home.runs() if not os.path.exists(run.exit_path) and not run.is_supervised()]
    if not left:
        return []
    # All that launches: loaded by the few that find an orphan, and not by all that look for one.
    from overnight.agents.launchers.local import adopt_all

    return [run.id for run in adopt_all(left)]
