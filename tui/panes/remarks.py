"""What is to be said about a run in words, in whichever pane there is room."""

from overnight.state.status import ENDED, RESUMABLE, RETRYABLE, WAITING, Status
from overnight.tui import view
from overnight.tui.lines import Line, cut, line
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row


def remarks(row: Row, frame: Frame) -> list[Line]:
    """What stands in words: an unobeyed request, a verdict, how it ended, what the agent says, what is damaged."""
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
    if row.status in ENDED or row.status is Status.LOST:
        said += end_remarks(row)
    if row.status not in ENDED:
        if heartbeat is not None and heartbeat.waiting is not None and heartbeat.waiting.for_:
            said.append((f"waits: {heartbeat.waiting.for_}", "dim"))
        if progress is not None and progress.message:
            said.append((progress.message, ""))
        if progress is not None and progress.current_item:
            said.append((f"item: {progress.current_item}", "dim"))
    said += [(f"{each.path}: {each.problem}", "warn") for each in row.records.damaged]
    return [line((f" {cut(text, frame.width - 2, frame.glyphs)}", role)) for text, role in said]


def end_remarks(row: Row) -> list[tuple[str, str]]:
    said = []
    ended = row.records.exit
    if row.status is Status.FAILED:
        said.append(((ended.reason if ended else None) or view.exit_words(row), "trouble"))
    elif ended is not None and ended.reason:
        said.append((ended.reason, "dim"))
    if row.status in RESUMABLE:
        said.append((f"{row.keys.way('pause')} continues it from its checkpoint", "dim"))
    elif row.status in RETRYABLE:
        said.append((f"{row.keys.way('retry')} starts it again from its checkpoint", "dim"))
    return said
