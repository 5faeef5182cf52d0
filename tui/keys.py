"""Every key of the interface, once: what it is called, what it does, and in which words the help says so."""

from typing import NamedTuple

from textual.binding import Binding


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
    Key("open", "enter", "open", "enter", "open; again: into the pane", SEEING),
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
    Key("stacks", "d", "stacks", "d", "the stacks of its threads", SEEING),
    Key("pager", "o", "pager", "o", "the log in $PAGER", SEEING),
    Key("copy", "y", "copy", "y", "copy the log's line, or the id", SEEING),
    Key("pause", "p", "pause", "p", "pause, or go on", STEERING),
    Key("cancel", "x", "cancel", "x", "cancel, after a question", STEERING),
    Key("kill", "X", "kill", "X", "kill, after a question", STEERING),
    Key("retry", "r", "retry", "r", "again, from the checkpoint", STEERING),
    Key("edit", "R", "edit", "R", "again, changed: a new run", STEERING),
    Key("new", "ctrl+n", "new", "n ctrl+n", "new run", STEERING),
    Key("resume.all", "I", "resume_all", "I", "resume all interrupted", STEERING),
    Key("mark", "space", "mark('one')", "space", "mark for p, x, X, r", CHOOSING),
    Key("mark.range", "v", "mark('range')", "v", "mark from the last to here", CHOOSING),
    Key("mark.all", "*", "mark('all')", "*", "mark all shown, or none", CHOOSING),
    Key("find", "/", "find", "/", "find a run, or in the log", CHOOSING),
    Key("find.next", "n", "find_next_or_new", "n", "next found, while finding", CHOOSING),
    Key("find.previous", "N", "find_next(-1)", "N", "found before", CHOOSING),
    Key("filter", "ampersand", "filter", "&", "show only: state: name: err>0", CHOOSING),
    Key("sort", "s", "sort", "s", "sort", CHOOSING),
    Key("only_trouble", "f", "switch('only_trouble')", "f", "only trouble", CHOOSING),
    Key("help", "?", "help", "?", "this help", LEAVING),
    Key("palette", ":,ctrl+p", "app.command_palette", ": ctrl+p", "everything by name; themes", LEAVING),
    Key("mouse", "M", "app.toggle_mouse", "M", "mouse on or off", LEAVING),
    Key("redraw", "ctrl+l", "app.redraw", "ctrl+l", "draw everything again", LEAVING),
    Key("suspend", "ctrl+z", "app.suspend_process", "ctrl+z", "to the shell; fg comes back", LEAVING),
    Key("leave", "q", "app.leave", "q", "leave; agents go on", LEAVING),
)

BINDINGS = [Binding(key.keys, key.action, key.words, id=key.id, show=False) for key in KEYS]
SECTIONS = (MOVING, SEEING, STEERING, CHOOSING, LEAVING)
