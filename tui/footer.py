"""The last line: what the keys do here and now. Pure."""

from overnight.state.records import Verb
from overnight.state.status import LIVE, RESUMABLE, RETRYABLE
from overnight.tui.clean import clean
from overnight.tui.events import Mode
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, Span, cells
from overnight.tui.model import Depth, Fleet, cut_off, is_in_log, pause_or_resume, reading_of, targets
from overnight.tui.place import Reading


def footer(fleet: Fleet, width: int, glyphs: Glyphs) -> Line:
    """As many keys as there is room for, the way out always."""
    end: list[Span] = [("?", "key"), (" Help  ", "dim"), ("q", "key"), (" Leave ", "dim")]
    room = width - 1 - sum(cells(text) for text, _ in end)
    spans: list[Span] = [(" ", "")]
    if fleet.failure:
        return Line(((f" {fleet.failure}", "trouble"),))
    if is_in_log(fleet) and (said := _search_words(reading_of(fleet))):
        room -= cells(said) + 3
        spans += [(said, "warn"), ("   ", "")]
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
    if is_in_log(fleet):
        reading = reading_of(fleet)
        if reading.search is not None:
            return [("esc", "Stop")]
        found = [("n N", "Next, before")] if reading.sought else []
        return [
            ("esc", "Back"),
            ("/", "Find"),
            *found,
            ("F", "Follow"),
            ("y", "Copy"),
            ("o", "Pager"),
            ("w", "Wrap"),
            ("m", _alone(fleet)),
        ]
    if fleet.depth is Depth.ENTERED:
        moving = [("esc", "Back"), ("j k", "Scroll"), ("tab", "Next pane"), ("w", "Wrap")]
        return [*moving, ("m", _alone(fleet))]
    interrupted = [("I", f"Resume {count}")] if (count := len(cut_off(fleet))) else []
    return [("enter", "Open" if fleet.depth is Depth.LIST else "Into"), *interrupted, *_asks(fleet), *_finds(fleet)]


def _alone(fleet: Fleet) -> str:
    return "Both" if Mode.MAXIMISED in fleet.modes else "Alone"


def _search_words(reading: Reading) -> str:
    """How far a search has come, or that it came to nothing; "" = there is nothing to say."""
    sought = clean(reading.sought, 24)
    if reading.search is not None:
        return f"looking for {sought!r}: {int(100 * reading.share)}%"
    return f"{sought!r} is nowhere in the log" if reading.missed else ""


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
