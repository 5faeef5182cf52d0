"""What is to be said about a run in words, in whichever pane there is room."""

from itertools import chain
from math import inf

from overnight.state import current
from overnight.state.activity import activity_words
from overnight.state.amounts import size_words
from overnight.state.health import DOUBTFUL, health_of
from overnight.state.records import Handle
from overnight.state.status import ENDED, HELD, RESUMABLE, RETRYABLE, WAITING, Status, stopped_from_outside
from overnight.state.waits import announced
from overnight.tui import numbers, view
from overnight.tui.detail import Detail
from overnight.tui.forecast import budget_words, limit_words, wait_words
from overnight.tui.growth import full_in
from overnight.tui.in_hand import item_words
from overnight.tui.lines import Line, cut, line, wrapped
from overnight.tui.panes.facts import within
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row
from overnight.tui.why import again_words, only_prints, why

Said = tuple[str, str]
"""A sentence, and its role."""
SOON = 7200.0
"""Seconds within which something that will be full is told of."""


def remarks(row: Row, detail: Detail, frame: Frame, room: int | None = None) -> list[Line]:
    """What stands in words: an unobeyed request, a verdict, what its agent says, what is left to do, what it
    writes wrong, any damage.

    `room`: lines for it; None = as many as it takes. Each of them is said at least in part.
    """
    said: list[Said] = []
    if (request := view.asked(row)) is not None:
        since = view.asked_age(row)
        when = f" {numbers.age(since)} ago" if since is not None else ""
        said.append((f"{request.verb} asked{when} by {request.by}; waiting for {view.awaited(row)}", "held"))
    if row.status is Status.QUEUED:
        said += _queued_words(row)
    if (
        row.status in WAITING | {Status.STOPPING}
        and row.records.supervisor is not None
        and row.records.supervisor.reason
    ):
        said.append((row.records.supervisor.reason, "warn"))
    said += _stop_words(row)
    said += _hang_words(row, detail)
    said += [(words, "warn") for words in growth_words(row, detail)]
    if row.status is Status.COMPLETED and row.records.exit is not None and row.records.exit.reason:
        said.append((row.records.exit.reason, "dim"))
    if row.status is Status.COMPLETED and (failed := int(row.summary.failed_items)):
        said.append((f"{numbers.plural(failed, 'item')} failed; {errors_words(row)}", "warn"))
    if row.status not in ENDED:
        said += _work_words(row, detail)
    said += [(text, "warn") for text in view.fault_texts(row)]
    said += [(f"{each.path}: {each.problem}", "warn") for each in row.records.damaged]
    wholes = [[line((f" {piece}", role)) for piece in wrapped(text, frame.width - 2)] for text, role in said]
    if room is None:
        return list(chain.from_iterable(wholes))
    shorts = [line((f" {cut(text, frame.width - 2, frame.glyphs)}", role)) for text, role in said]
    return within(room, zip(wholes, shorts, strict=True))


def _work_words(row: Row, detail: Detail) -> list[Said]:
    """What comes before its end, what it waits for, and what it says itself."""
    said: list[Said] = []
    if row.status is Status.RUNNING:
        if words := limit_words(row.records, detail.history, row.now):
            said.append((words, "warn"))
        said += [(words, "") for words in budget_words(row.records, detail.kept)]
    wait = announced(row.records, row.now) if row.status not in HELD else None
    if wait is not None and wait.reason:
        said.append((f"{'' if wait.is_work else 'waits: '}{wait_words(wait)}", "dim"))
    message = row.records.progress.message if row.records.progress is not None else None
    if message and (wait is None or message != wait.reason):
        said.append((message, ""))
    if item := item_words(row.records, row.now, calm=True):
        said.append((f"item: {item}", "dim"))
    return said


def _queued_words(row: Row) -> list[Said]:
    begins_in = None if row.begins_at is None else max(0.0, row.begins_at - row.now)
    answer = why(row.records, (), row.now, row.stand, begins_in=begins_in, awaited=row.awaited)
    role = "warn" if view.is_hopeless(row) else "dim"
    return [(text, role) for text in (answer.reason, answer.remedy) if text]


def _stop_words(row: Row) -> list[Said]:
    """That somebody has stopped its process who is no operator, and what makes it go on."""
    if not stopped_from_outside(row.records, row.status):
        return []
    since = view.held_since(row.records)
    when = f" {numbers.age(row.now - since)} ago" if since is not None else ""
    also = f", or `kill -CONT {row.summary.pid}`" if row.summary.pid is not None else ""
    return [
        (f"a signal from outside of overnight has stopped its process{when}", "warn"),
        (f"{row.keys.way('pause')} lets it go on{also}", "dim"),
    ]


def _hang_words(row: Row, detail: Detail) -> list[Said]:
    """Whether it works or hangs, as far as can be known, and what can be done where it hangs."""
    if row.status not in {Status.RUNNING, Status.STALLED, Status.STALE}:
        return []
    health = health_of(row.records, row.now)
    if health.verdict not in DOUBTFUL:
        return []
    activity = detail.resources.activity if detail.resources is not None else None
    does = f"; {activity_words(activity)}" if activity is not None else ""
    prints = "; it prints, but reports no progress" if _only_prints(row, detail) else ""
    said = [(f"{health.verdict}: {health.reason}{prints}{does}", "dim" if row.status is Status.RUNNING else "warn")]
    if row.status is Status.RUNNING:
        return said
    shows = f"{row.keys.way('stacks')} shows where it hangs; " if current.handles(row.records, Handle.STACKS) else ""
    return [*said, (f"{shows}{again_words(row.records)}", "dim")]


def _only_prints(row: Row, detail: Detail) -> bool:
    return row.status is Status.STALLED and only_prints(row.records, detail.printed_at, row.now)


def growth_words(row: Row, detail: Detail) -> list[str]:
    """What will be full before long, and before the run is over by its own forecast."""
    if detail.resources is None or row.status is not Status.RUNNING:
        return []
    ends_in = row.summary.estimate.high if row.summary.estimate is not None else inf
    said = []
    for name, growing in detail.resources.growing.items():
        limit = row.records.spec.memory_limit if name == "memory" and row.records.spec is not None else growing.limit
        left = full_in(growing, limit)
        if limit is not None and left is not None and left < min(SOON, ends_in):
            used, most = round(growing.used), round(limit)
            of = f"{numbers.number(used)} of {numbers.number(most)}"
            held = f"{numbers.held_size(used)} of {size_words(most)}" if name == "memory" else of
            said.append(f"{name} {held}, full in about {numbers.about(left)}")
    return said


def next_words(row: Row, *, has_checkpoint: bool) -> str:
    """What starts it again, if anything does."""
    where = " from its checkpoint" if has_checkpoint or current.keeps_place(row.records) else ""
    if row.status in RESUMABLE:
        return f"{row.keys.way('pause')} continues it{where}"
    if row.status in RETRYABLE:
        return f"{row.keys.way('retry')} starts it again{where}"
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
    retried = records.spec is None or records.spec.retries > 0
    return not current.is_by_hand(records) and not retried and (ended is None or ended.limit is None)
