"""The last line: what the keys do here and now. Pure."""

from overnight.state.records import Verb
from overnight.state.status import LIVE, RESUMABLE, RETRYABLE
from overnight.tui.bulk import progress_words
from overnight.tui.clean import clean
from overnight.tui.events import Mode
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, Span, cells
from overnight.tui.model import Depth, Fleet, cut_off, is_in_log, pause_or_resume, reading_of, targets
from overnight.tui.place import Reading


def footer(fleet: Fleet, width: int, glyphs: Glyphs) -> Line:
    """As many keys as there is room for, the way out always."""
    keys = fleet.keys
    end: list[Span] = [(keys.sign("help"), "key"), (" Help  ", "dim"), (keys.sign("leave"), "key"), (" Leave ", "dim")]
    room = width - 1 - sum(cells(text) for text, _ in end)
    spans: list[Span] = [(" ", "")]
    if fleet.failure:
        return Line(((f" {fleet.failure}", "trouble"),))
    if fleet.bulk is not None:
        stopping = [(keys.sign("back"), "key"), (" Stop", "dim")] if keys.sign("back") else []
        return Line(((f" {progress_words(fleet.bulk)}   ", "warn"), *stopping))
    if is_in_log(fleet) and (said := _search_words(reading_of(fleet))):
        room -= cells(said) + 3
        spans += [(said, "warn"), ("   ", "")]
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
        hidden = [("back", "All")] if fleet.filter.tests else []
        hidden += [("only_trouble", "All")] if Mode.ONLY_TROUBLE in fleet.modes else []
        return [*hidden, *_new(fleet), ("events", "Events")]
    if is_in_log(fleet):
        reading = reading_of(fleet)
        if reading.search is not None:
            return [("back", "Stop")]
        found = [("find.next find.previous", "Next, before")] if reading.sought and not reading.missed else []
        asking = [("follow", "Follow"), ("copy", "Copy"), ("pager", "Pager"), ("wrap", "Wrap")]
        return [*found, ("back", "Back"), ("find", "Find"), *asking, ("maximise", _size(fleet))]
    if fleet.depth is Depth.ENTERED:
        moving = [("back", "Back"), ("move.down move.up", "Scroll"), ("tab.next", "Next pane"), ("wrap", "Wrap")]
        return [*moving, ("maximise", _size(fleet))]
    interrupted = [("resume.all", f"Resume {count}")] if (count := len(cut_off(fleet))) else []
    opening = ("open", "Open" if fleet.depth is Depth.LIST else "Into")
    # Its key means something else as long as something is sought.
    found = [("find.next", "Next")] if fleet.sought else []
    return [*found, opening, *interrupted, *_asks(fleet), *_finds(fleet)]


def _size(fleet: Fleet) -> str:
    return "Both" if Mode.MAXIMISED in fleet.modes else "Alone"


def _search_words(reading: Reading) -> str:
    """How far a search has come, or that it came to nothing; "" = there is nothing to say."""
    sought = clean(reading.sought, 24)
    if reading.search is not None:
        return f"looking for {sought!r}: {int(100 * reading.share)}%"
    return f"{sought!r} is nowhere in the log" if reading.missed else ""


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
    looking = [("tab.logs", "Logs"), ("tab.errors", "Errors"), ("find", "Find"), ("only_trouble", "Trouble")]
    return [*looking, *_new(fleet), ("events", "Events")]


def _new(fleet: Fleet) -> list[tuple[str, str]]:
    return [] if fleet.sought else [("new", "New")]
