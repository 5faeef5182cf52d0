"""Whether the process of a supervisor does without heavy modules of the standard library, and until when.

The stand-ins for them are made of Python's private modules, which another version may change. So they are tried before
they are used: where anything about them is off, the real modules stay. The same where a stand-in lacks a name that is
asked for later. Both cost memory, and change nothing else.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class StandIn(type(sys)):  # type: ignore[misc]
    """A module that knows the names it was made with, and gives way to the real one for any other."""

    def __init__(self, name: str, names: "Mapping[str, Any]") -> None:
        super().__init__(name)
        self.__dict__.update({each: value for each, value in names.items() if not each.startswith("__")})

    def __getattr__(self, name: str) -> "Any":
        # The import system asks for some of these, and takes their absence for an answer.
        if name.startswith("__"):
            raise AttributeError(name)
        give_way()
        __import__(self.__name__)
        return getattr(sys.modules[self.__name__], name)


_installed: "dict[str, StandIn]" = {}


def install() -> None:
    """From now on the stand-ins are there instead of what is not loaded yet, if they serve here."""
    try:
        from overnight.agents.supervisor.standins import NAMES

        # Tried in their place: `_json` looks there for the error that it raises.
        _installed.update({name: StandIn(name, names) for name, names in NAMES.items() if name not in sys.modules})
        sys.modules.update(_installed)
        served = _serve(NAMES)
    except Exception:  # noqa: BLE001
        # Of a Python that they were not written for anything can be missing, in any way.
        served = False
    if not served:
        give_way()


def give_way() -> None:
    """From now on, the real ones are loaded."""
    for name in _installed:
        sys.modules.pop(name, None)
    _installed.clear()


def _serve(names: "Mapping[str, Mapping[str, Any]]") -> bool:
    """Whether they do, here, what the supervisor's modules need them for. May raise anything."""
    datetime, signal, struct = names["datetime"], names["signal"], names["struct"]
    time = datetime["datetime"].fromisoformat("2026-11-23T12:45:00+02:00").astimezone(datetime["UTC"])
    return (
        _serves_as_tuple(names["typing"]["NamedTuple"])
        and _serves_as_words(names["enum"]["StrEnum"])
        and _serves_as_json(names["json"])
        and signal["Signals"](signal["SIGTERM"]).name == "SIGTERM"
        and time.isoformat() == "2026-11-23T10:45:00+00:00"
        and struct["unpack"]("<hq", struct["pack"]("<hq", 1, -2)) == (1, -2)
        and isinstance({}, names["collections.abc"]["Mapping"])
    )


def _serves_as_tuple(base: "Any") -> bool:
    class Pair(base):  # type: ignore[misc]
        first: int
        second: str = "b"

    pair: Any = Pair
    made = pair(first=1)
    same = made == (1, "b") and (made.first, made.second) == (1, "b") and pair(1, "c") == made._replace(second="c")
    return same and made._asdict() == {"first": 1, "second": "b"} and pair._field_defaults == {"second": "b"}


def _serves_as_words(base: "Any") -> bool:
    class Word(base):  # type: ignore[misc]
        GO_ON = "go-on"
        STOP = "stop"

    word: Any = Word
    same = word("go-on") is word.GO_ON and word.GO_ON == "go-on" and f"{word.STOP}" == str(word.STOP) == "stop"
    return same and (word.STOP.name, word.STOP.value, [*word]) == ("STOP", "stop", ["go-on", "stop"])


def _serves_as_json(json: "Mapping[str, Any]") -> bool:
    value = {"a": [1, -2.5, None, True, "\u00e9\n"], "b": {}}
    plain, packed = '{"a": [1, -2.5, null, true, "\\u00e9\\n"], "b": {}}', '{"a":[1,-2.5,null,true,"\u00e9\\n"],"b":{}}'
    written = json["dumps"](value), json["dumps"](value, ensure_ascii=False, separators=(",", ":"))
    if written != (plain, packed) or json["loads"](plain) != value or json["loads"](packed.encode()) != value:
        return False
    try:
        json["loads"]("{")
    except ValueError:
        return True
    return False
