"""What cells say of a run: its state, its counts and its forecast as text. Pure, and cheap to import."""

from typing import NamedTuple

from overnight.state import current
from overnight.state.amounts import size_words, span_words
from overnight.state.health import silence
from overnight.state.queue import Cause, Stand
from overnight.state.records import Estimate, Outcome, Records, Request, Spec
from overnight.state.status import (
    ENDED,
    HELD,
    RESUMABLE,
    TROUBLE,
    WAITING,
    Status,
    is_trouble,
    paused_itself,
    stopped_from_outside,
)
from overnight.state.summary import Summary, is_beyond, summary_of
from overnight.state.waits import Announced, announced
from overnight.tui.bars import Sample
from overnight.tui.glyphs import UNICODE, Glyphs
from overnight.tui.keys import USUAL_KEYS, Keymap
from overnight.tui.lines import cut, middle
from overnight.tui.numbers import MINUTE, YEAR, about, age, ago, duration, number, ordinal

ETA_WIDTH = 15
"""Cells of the column; what does not fit says less."""
REASON_WIDTH = 2 * ETA_WIDTH
"""Cells of a reason in its place, where that is wider."""


class Row(NamedTuple):
    """One run at one moment, as the list and the panes show it. Its texts are clean."""

    records: Records
    summary: Summary
    now: float
    stand: Stand | None = None
    """Of a queued run: what it waits for."""
    begins_at: float | None = None
    """Of a queued run: when it is expected to begin, seconds since the epoch; None = nobody can foretell it."""
    awaited: Status | None = None
    """Of a queued run: how the first of those stands that it waits for."""
    newest_line: str = ""
    """Of its output; read only for runs that report nothing."""
    samples: tuple[Sample, ...] = ()
    keys: Keymap = USUAL_KEYS
    """What is to be pressed, where a key is named."""

    @property
    def status(self) -> Status:
        return self.summary.status

    @property
    def reports(self) -> bool:
        """Whether the agent ever said how far it is."""
        return self.records.progress is not None


def row_of(records: Records, now: float, stand: Stand | None = None) -> Row:
    return Row(records, summary_of(records, now), now, stand)


def limits_text(spec: Spec) -> str:
    """`time 2h, memory 2G (then restart), nice 10, log 256M`: what it may use."""
    then = f" (then {spec.on_memory})" if spec.on_memory != "fail" else ""
    return ", ".join(
        (
            *([f"time {span_words(spec.time_limit)}"] if spec.time_limit is not None else []),
            *([f"memory {size_words(spec.memory_limit)}{then}"] if spec.memory_limit is not None else []),
            *([f"nice {spec.nice}"] if spec.nice else []),
            f"log {size_words(spec.log_limit) if spec.log_limit else 'without a limit'}",
        )
    )


def counts_text(row: Row) -> str:
    """`31 204 / 50 330 pages`, `812 items`; "" = it does not count."""
    summary, progress = row.summary, row.records.progress
    if summary.processed_items is None or progress is None:
        return ""
    unit = f" {progress.unit}" if progress.unit else ""
    if summary.total_items is None:
        return f"{number(summary.processed_items)}{unit or ' items'}"
    return f"{number(summary.processed_items)} / {number(summary.total_items)}{unit}"


def parts_text(row: Row) -> str:
    """`2 800 resumed, 3 failed`: which of them were not simply done now."""
    counts = {"resumed": row.summary.resumed_items, "failed": row.summary.failed_items}
    return ", ".join(f"{number(count)} {word}" for word, count in counts.items() if count)


# -- states

_WORDS = {Status.COMPLETED: "done"}


def state_word(status: Status) -> str:
    """As the list says it; capitals = somebody should look."""
    word = _WORDS.get(status, str(status))
    return word.upper() if status in TROUBLE else word


def state_role(status: Status) -> str:
    """The name of the colour that goes with it."""
    if status in TROUBLE:
        return "trouble" if status in {Status.FAILED, Status.LOST} else "warn"
    if status in HELD or status is Status.PAUSING:
        return "held"
    if status is Status.COMPLETED:
        return "done"
    return "dim" if status in ENDED or status in WAITING else "run"


