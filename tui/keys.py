"""Every key of the interface, once: what it is called, what it does, and in which words the help says so. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Key(NamedTuple):
    """One thing that can be asked for from the keyboard."""

    id: str
    keys: str
    """As Textual names them, with commas between."""
    action: str
    shown: str
    """As a person names them."""
    words: str
    section: str


MOVING, SEEING, STEERING, CHOOSING, LEAVING = "Move", "Look", "Steer", "Choose", "Window"

KEYS = (
    Key("move.down", "j,down", "move(1)", "j ↓", "down", MOVING),
    Key("move.up", "k,up", "move(-1)", "k ↑", "up", MOVING),
    Key("move.top", "g,home", "top", "gg Home", "to the top", MOVING),
    Key("move.bottom", "G", "bottom", "G", "to the bottom", MOVING),
    Key("move.page_down", "ctrl+d,pagedown", "page(1)", "ctrl+d", "half a page down", MOVING),
    Key("move.page_up", "ctrl+u,pageup", "page(-1)", "ctrl+u", "half a page up", MOVING),
    Key("open", "enter", "open", "enter", "open; again: into pane", SEEING),
    Key("back", "escape", "back", "esc", "back; never leaves", SEEING),
    Key("tab.next", "tab", "step_tab(1)", "tab", "next pane", SEEING),
    Key("tab.previous", "shift+tab", "step_tab(-1)", "shift+tab", "pane before", SEEING),
    Key("tab.progress", "1", "tab('Progress')", "1", "progress", SEEING),
    Key("tab.logs", "2,l", "tab('Logs')", "2 l", "logs", SEEING),
    Key("tab.errors", "3,e", "tab('Errors')", "3 e", "errors", SEEING),
    Key("tab.history", "4,h", "tab('History')", "4 h", "history", SEEING),
    Key("tab.config", "5", "tab('Config')", "5", "config", SEEING),
    Key("follow", "F,end", "follow", "F End", "follow the log", SEEING),
    Key("wrap", "w", "switch('wrap')", "w", "wrap long lines", SEEING),
    Key("maximise", "m", "switch('maximised')", "m", "the pane alone", SEEING),
    Key("stacks", "d", "stacks", "d", "stacks of its threads", SEEING),
    Key("pager", "o", "pager", "o", "the log in $PAGER", SEEING),
    Key("copy", "y", "copy", "y", "copy a log line, or id", SEEING),
    Key("pause", "p", "pause", "p", "pause, or go on", STEERING),
    Key("cancel", "x", "cancel", "x", "cancel, after a question", STEERING),
    Key("kill", "X", "kill", "X", "kill, after a question", STEERING),
    Key("retry", "r", "retry", "r", "again, from checkpoint", STEERING),
    Key("edit", "R", "edit", "R", "again, changed: new run", STEERING),
    Key("new", "ctrl+n", "new", "n ctrl+n", "new run", STEERING),
    Key("resume.all", "I", "resume_all", "I", "resume all interrupted", STEERING),
    Key("mark", "space", "mark('one')", "space", "mark, to steer many at once", CHOOSING),
    Key("mark.range", "v", "mark('range')", "v", "mark from the last to here", CHOOSING),
    Key("mark.all", "*", "mark('all')", "*", "mark all shown, or none", CHOOSING),
    Key("find", "/", "find", "/", "find a run, or in the log", CHOOSING),
    Key("find.next", "n", "find_next_or_new", "n", "next found, while finding", CHOOSING),
    Key("find.previous", "N", "find_next(-1)", "N", "found before", CHOOSING),
    Key("filter", "&", "filter", "&", "show only what passes", CHOOSING),
    Key("sort", "s", "sort", "s", "sort", CHOOSING),
    Key("only_trouble", "f", "switch('only_trouble')", "f", "only trouble", CHOOSING),
    Key("events", "E", "events", "E", "events of all runs", LEAVING),
    Key("help", "?", "help", "?", "this help", LEAVING),
    Key("palette", ":,ctrl+p", "palette", ": ctrl+p", "everything by name", LEAVING),
    Key("mouse", "M", "app.toggle_mouse", "M", "mouse on or off", LEAVING),
    Key("redraw", "ctrl+l", "app.redraw", "ctrl+l", "draw everything again", LEAVING),
    Key("suspend", "ctrl+z", "app.suspend_process", "ctrl+z", "shell; fg comes back", LEAVING),
    Key("leave", "q", "app.leave", "q", "leave; agents go on", LEAVING),
)

SECTIONS = (MOVING, SEEING, STEERING, CHOOSING, LEAVING)
IN_EVENTS = (
    *("move.down", "move.up", "move.top", "move.bottom", "move.page_down", "move.page_up", "open", "back", "follow"),
    *("find", "filter", "only_trouble", "events", "suspend", "leave"),
)
"""Bindings that work in the list of events, too, with the same keys."""
OPENING = frozenset(
    {"cancel", "kill", "new", "find.next", "edit", "sort", "events", "help", "palette"},
)
"""Bindings that may open a window: what is typed behind them belongs to it."""
NEVER_WITHOUT = frozenset({"leave", "help", "palette"})
"""Without a key for each of them nobody would find out again, or in."""
NO_KEY = "<ignore>"
"""Textual's name for a key that nobody can press: it takes no binding away."""


class Keymap(NamedTuple):
    """The keys as they are here."""

    keys: tuple[Key, ...] = KEYS

    def sign(self, id: str, place: int = 0) -> str:
        """A key of a binding, the first or another, as a person reads it; "" = it has none."""
        signs = next((key.shown.split() for key in self.keys if key.id == id), [])
        return signs[place] if signs else ""

    def way(self, id: str) -> str:
        """How somebody gets there: by a key of it, else by the palette, which has everything."""
        return self.sign(id) or self.sign("palette")

    def changes(self) -> Mapping[str, str]:
        """Keys by the id of their binding, as Textual takes them; nothing where all are as usual."""
        if self.keys == KEYS:
            return {}
        keys = {key.id: key.keys for key in self.keys}
        # Windows over the list close, and move, with the keys that are shown.
        closing, opening = (keys["back"], keys["leave"]), keys["open"]
        keys |= {"help.back": joined((*closing, keys["help"])), "help.find": keys["find"]}
        keys |= {"help.choose": opening, "sort.choose": opening, "sort.back": joined((*closing, keys["sort"]))}
        keys |= {f"sort.{way}": keys[f"move.{way}"] for way in ("down", "up")}
        ways = [key.id for key in KEYS if key.section == MOVING]
        keys |= {id.replace("move", "help"): keys[id] for id in ways}
        keys |= {f"events.{id}": keys[id] for id in IN_EVENTS}
        keys |= {"palette.back": joined(("escape", keys["back"]))}
        # Yes is said with one key and nothing else; where something is typed, escape is a way back, too.
        no = [key for key in joined(("n", *closing)).split(",") if key != "y"]
        keys |= {"question.no": joined(no), "launch.back": joined(("escape", keys["back"]))}
        for id in ways:
            moving = (key for key in keys[id].split(",") if key not in {"y", *no})
            keys[id.replace("move", "question")] = joined(moving)
        return {id: named or NO_KEY for id, named in keys.items()}


def joined(keys: Iterable[str]) -> str:
    """Keys as Textual takes several."""
    return ",".join(filter(None, keys))


USUAL_KEYS = Keymap()
