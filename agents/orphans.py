"""What has to be done for runs by whoever comes next: they lost their supervisor, or it is their turn in the queue."""

import os

from overnight.state.home import Home


def adopt_orphans(home: Home) -> list[str]:
    """Give every run that goes on without a supervisor a new one, and start what may start of the queue.

    Returns the ids. A run whose process has vanished without a word is not touched: `resume` or `cancel` decides
    about it. Where groups.json cannot be read, or nothing can be written, nothing of the queue starts: whoever asks
    for that is told. Raises HomeUnusable.
    """
    if all(os.path.exists(run.exit_path) or run.is_supervised() for run in home.runs()):
        return []
    # All that launches: loaded where there is something to do, and not by all that look.
    from overnight.agents.dispatch import adopt, dispatch
    from overnight.state.errors import DamagedRecord

    try:
        try:
            done = dispatch(home.path)
        except DamagedRecord:
            done = adopt(home.path)
    except OSError as error:
        raise home.unusable(error) from None
    return [*done.adopted, *done.started]
