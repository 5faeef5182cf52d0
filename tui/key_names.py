"""How a person names keys, which names there are, and a keymap of what a person said. Pure.

A key is kept as what Textual binds: a character as itself, but those that it cannot take so by name.
"""

import re
from collections.abc import Mapping

from overnight.agents.launchers.toml_reading import Unfit, meant
from overnight.tui.keys import KEYS, Key, Keymap, joined

MOVING = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete")
FUNCTIONS = tuple(f"f{number}" for number in range(1, 25))
ALONE = ("enter", "escape", "tab", "space", "backspace", "comma")
NAMED = (*ALONE, *MOVING, *FUNCTIONS)
OTHERWISE = {
    "esc": "escape",
    " ": "space",
    ",": "comma",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
    # To a terminal these are the same keys.
    "ctrl+i": "tab",
    "ctrl+m": "enter",
}
SHOWN = {"escape": "esc", "up": "↑", "down": "↓", "left": "←", "right": "→", "comma": ",", "home": "Home", "end": "End"}
SHOWN_MOST = 9
"""Characters."""
TAKEN = {"ctrl+c": "leaves, the second time", "ctrl+q": "belongs to terminals and shells"}
"""Keys that work in every window, and what they do."""

_COMBINED = re.compile(
    rf"ctrl\+[a-z]|shift\+tab|(?:ctrl|shift|ctrl\+shift)\+(?:{'|'.join(MOVING)})|ctrl\+(?:{'|'.join(FUNCTIONS)})"
)
_ALT = re.compile(r"alt\+[A-Za-z0-9]")
_CAPITAL = re.compile(r"shift\+([a-z])")


def key_of(word: str) -> str:
    """The key that a person names so. Raises Unfit."""
    name = word if len(word) == 1 or _ALT.fullmatch(word) else word.strip().lower()
    name = OTHERWISE.get(name, name)
    if name in TAKEN:
        raise Unfit(f'"{name}" is not free: it {TAKEN[name]}')
    if _is_key(name):
        return name
    if (capital := _CAPITAL.fullmatch(name)) is not None:
        raise Unfit(f'"{word}" is written "{capital[1].upper()}"')
    raise Unfit(f'no key is called "{word}"{meant(name, NAMED)}' if name else 'no key; the comma is called "comma"')


def _is_key(name: str) -> bool:
    if len(name) == 1:
        return name.isprintable()
    return name in NAMED or any(form.fullmatch(name) for form in (_COMBINED, _ALT))


def keymap_of(said: Mapping[str, tuple[str, ...]]) -> Keymap:
    """The usual keys but for bindings of which something was said: their keys, or none."""
    if "find.next" in said:
        # It is what launches, too, while nothing is sought: its key does not stand for a new run any more.
        said = {"new": ("ctrl+n",), **said}
    return Keymap(tuple(key if key.id not in said else _with_keys(key, said[key.id]) for key in KEYS))


def _with_keys(key: Key, keys: tuple[str, ...]) -> Key:
    return key._replace(keys=joined(keys), shown=_shown(keys))


def _shown(keys: tuple[str, ...]) -> str:
    """As many as the help has room for; the first, whatever it takes."""
    shown = ""
    for sign in map(shown_of, keys):
        if shown and len(f"{shown} {sign}") > SHOWN_MOST:
            break
        shown = f"{shown} {sign}".lstrip()
    return shown


def shown_of(key: str) -> str:
    """As a person reads it."""
    return SHOWN.get(key, key)
