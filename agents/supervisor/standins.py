"""Small stand-ins for heavy modules of the standard library, for the process of a supervisor and nothing else.

`typing`, `enum`, `signal`, `json` and `datetime`, with all that they import (`re`, `collections`, `functools`,
`contextlib`), are a third of what a supervisor weighs, and it uses little of them. The code is written for the real
ones, and they are what every other process has. Tests compare both on every kind of record; `lean` says where they
are used.
"""

import _collections_abc
import _datetime  # type: ignore[import-not-found]
import _json
import _signal  # type: ignore[import-not-found]
import _struct
from _collections import _tuplegetter  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, ClassVar, Self


class _Fields(type):
    """Makes a named tuple of a class: `typing.NamedTuple` as a base."""

    def __new__(cls, name: str, bases: "tuple[type, ...]", body: "dict[str, Any]") -> "_Fields":
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body[field] for field in fields if field in body}
        getters = {field: _tuplegetter(place, "") for place, field in enumerate(fields)}
        own = {"__slots__": (), "__match_args__": fields, "_fields": fields, "_field_defaults": defaults}
        return super().__new__(cls, name, bases, {**body, **getters, **own})


class NamedTuple(tuple, metaclass=_Fields):  # type: ignore[type-arg]
    """What is common to all of them."""

    _fields: "ClassVar[tuple[str, ...]]"
    _field_defaults: "ClassVar[Mapping[str, Any]]"

    def __new__(cls, *values: "Any", **named: "Any") -> "Self":
        fields = cls._fields
        if len(values) == len(fields) and not named:
            return tuple.__new__(cls, values)
        given = {**cls._field_defaults, **dict(zip(fields, values, strict=False)), **named}
        if not len(values) <= len(fields) == len(given) or not named.keys().isdisjoint(fields[: len(values)]):
            raise TypeError(f"{cls.__name__}: not these: {len(values)} values, {sorted(named)}")
        try:
            # Of a list: Python makes a tuple of anything else by cutting a longer one, and keeps 2,000 of what it cut.
            return tuple.__new__(cls, [given[field] for field in fields])
        except KeyError as missing:
            raise TypeError(f"{cls.__name__}: missing: {missing}") from None

    def _replace(self, **named: "Any") -> "Self":
        given = {**self._asdict(), **named}
        if len(given) != len(self):
            raise ValueError(f"{type(self).__name__}: unknown among: {sorted(named)}")
        return tuple.__new__(type(self), [*given.values()])

    def _asdict(self) -> "dict[str, Any]":
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"

    def __getnewargs__(self) -> "tuple[Any, ...]":
        return tuple(self)


class _Members(type):
    """Makes members of the texts in a class: `enum.StrEnum` as a base."""

    _members: "dict[str, Any]"

    def __new__(cls, name: str, bases: "tuple[type, ...]", body: "dict[str, Any]") -> "_Members":
        texts = {each: text for each, text in body.items() if isinstance(text, str) and not each.startswith("_")}
        made = super().__new__(cls, name, bases, {each: body[each] for each in body.keys() - texts.keys()})
        made._members = {}
        for each, text in texts.items():
            member: Any = str.__new__(made, text)  # type: ignore[arg-type]
            member.name, member.value = each, text
            made._members[text] = member
            setattr(made, each, member)
        return made

    def __call__(cls, value: "Any") -> "Any":
        if not isinstance(value, str) or value not in cls._members:
            raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")
        return cls._members[value]

    def __iter__(cls) -> "Iterator[Any]":
        return iter(cls._members.values())

    def __len__(cls) -> int:
        return len(cls._members)


class StrEnum(str, metaclass=_Members):
    """What is common to all of them."""

    name: str
    value: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {self.value!r}>"


class Signals(int):
    """A signal's number that has a name."""

    def __new__(cls, number: int) -> "Self":
        if number not in _SIGNALS:
            raise ValueError(f"{number!r} is not a valid Signals")
        return super().__new__(cls, number)

    @property
    def name(self) -> str:
        return str(_SIGNALS[self])


_SIGNALS = {
    number: name
    for name, number in sorted(vars(_signal).items(), reverse=True)
    if name.startswith("SIG") and not name.startswith("SIG_")
}
"""Of two names for one number, the one that the real module has: the first."""


class JSONDecodeError(ValueError):
    """As `_json` raises it: with the text that it is about, and where in it."""

    def __init__(self, problem: str, text: str, position: int) -> None:
        line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
        super().__init__(f"{problem}: line {line} column {column} (char {position})")


class _Context:
    """How `_json` is to read: as `json.loads` without options does."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__


_SPACE = " \t\n\r"


def loads(data: "str | bytes") -> "Any":
    """`json.loads`, of UTF-8."""
    text = data if isinstance(data, str) else data.decode("utf-8", "surrogatepass")
    begin = len(text) - len(text.lstrip(_SPACE))
    try:
        value, end = _json.make_scanner(_Context)(  # type: ignore[arg-type]
            text, begin
        )
    except StopIteration as error:
        raise JSONDecodeError("Expecting value", text, error.value) from None
    if rest := text[end:].lstrip(_SPACE):
        raise JSONDecodeError("Extra data", text, len(text) - len(rest))
    return value


def dumps(value: "Any", *, ensure_ascii: bool = True, separators: "tuple[str, str]" = (", ", ": ")) -> str:
    """`json.dumps`."""
    item, key = separators
    quote = _json.encode_basestring_ascii if ensure_ascii else _json.encode_basestring
    encode = _json.make_encoder({}, _refuse, quote, None, key, item, False, False, True)
    return "".join(encode(value, 0))


def _refuse(value: "Any") -> "Any":
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


class _Generic:
    """Of any type, and of none."""

    def __class_getitem__(cls, _: object) -> "type[_Generic]":
        return cls


_TYPING = {
    "TYPE_CHECKING": False,
    "NamedTuple": NamedTuple,
    "Generic": _Generic,
    "Protocol": _Generic,
    "TypeVar": lambda name: object,
    **dict.fromkeys(("Any", "BinaryIO", "NoReturn"), object),
}
NAMES: "Mapping[str, Mapping[str, Any]]" = {
    "collections.abc": vars(_collections_abc),
    "datetime": vars(_datetime),
    "enum": {"StrEnum": StrEnum},
    "json": {"loads": loads, "dumps": dumps},
    "json.decoder": {"JSONDecodeError": JSONDecodeError},
    "signal": {**vars(_signal), "Signals": Signals},
    "struct": vars(_struct),
    "typing": _TYPING,
}
"""What each module is asked for."""
