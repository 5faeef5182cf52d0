"""How fast a run is, how alive, and how safe: parts that stand beside each other or below. Pure."""

from overnight.state import current
from overnight.state.records import Handle
from overnight.state.status import ENDED, Status
from overnight.tui import bars, numbers, view
from overnight.tui.detail import Detail
from overnight.tui.forecast import change_words, grown_words
from overnight.tui.lines import Line, Span
from overnight.tui.panes.facts import fact, fitting, long_fact
from overnight.tui.panes.frame import Frame
from overnight.tui.postmortem import CUT_OFF
from overnight.tui.safety import checkpoint_words, safe_words
from overnight.tui.view import Row

LEAST_RATES = 3
"""Values from which a sparkline says something."""


def pace_line(row: Row, detail: Detail, frame: Frame) -> Line:
    """What has no room is left out."""
    parts: list[list[Span]] = []
    if rate := _rate_spans(row, frame, width=min(24, max(8, frame.width - 56))):
        parts.append([("rate ", "dim"), *rate])
    if row.status is Status.RUNNING and (grown := grown_words(row.samples)):
        parts.append([("total ", "dim"), (grown, "")])
    if row.summary.heartbeat_age is not None:
        parts.append([("beat ", "dim"), (f"{view.beat_text(row)} ago", "")])
    if detail.checkpoint_at is not None and row.status not in ENDED:
        parts.append([("checkpoint ", "dim"), (checkpoint_words(row, detail.checkpoint_at), "")])
    return fitting(parts, frame)


def pace_lines(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    lines = []
    if rate := _rate_spans(row, frame, width=min(24, max(8, frame.width - 36))):
        lines.append(fact("rate", rate, frame))
    if row.status is Status.RUNNING and (changed := _change_words(row)):
        lines += long_fact("pace", changed, "", frame)
    if row.status is Status.RUNNING and (grown := grown_words(row.samples)):
        lines += long_fact("total", grown, "", frame)
    if row.summary.heartbeat_age is not None:
        lines += long_fact("beat", "; ".join(filter(None, (_beat_words(row), _handles_words(row)))), "", frame)
    if row.status not in CUT_OFF | ENDED and (safe := safe_words(row, detail.checkpoint_at, detail.in_hand)):
        lines += long_fact("safe", safe, "", frame)
    return lines


def _rate_spans(row: Row, frame: Frame, *, width: int) -> list[Span]:
    """With how it was in the last minutes, and the middle of that."""
    if row.summary.rate is None or row.status is not Status.RUNNING:
        return []
    rates = bars.rates_of(row.samples, width)
    spans: list[Span] = [(numbers.rate(row.summary.rate), "")]
    if len(rates) >= LEAST_RATES:
        spans += [("  ", ""), (bars.sparkline(rates, frame.glyphs), "bar")]
        if middle := sorted(rates)[len(rates) // 2]:
            spans += [("  p50 ", "dim"), (numbers.rate(middle), "")]
    return spans


def _change_words(row: Row) -> str:
    progress = current.own_progress(row.records)
    return change_words(progress.pace, row.now) if progress is not None and progress.pace is not None else ""


def _beat_words(row: Row) -> str:
    heartbeat = current.own_heartbeat(row.records)
    # Of an agent below a shell or a launcher it is another process than the attempt's, whose pid is told above.
    other = heartbeat is not None and heartbeat.pid is not None and heartbeat.pid != row.summary.pid
    return f"{view.beat_text(row)} ago{f', pid {heartbeat.pid}' if heartbeat and other else ''}"


def _handles_words(row: Row) -> str:
    """What it does itself when it is asked to, and what is done to it else."""
    own = [str(each) for each in (Handle.PAUSE, Handle.STOP) if current.handles(row.records, each)]
    freezes = "" if str(Handle.PAUSE) in own else "a pause freezes it"
    return "; ".join(filter(None, (f"handles {' and '.join(own)}" if own else "", freezes)))