def fault_texts(row: Row) -> list[str]:
    """What its agent writes that is not of its form, a line each."""
    files = {"progress.json": row.records.progress, "heartbeat.json": row.records.heartbeat}
    return [f"{name}: {fault}" for name, record in files.items() if record is not None for fault in record.faults]


def row_word(row: Row) -> str:
    """The word of its state; capitals = somebody should look at this run."""
    word = state_word(row.status)
    return word.upper() if is_trouble(row.records, row.status) or is_hopeless(row) else word


def is_hopeless(row: Row) -> bool:
    """Whether it waits for what will not come by itself."""
    return row.stand is not None and row.stand.is_hopeless


def row_role(row: Row) -> str:
    unasked = paused_itself(row.records, row.status) or stopped_from_outside(row.records, row.status)
    return "warn" if unasked or is_hopeless(row) else state_role(row.status)


def percent_text(row: Row) -> str:
    """`62%`; 100 only when nothing is left; "" = unknown."""
    percent = row.summary.percent
    if percent is None:
        return ""
    left = row.status is not Status.COMPLETED and percent < 100
    return f"{min(99, int(percent)) if left else round(percent)}%"


_WORDS_FOR_ETA = {
    Status.UNSUPERVISED: "no supervisor",
    Status.UNKNOWN: "cannot be read",
    Status.STARTING: "",
    Status.STOPPING: "",
}


def eta_text(row: Row, glyphs: Glyphs = UNICODE) -> str:
    """When it will be over, or the word that stands for why that is not known."""
    status, now = row.status, row.now
    if status in RESUMABLE:
        return f"{row.keys.way('pause')} continues it"
    if status in ENDED:
        return _ended_text(row)
    if status is Status.QUEUED:
        return _queued_text(row.stand, now)
    if row.summary.requested is not None and (asked := asked_age(row)) is not None:
        return f"asked {age(asked)} ago"
    if status is Status.BACKOFF:
        return _again_text(row)
    if paused_itself(row.records, status) and (message := row.records.progress and row.records.progress.message):
        return cut(message, REASON_WIDTH, glyphs)
    if status in HELD:
        since = held_since(row.records)
        return f"{status} {age(now - since)}" if since is not None else str(status)
    if status is Status.STALLED:
        return f"stalled {age(silence(row.records, now) or 0)}"
    if status is Status.STALE:
        return f"stale {age(row.summary.heartbeat_age or 0)}"
    if status in _WORDS_FOR_ETA:
        return _WORDS_FOR_ETA[status]
    return _forecast_text(row, glyphs)


def _queued_text(stand: Stand | None, now: float) -> str:
    if stand is None:
        return "in queue"
    match stand.cause:
        case Cause.PAUSE:
            return "paused"
        case Cause.TIME:
            return f"in {about(max(0.0, (stand.until or now) - now))}"
        case Cause.AFTER:
            return _after_text(stand)
        case Cause.GROUP:
            return "group paused"
    return f"{ordinal(stand.place)} in queue" if stand.place else "in queue"


def _after_text(stand: Stand) -> str:
    # Without what makes the id unique: it is the name that is known.
    run_id, how = (stand.others[0], "gone") if stand.gone or stand.failed is None else stand.failed
    name = run_id.rpartition("-")[0] or run_id
    if not stand.is_hopeless:
        return f"after {name}"
    return f"{middle(name, ETA_WIDTH - len(how) - 1)} {how}"


def _forecast_text(row: Row, glyphs: Glyphs) -> str:
    estimate, wait = row.summary.estimate, announced(row.records, row.now)
    if wait is not None and not wait.is_work:
        return _waits_text(wait, estimate)
    if not row.reports:
        return f"up {duration(uptime(row))}"
    if estimate is None:
        return _unforeseen_text(row)
    if estimate.high == 0:
        # Where all is done that is counted, or the time that was said is over, nobody knows how long the rest takes.
        return "ending" if row.summary.percent == 100 else "unknown"
    half = (estimate.high - estimate.low) / 2
    likely = about(estimate.likely)
    if half < 1 or estimate.likely > YEAR:
        return likely
    if half <= estimate.likely / 2:
        return f"{likely} {glyphs.about}{about(half)}"
    # Around so little a range that wide would begin before now.
    low, high = about(estimate.low), about(estimate.high)
    return f"{low}{glyphs.dash}{high}" if low != high else likely


