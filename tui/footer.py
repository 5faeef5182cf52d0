"""The last line: what the keys do here and now. Pure."""

from overnight.state.records import Verb
from overnight.state.status import LIVE, RESUMABLE, RETRYABLE
from overnight.tui.events import Mode
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, Span, cells
from overnight.tui.model import Depth, Fleet, cut_off, pause_or_resume, targets


def footer(fleet: Fleet, width: int, glyphs: Glyphs) -> Line:
    """As many keys as there is room for, the way out always."""
    end: list[Span] = [("?", "key"), (" Help  ", "dim"), ("q", "key"), (" Leave ", "dim")]
    room = width - 1 - sum(cells(text) for text, _ in end)
    spans: list[Span] = [(" ", "")]
    if fleet.failure:
        return Line(((f" {fleet.failure}", "trouble"),))
    for key, word in _keys(fleet):
        taken = len(key) + len(word) + 3
        if taken > room:
            break
        room -= taken
        spans += [(key, "key"), (f" {word}  ", "dim")]
    return Line((*spans, *end))


def _keys(fleet: Fleet) -> list[tuple[str, str]]:
    if not fleet.shown:
        return [("f", "All")] if Mode.ONLY_TROUBLE in fleet.modes else []
    if fleet.depth is Depth.ENTERED:
        moving = [("esc", "Back"), ("j k", "Scroll"), ("tab", "Next pane"), ("F", "Follow"), ("w", "Wrap")]
        return [*moving, ("m", "Both" if Mode.MAXIMISED in fleet.modes else "Alone")]
    interrupted = [("I", f"Resume {count}")] if (count := len(cut_off(fleet))) else []
    return [("enter", "Open" if fleet.depth is Depth.LIST else "Into"), *interrupted, *_asks(fleet), *_finds(fleet)]


def _asks(fleet: Fleet) -> list[tuple[str, str]]:
    statuses = {fleet.statuses[run_id] for run_id in targets(fleet)}
    keys = [("space", "Mark")]
    if statuses & (LIVE | RESUMABLE):
        keys.append(("p", "Go on" if pause_or_resume(fleet) is Verb.RESUME else "Pause"))
    if statuses & LIVE:
        keys.append(("x", "Cancel"))
    if statuses & RETRYABLE:
        keys.append(("r", "Retry"))
    return keys


def _finds(fleet: Fleet) -> list[tuple[str, str]]:
    found = [("n", "Next")] if fleet.sought else []
    new = [] if fleet.sought else [("n", "New")]
    return [("l", "Logs"), ("e", "Errors"), *found, ("/", "Find"), ("f", "Trouble"), *new]
