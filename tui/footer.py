"""The last line: what the keys do here and now. Pure."""

from overnight.state.records import Verb
from overnight.state.status import LIVE, RESUMABLE, RETRYABLE
from overnight.tui.events import Mode
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, Span, cells
from overnight.tui.model import Depth, Fleet, cut_off, pause_or_resume, targets


def footer(fleet: Fleet, width: int, glyphs: Glyphs) -> Line:
    """As many keys as there is room for, the way out always."""
    keys = fleet.keys
    end: list[Span] = [(keys.sign("help"), "key"), (" Help  ", "dim"), (keys.sign("leave"), "key"), (" Leave ", "dim")]
    room = width - 1 - sum(cells(text) for text, _ in end)
    spans: list[Span] = [(" ", "")]
    if fleet.failure:
        return Line(((f" {fleet.failure}", "trouble"),))
    for ids, word in _bindings(fleet):
        # The first keys of the panes, their numbers, stand beside their names.
        key = " ".join(filter(None, (keys.sign(id, -1 if id.startswith("tab.") else 0) for id in ids.split())))
        if not key:
            continue
        taken = len(key) + len(word) + 3
        if taken > room:
            break
        room -= taken
        spans += [(key, "key"), (f" {word}  ", "dim")]
    return Line((*spans, *end))


def _bindings(fleet: Fleet) -> list[tuple[str, str]]:
    """Ids of bindings, with what they do."""
    if not fleet.shown:
        return [("only_trouble", "All")] if Mode.ONLY_TROUBLE in fleet.modes else []
    if fleet.depth is Depth.ENTERED:
        moving = [("back", "Back"), ("move.down move.up", "Scroll"), ("tab.next", "Next pane")]
        return [*moving, ("follow", "Follow"), ("wrap", "Wrap"), ("maximise", _size(fleet))]
    interrupted = [("resume.all", f"Resume {count}")] if (count := len(cut_off(fleet))) else []
    opening = ("open", "Open" if fleet.depth is Depth.LIST else "Into")
    return [opening, *interrupted, *_asks(fleet), *_finds(fleet)]


def _size(fleet: Fleet) -> str:
    return "Both" if Mode.MAXIMISED in fleet.modes else "Alone"


def _asks(fleet: Fleet) -> list[tuple[str, str]]:
    statuses = {fleet.statuses[run_id] for run_id in targets(fleet)}
    asks = [("mark", "Mark")]
    if statuses & (LIVE | RESUMABLE):
        asks.append(("pause", "Go on" if pause_or_resume(fleet) is Verb.RESUME else "Pause"))
    if statuses & LIVE:
        asks.append(("cancel", "Cancel"))
    if statuses & RETRYABLE:
        asks.append(("retry", "Retry"))
    return asks


def _finds(fleet: Fleet) -> list[tuple[str, str]]:
    found = [("find.next", "Next")] if fleet.sought else []
    new = [] if fleet.sought else [("new", "New")]
    looking = [("tab.logs", "Logs"), ("tab.errors", "Errors")]
    return [*looking, *found, ("find", "Find"), ("only_trouble", "Trouble"), *new]
