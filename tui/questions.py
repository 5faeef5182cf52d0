"""What is asked before something is lost, and what would be. Pure."""

from collections.abc import Sequence

from overnight.state.records import Verb
from overnight.state.status import Status
from overnight.tui import view
from overnight.tui.lines import Line, line, middle
from overnight.tui.view import Row

LISTED = 5
"""Runs that are named one by one."""

_WHAT = {
    Verb.CANCEL: "It is asked to stop, and stopped by force after {grace}.",
    Verb.KILL: "It is stopped by force, at once.",
}


def question_lines(verb: Verb, rows: Sequence[Row], checkpoints: Sequence[float | None]) -> tuple[Line, ...]:
    """`checkpoints`: when each run's was last written; None = it has none."""
    subject = rows[0].summary.name if len(rows) == 1 else view.plural(len(rows), "run")
    spec = rows[0].records.spec
    grace = view.duration(max((each.records.spec.stop_grace for each in rows if each.records.spec), default=20))
    what = _WHAT[verb].format(grace=grace) if spec else _WHAT[verb].format(grace="its grace")
    if all(row.status is Status.QUEUED for row in rows):
        # It has no process that could be asked, or stopped by force.
        what = "It leaves the queue."
    if len(rows) > 1:
        what = what.replace("It ", "Each ", 1)
    losses = [_loss(row, written_at) for row, written_at in zip(rows, checkpoints, strict=True)]
    lines = [line((f"{str(verb).capitalize()} {subject}?", "strong")), line(), line(what)]
    if len(rows) == 1:
        return (*lines, line((losses[0], "warn")))
    lines.append(line())
    for row, loss in zip(rows[:LISTED], losses, strict=False):
        lines.append(line(f"{middle(row.summary.name, 20):20}  ", (loss, "warn")))
    if len(rows) > LISTED:
        lines.append(line((f"and {len(rows) - LISTED} more", "dim")))
    return tuple(lines)


def _loss(row: Row, checkpoint_at: float | None) -> str:
    if checkpoint_at is not None:
        return f"Last checkpoint {_ago(row.now - checkpoint_at)}: what came after it would be lost."
    if row.records.attempt is None:
        return "It has not begun: nothing is lost."
    return f"It has no checkpoint: {view.about(view.uptime(row))} of work would be lost."


def _ago(seconds: float) -> str:
    return "now" if seconds < 1 else f"{view.age(seconds)[:-1]} {view.age(seconds)[-1]} ago"


def answers(verb: Verb) -> Line:
    return line(("y", "key"), f" {verb} it    ", ("n esc", "key"), " let it go on")