def _waits_text(wait: Announced, estimate: Estimate | None) -> str:
    """`15m, waits 6m`; `waits` where nobody knows how long."""
    if wait.left is None:
        return "waits"
    # In one unit: there is to be room for both.
    waits = f"waits {age(wait.left) if wait.left >= MINUTE else about(wait.left)}"
    both = waits if estimate is None else f"{about(estimate.likely)}, {waits}"
    return both if len(both) <= ETA_WIDTH else waits


def _unforeseen_text(row: Row) -> str:
    progress = row.records.progress
    if progress is not None and progress.faults:
        return "report is wrong"
    measures = row.summary.percent is not None and not (progress is not None and is_beyond(progress))
    return "measuring" if measures else "unknown"


def _again_text(row: Row) -> str:
    supervisor = row.records.supervisor
    at = supervisor.next_start_at if supervisor else None
    return f"again in {age(max(0.0, at - row.now))}" if at is not None else "again soon"


def _ended_text(row: Row) -> str:
    ended = row.records.exit
    if ended is None or ended.ended_at is None:
        return ""
    when = ago(row.now - ended.ended_at)
    if ended.outcome is Outcome.COMPLETED:
        worked = row.summary.worked_seconds
        return f"took {about(worked)}" if worked is not None else when
    if ended.outcome is Outcome.FAILED:
        words = exit_words(row)
        texts = (f"{words}, {when}", f"{words}, {when.removesuffix(' ago')}")
        shorter = texts[-1] if ended.limit is None else f"{ended.limit} limit"
        return next((text for text in (*texts, words) if len(text) <= ETA_WIDTH), shorter)
    return when


def worked_text(row: Row) -> str:
    """`worked 4m12`: all its attempts together; "" = it is not over, or nobody knows."""
    worked = row.summary.worked_seconds
    return f"worked {duration(worked)}" if worked is not None else ""


def exit_words(row: Row) -> str:
    """`exit 1`, `SIGKILL`, `no memory`, `time limit 2h`."""
    ended = row.records.exit
    if ended is None:
        return ""
    if ended.out_of_memory:
        return "no memory"
    if ended.limit is not None:
        return _limit_words(row, ended.limit)
    return ended.signal or (f"exit {ended.code}" if ended.code is not None else "no exit code")


def _limit_words(row: Row, limit: str) -> str:
    spec = row.records.spec
    if limit == "time" and spec is not None and spec.time_limit is not None:
        return f"time limit {span_words(spec.time_limit)}"
    if limit == "memory" and spec is not None and spec.memory_limit is not None:
        return f"memory limit {size_words(spec.memory_limit)}"
    return f"{limit} limit"


def attempt_text(row: Row) -> str:
    """`attempt 2`, `attempt 2/3` where it may be started again; "" = it has had none."""
    if not row.summary.attempt:
        return ""
    retries = row.records.spec.retries if row.records.spec else 0
    return f"attempt {row.summary.attempt}{f'/{retries + 1}' if retries else ''}"


def uptime(row: Row) -> float:
    """Seconds since this attempt began."""
    attempt = row.records.attempt
    if attempt is None:
        return 0.0
    return (attempt.ended_at or row.now) - attempt.started_at


def beat_text(row: Row) -> str:
    """The age of the last heartbeat. A beat a second is steady, not a number that jumps between 0 and 1."""
    seconds = row.summary.heartbeat_age
    return "" if seconds is None else age(max(1.0, seconds))


# -- requests


def asked(row: Row) -> Request | None:
    """The request that nobody has obeyed yet."""
    return current.unobeyed(row.records)


def asked_age(row: Row) -> float | None:
    request = asked(row)
    return row.now - request.at if request is not None and request.at is not None else None


def awaited(row: Row) -> str:
    """Who has to move for the request to be obeyed."""
    return "the agent" if row.records.supervised and row.summary.pid is not None else "the supervisor"


def held_since(records: Records) -> float | None:
    """When the pause that holds it was asked for, or a signal stopped it; None = it is not known."""
    pause = current.standing_pause(records.requests)
    if pause is not None:
        return pause.at
    return records.supervisor.stopped_at if records.supervisor is not None else None
