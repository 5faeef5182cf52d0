"""Where in a TOML document each thing stands: tomllib gives the values without it. Pure.

Reads what tomllib has taken, and checks nothing a second time. A key, be it quoted, dotted or within an inline table,
and an element of a list have their own line; strings are passed over, whatever stands in them. Tables of one name
(`[[name]]`) count as one, at the first of them.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Keys, and positions in lists, from the top."""

_BASIC, _LITERAL = r'"(?:\\.|[^"\\\n])*+"', r"'[^'\n]*+'"
_PART = re.compile(rf"[\w-]++|{_BASIC}|{_LITERAL}")
_KEY = re.compile(rf"(?:{_PART.pattern})(?:[ \t]*\.[ \t]*(?:{_PART.pattern}))*+")
# Two quotes may stand anywhere in a string of several lines, also before the three that end it.
_STRING = re.compile(
    r'"""(?:\\.|[^"\\]|"{1,2}(?!"))*+"{3,5}' + r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}" + f"|{_BASIC}|{_LITERAL}", re.DOTALL
)
_OPENING, _CLOSING, _IS = (re.compile(each) for each in (r"\[\[?[ \t]*", r"[ \t]*\]\]?", r"[ \t]*=[ \t]*"))
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*+)*+")
_PLAIN = re.compile(r"[^,\]}\n#]*+")
"""A number, a time, true or false."""


def lines_of(text: str) -> Mapping[Path, int]:
    """The line, from 1, on which each thing of a valid document is named first. Raises RecursionError."""
    scan = _Scan(text.replace("\r\n", "\n"))
    scan.document()
    return scan.lines


class _Scan:
    """Where it is in the text, and what it has seen up to there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._next():
            if self._text[self._at] == "[":
                self._pass(_OPENING)
                table = self._key(())
                self._pass(_CLOSING)
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        path = self._key(table)
        self._pass(_IS)
        self._value(path)

    def _key(self, table: Path) -> Path:
        path = table
        for part in _PART.findall(self._pass(_KEY)):
            path = (*path, _name(part))
            self._see(path)
        return path

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case "[":
                self._list(path)
            case "{":
                self._inline_table(path)
            case '"' | "'":
                self._pass(_STRING)
            case _:
                self._pass(_PLAIN)

    def _list(self, path: Path) -> None:
        index = 0
        while self._next(past="[,") != "]":
            self._see((*path, index))
            self._value((*path, index))
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        while self._next(past="{,") != "}":
            self._pair(path)
        self._at += 1

    def _next(self, past: str = "") -> str:
        """The character behind blanks and comments, and behind one of `past`; empty = the end."""
        self._pass(_BLANK)
        if past and self._text[self._at] in past:
            self._at += 1
            self._pass(_BLANK)
        return self._text[self._at : self._at + 1]

    def _pass(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, f"no TOML: {self._text[self._at : self._at + 40]!r}"
        self._at = found.end()
        return found.group()

    def _see(self, path: Path) -> None:
        self.lines.setdefault(path, bisect_left(self._ends, self._at) + 1)


def _name(part: str) -> str:
    """What a part of a key stands for."""
    if part[0] not in "\"'":
        return part
    name: str = tomllib.loads(f"key = {part}")["key"]
    return name
