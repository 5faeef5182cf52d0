"""What is to be said about a run in words, in whichever pane there is room."""

from itertools import chain

from overnight.state import current
from overnight.state.status import ENDED, RESUMABLE, RETRYABLE, WAITING, Status
from overnight.tui import view
from overnight.tui.lines import Line, cut, line, wrapped
from overnight.tui.panes.facts import within
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row


def remarks(row: Row, frame: Frame, room: int | None = None) -> list[Line]:
    """What stands in words: an unobeyed request, a verdict, what its agent says, what is left to do, what it
    writes wrong, any damage.

    `room`: lines for it; None = as many as it takes. Each of them is said at least in part.
    """
    progress, heartbeat = row.records.progress, row.records.heartbeat
    said: list[tuple[str, str]] = []
    if (request := view.asked(row)) is not None:
        since = view.asked_age(row)
        when = f" {view.age(since)} ago" if since is not None else ""
        said.append((f"{request.verb} asked{when} by {request.by}; waiting for {view.awaited(row)}", "held"))
    if row.status is Status.QUEUED:
        place = f" of group {row.summary.group}" if row.stand and row.stand.place else ""
        said.append((f"{view.eta_text(row, frame.glyphs)}{place}", "dim"))
    if (
        row.status in WAITING | {Status.STOPPING}
        and row.records.supervisor is not None
        and row.records.supervisor.reason
    ):
        said.append((row.records.supervisor.reason, "warn"))
    if row.status in {Status.STALLED, Status.STALE}:
        said.append((row.summary.health, "warn"))
    if row.status is Status.COMPLETED and row.records.exit is not None and row.records.exit.reason:
        said.append((row.records.exit.reason, "dim"))
    if row.status is Status.COMPLETED and (failed := int(row.summary.failed_items)):
        said.append((f"{view.plural(failed, 'item')} failed; {errors_words(row)}", "warn"))
    if row.status not in ENDED:
        if heartbeat is not None and heartbeat.waiting is not None and heartbeat.waiting.for_:
            said.append((f"waits: {heartbeat.waiting.for_}", "dim"))
        if progress is not None and progress.message:
            said.append((progress.message, ""))
        if progress is not None and progress.current_item:
            said.append((f"item: {progress.current_item}", "dim"))
    said += [(text, "warn") for text in view.fault_texts(row)]
    said += [(f"{each.path}: {each.problem}", "warn") for each in row.records.damaged]
    wholes = [[line((f" {piece}", role)) for piece in wrapped(text, frame.width - 2)] for text, role in said]
    if room is None:
        return list(chain.from_iterable(wholes))
    shorts = [line((f" {cut(text, frame.width - 2, frame.glyphs)}", role)) for text, role in said]
    return within(room, zip(wholes, shorts, strict=True))


def next_words(row: Row, *, has_checkpoint: bool) -> str:
    """What starts it again, if anything does."""
    if row.status in RESUMABLE:
        return f"{row.keys.way('pause')} continues it{' from its checkpoint' if has_checkpoint else ''}"
    if row.status in RETRYABLE:
        return f"{row.keys.way('retry')} starts it again{' from its checkpoint' if has_checkpoint else ''}"
    return ""


def errors_words(row: Row) -> str:
    """What does the failed items of a run again, once it is over."""
    return f"`overnight retry {row.summary.id} --errors` does them again"


def remedy_words(row: Row, *, has_checkpoint: bool) -> list[str]:
    """What can be done now about how it ended and about its failed items, a sentence each; exact, or not told."""
    next_ = next_words(row, has_checkpoint=has_checkpoint)
    if not has_checkpoint or not current.has_failed_items(row.records):
        return [next_] if next_ else []
    if next_:
        return [f"{next_}, without the failed items", errors_words(row)]
    if row.status is Status.COMPLETED:
        return [errors_words(row)]
    return [f"failed items are set aside; when it has ended, {errors_words(row)}"]


def died_unaided(row: Row) -> bool:
    """Whether it failed where a run that is launched with retries is started again."""
    records, attempt, ended = row.records, row.records.attempt, row.records.exit
    if row.status is not Status.FAILED or attempt is None or attempt.exec_error is not None:
        return False
    by_hand = records.supervisor is not None and records.supervisor.pid == attempt.pid
    retried = records.spec is None or records.spec.retries > 0
    return not by_hand and not retried and (ended is None or ended.limit is None)
