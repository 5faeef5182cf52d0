"""What is asked before something is lost, and what would be. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from overnight.state.records import Verb
from overnight.state.status import Status
from overnight.tui import numbers, view
from overnight.tui.keys import Keymap
from overnight.tui.lines import Line, line, middle
from overnight.tui.view import Row

LISTED = 5
"""Runs that are named one by one."""

_WHAT = {
    Verb.CANCEL: "It is asked to stop, and stopped by force after {grace}.",
    Verb.KILL: "It is stopped by force, at once.",
}


class Loss(NamedTuple):
    """What a run would lose."""

    row: Row
    unsaved: float
    """Seconds since its checkpoint; of work, where it has none."""
    checkpointed: bool

    @property
    def words(self) -> str:
        if self.checkpointed:
            return f"Last checkpoint {_ago(self.unsaved)}: what came after it would be lost."
        if self.begun:
            return f"It has no checkpoint: {numbers.about(self.unsaved)} of work would be lost."
        return "It has not begun: nothing is lost."

    @property
    def short_words(self) -> str:
        """For a list."""
        if self.checkpointed:
            return f"checkpoint {_ago(self.unsaved)}"
        return f"no checkpoint: {numbers.about(self.unsaved)} of work" if self.begun else "not begun"

    @property
    def begun(self) -> bool:
        return self.row.records.attempt is not None


def loss_of(row: Row, checkpoint_at: float | None) -> Loss:
    if checkpoint_at is not None:
        return Loss(row, row.now - checkpoint_at, checkpointed=True)
    return Loss(row, view.uptime(row) if row.records.attempt is not None else 0.0, checkpointed=False)


def question_lines(
    verb: Verb, rows: Sequence[Row], checkpoints: Sequence[float | None], left_out: Mapping[Status, int] | None = None
) -> tuple[Line, ...]:
    """`checkpoints`: when each run's was last written; None = it has none. `left_out`: how many others were meant, by
    what they are, of which it cannot be asked.
    """
    losses = [loss_of(row, written_at) for row, written_at in zip(rows, checkpoints, strict=True)]
    subject = rows[0].summary.name if len(rows) == 1 else numbers.plural(len(rows), "run")
    lines = [line((f"{str(verb).capitalize()} {subject}?", "strong")), line(), line(_what(verb, rows))]
    if left_out:
        lines.append(line((_left_out_words(left_out), "dim")))
    if len(rows) == 1:
        return (*lines, line((losses[0].words, "warn")))
    if len(rows) > LISTED:
        lines += [line(), *(line((words, "warn")) for words in _sums(losses))]
    worst = sorted(losses, key=lambda loss: (loss.checkpointed or not loss.begun, -loss.unsaved))
    lines += [line(), *map(_named, worst[:LISTED])]
    if len(rows) > LISTED:
        lines.append(line((f"and {len(rows) - LISTED} more", "dim")))
    return tuple(lines)


def _what(verb: Verb, rows: Sequence[Row]) -> str:
    graces = {each.records.spec.stop_grace for each in rows if each.records.spec}
    up_to = "up to " if len(graces) > 1 else ""
    what = _WHAT[verb].format(grace=f"{up_to}{numbers.duration(max(graces))}" if graces else "its grace")
    if all(row.status is Status.QUEUED for row in rows):
        # It has no process that could be asked, or stopped by force.
        what = "It leaves the queue."
    return what.replace("It ", "Each ", 1) if len(rows) > 1 else what


def _left_out_words(left_out: Mapping[Status, int]) -> str:
    count = sum(left_out.values())
    which = ", ".join(f"{number} {status}" for status, number in sorted(left_out.items(), key=lambda each: -each[1]))
    as_it_is = "1 other is left as it is" if count == 1 else f"{count} others are left as they are"
    return f"{as_it_is}: {which}."


def _sums(losses: Sequence[Loss]) -> list[str]:
    """Of all of them together."""
    saved = [loss for loss in losses if loss.checkpointed]
    unsaved = [loss for loss in losses if not loss.checkpointed and loss.begun]
    idle = len(losses) - len(saved) - len(unsaved)
    words = []
    if unsaved:
        work = numbers.about(sum(loss.unsaved for loss in unsaved))
        words.append(f"{len(unsaved)} without a checkpoint: {work} of work would be lost.")
    if saved:
        oldest = _ago(max(loss.unsaved for loss in saved))
        words.append(f"{len(saved)} with one, the oldest {oldest}: what came after it would be lost.")
    if idle:
        words.append(f"{idle} {'has' if idle == 1 else 'have'} not begun: nothing is lost.")
    return words


def _named(loss: Loss) -> Line:
    return line(f"{middle(loss.row.summary.name, 20):20}  ", (loss.short_words, "warn"))


def _ago(seconds: float) -> str:
    return "now" if seconds < 1 else f"{numbers.age(seconds)[:-1]} {numbers.age(seconds)[-1]} ago"


def answers(verb: Verb, count: int, keys: Keymap) -> Line:
    """`count`: of the runs that are asked about."""
    them = "it" if count == 1 else "them"
    ways = " ".join(sign for sign in ("n", keys.sign("back")) if sign not in {"", "y"})
    return line(("y", "key"), f" {verb} {them}    ", (ways, "key"), f" let {them} go on")
