"""A TOML text as values that mean something, and everything that is wrong with it, each with its line. Pure."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from overnight.agents.launchers.toml_lines import Path, lines_of
from overnight.state.nearest import nearest

Reader = Callable[[Any], Any]
"""Takes what TOML held, and returns what it means, never None. Raises Unfit."""


class Unfit(ValueError):
    """What a value, or something in it, must be instead: where in it, and what."""

    def __init__(self, what: str, *more: tuple[Path, str]) -> None:
        super().__init__(what)
        self.found: tuple[tuple[Path, str], ...] = more or (((), what),)


class Mistake(NamedTuple):
    """One thing that is wrong with a file."""

    what: str
    line: int | None = None
    """None = it is the file as a whole."""


class Document(NamedTuple):
    """What TOML makes of a text."""

    values: Mapping[str, Any]
    lines: Mapping[Path, int]
    """Where each thing is named first."""


def document_of(data: bytes | str) -> Document | Mistake:
    """The mistake, where it is no TOML."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        return Document(tomllib.loads(text), lines_of(text))
    except UnicodeDecodeError as error:
        return Mistake("not TOML: not UTF-8", error.object.count(b"\n", 0, error.start) + 1)
    except RecursionError:
        return Mistake("not TOML that can be read: too much within each other")
    except ValueError as error:
        return _syntax_mistake(str(error), text)


def mistake_at(lines: Mapping[Path, int], where: Path, what: str, *within: str | int) -> Mistake:
    """`run.train: what`, at the line of the thing or, where it has none of its own, of what it stands in.

    `within`: where in the thing that is named.
    """
    path = (*where, *within)
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    named = ".".join(each for each in where if isinstance(each, str))
    return Mistake(f"{named}: {what}" if named else what, line)


def by_line(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    return tuple(sorted(mistakes, key=lambda each: each.line or 0))


def meant(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)`, where one of the known words is much like it."""
    near = nearest(word, known)
    return f' (did you mean "{near}"?)' if near else ""


class Reading:
    """One document, and what was found wrong with it so far."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.lines = lines
        self.mistakes: list[Mistake] = []

    def values(self, path: Path, table: Mapping[str, Any], keys: Mapping[str, Reader]) -> Iterator[tuple[str, Any]]:
        """What its keys mean, those that have a meaning."""
        self.check_keys(path, table, keys)
        for key, read in keys.items():
            if key in table and (value := self.value((*path, key), table[key], read)) is not None:
                yield key, value

    def value(self, path: Path, raw: Any, read: Reader) -> Any:
        """What it means; None = nothing, and that is a mistake."""
        try:
            return read(raw)
        except Unfit as unfit:
            for within, what in unfit.found:
                self.wrong((*path, *within), what)
            return None

    def check_keys(self, path: Path, table: Mapping[str, Any], known: Iterable[str]) -> None:
        for key in table:
            if key not in known:
                self.wrong(path, f'unknown key "{key}"{meant(key, known)}', key)

    def wrong(self, where: Path, what: str, *within: str | int) -> None:
        self.mistakes.append(mistake_at(self.lines, where, what, *within))


def _syntax_mistake(said: str, text: str) -> Mistake:
    """tomllib says `what (at line 3, column 7)`, or `what (at end of document)`."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", said, re.DOTALL)
    if found is None:
        # A number with too many digits: the advice behind it is for programmers.
        return Mistake(f"not TOML: {said.partition(';')[0]}")
    what, line, column = found.groups()
    if line is None:
        return Mistake(f"not TOML: {what}, at its end", text.count("\n", 0, -1) + 1)
    return Mistake(f"not TOML: {what} (column {column})", int(line))
