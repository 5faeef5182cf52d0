"""What a configuration file says of the interface, and everything that is wrong with it. Touches no disk, no terminal.

theme = "light"
tick = 0.5
columns = ["state", "name", "eta"]
notify = ["bell"]
[keys]
pause = "P"                      a key, several with commas between, or a list; [] = none
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from overnight.agents.launchers.toml_lines import Path
from overnight.agents.launchers.toml_reading import Mistake, Reader, Reading, Unfit, by_line, document_of, meant
from overnight.state.forms import brief
from overnight.tui.config import Config
from overnight.tui.key_names import key_of, keymap_of
from overnight.tui.keys import KEYS, NEVER_WITHOUT, Keymap
from overnight.tui.listing import COLUMNS
from overnight.tui.notices import Notice
from overnight.tui.themes import THEMES

LEAST_TICK, MOST_TICK = 0.05, 5.0
IDS = tuple(key.id for key in KEYS)


def config_of(data: bytes | str) -> Config | tuple[Mistake, ...]:
    """Mistakes, where there are any: by line."""
    document = document_of(data)
    if isinstance(document, Mistake):
        return (document,)
    reading = _ConfigReading(document.lines)
    config = reading.config(document.values)
    return by_line(reading.mistakes) or config


# -- values


def theme(raw: Any) -> str:
    return _one_of(tuple(THEMES))(raw)


def tick(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not LEAST_TICK <= raw <= MOST_TICK:
        raise Unfit(f"must be seconds, {LEAST_TICK:g} to {MOST_TICK:g}, not {brief(raw)}")
    return float(raw)


def columns(raw: Any) -> tuple[str, ...]:
    return _list_of(_one_of(COLUMNS), raw)


def notify(raw: Any) -> tuple[Notice, ...]:
    return tuple(Notice(word) for word in _list_of(_one_of(tuple(Notice)), raw))


def keys(raw: Any) -> tuple[str, ...]:
    """Of one binding, as they are bound."""
    if isinstance(raw, str):
        # Blanks around a name say nothing; alone they are the key.
        raw = [each.strip() or each for each in raw.split(",")]
    return _list_of(key_of, raw)


def _some_keys(raw: Any) -> tuple[str, ...]:
    if not (some := keys(raw)):
        raise Unfit("must have a key")
    return some


def key_table(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise Unfit(f"must be a table: [keys], and below it BINDING = KEYS, not {brief(raw)}")
    return raw


OF_THE_FILE: Mapping[str, Reader] = {
    "theme": theme,
    "tick": tick,
    "columns": columns,
    "notify": notify,
    "keys": key_table,
}


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def read(raw: Any) -> str:
        if raw in known:
            return str(raw)
        near = meant(raw, known) if isinstance(raw, str) else ""
        raise Unfit(f"must be one of {', '.join(known)}, not {brief(raw)}{near}")

    return read


def _list_of(read: Callable[[str], str], raw: Any) -> tuple[str, ...]:
    """All of them, each once. Raises Unfit for all that are unfit."""
    if not isinstance(raw, list):
        raise Unfit(f'must be a list of texts: ["…", "…"], not {brief(raw)}')
    values, found = list[str](), list[tuple[Path, str]]()
    for place, each in enumerate(raw):
        try:
            values.append(_new(_text(read, each), values))
        except Unfit as unfit:
            found.append(((place,), str(unfit)))
    if found:
        raise Unfit("", *found)
    return tuple(values)


def _text(read: Callable[[str], str], raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unfit(f'must be a list of texts: ["…", "…"], and one is {brief(raw)}')
    return read(raw)


def _new(value: str, values: list[str]) -> str:
    if value in values:
        raise Unfit(f'"{value}" stands there twice')
    return value


# -- the file


class _ConfigReading(Reading):
    """One configuration file."""

    def config(self, raw: Mapping[str, Any]) -> Config:
        said = dict(self.values((), raw, OF_THE_FILE))
        return Config(**{**said, "keys": self._keymap(said.get("keys", {}))})

    def _keymap(self, table: Mapping[str, Any]) -> Keymap:
        said, where = dict[str, tuple[str, ...]](), dict[str, Path]()
        for path, raw in _bindings(("keys",), table):
            id = ".".join(map(str, path[1:]))
            if id not in IDS:
                self.wrong(path[:1], f'unknown binding "{id}"{meant(id, IDS)}', *path[1:])
            elif id in where:
                self.wrong(path, "is said twice")
            else:
                where[id] = path
                # One that cannot be read takes no key from another.
                said[id] = self.value(path, raw, _some_keys if id in NEVER_WITHOUT else keys) or ()
        keymap = keymap_of(said)
        self._check_clashes(keymap, where)
        return keymap

    def _check_clashes(self, keymap: Keymap, where: Mapping[str, Path]) -> None:
        """Textual says nothing of two bindings with one key, and forgets one of them."""
        holders = dict[str, str]()
        for key in keymap.keys:
            for each in filter(None, key.keys.split(",")):
                other = holders.setdefault(each, key.id)
                if other != key.id:
                    mine, its = (key.id, other) if key.id in where else (other, key.id)
                    none = "" if its in NEVER_WITHOUT else ", or none: []"
                    self.wrong(where[mine], f'"{each}" is a key of {its}, too: give {its} another one{none}')


def _bindings(path: Path, table: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """What is said of each; TOML takes `move.down` without quotes for a table in a table."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _bindings((*path, name), value)
        else:
            yield (*path, name), value
