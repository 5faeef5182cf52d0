"""What is found in a log: every line that shows the text, in either direction, and no line that does not."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.tui.logfile import LogFile
from overnight.tui.pieces import BLOCK
from overnight.tui.place import Search
from overnight.tui.seeking import STEP, search
from overnight.tui.sought import pattern_of, with_found


def found(path: Path, text: str, *, way: int = 1, start: int | None = 0) -> int | None:
    *_, last = search("run", str(path), Search(1, text, way, start))
    assert last is not None
    assert last.over
    return last.at


def all_found(path: Path, text: str, way: int) -> list[int]:
    """From line to line, once round."""
    seen: list[int] = []
    start: int | None = 0 if way > 0 else None
    while (at := found(path, text, way=way, start=start)) is not None and at not in seen:
        seen.append(at)
        start = at + 1 if way > 0 else at
    return seen


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"an Error", "error"),
        (b"an Error", "Error"),
        (b"a.b*c [/x]", ".b*c [/"),
        (b"\x1b[1mbo\x1b[31mld\x1b[0m", "bold"),
        (b"a\tb", "a b"),
        (b"ev\x1b]0;title\x07i\xe2\x80\xael\x00s \xc2\x9b31mit", "evils it"),
        ("größe ÜBER 漢字".encode(), "über 漢"),
        (b"x" * 3 * BLOCK + b"end", "xend"),
        (b"y" * (2 * BLOCK - 12) + b"across it", "across it"),
    ],
)
def test_what_a_line_shows_is_found(tmp_path: Path, line: bytes, text: str) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"before\n" + line + b"\nbehind\n")
    at = found(path, text)
    assert at is not None
    assert 7 <= at < 7 + len(line)
    assert found(path, text, way=-1, start=None) == at


@pytest.mark.parametrize(
    ("line", "text"),
    [(b"an error", "Error"), (b"\x1b[31mred", "31m"), (b"10%\r99%", "10"), (b"\x1b]0;title\x07x", "title")],
)
def test_what_no_line_shows_is_not_found(tmp_path: Path, line: bytes, text: str) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(line + b"\n")
    assert found(path, text) is None


@given(st.lists(st.sampled_from([b"a hit", b"none", b"", b"x" * 3000, b"y" * 9000, b"\x1b[1mhit\x1b[m"]), max_size=30))
def test_forwards_and_backwards_every_line_is_found_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("log") / "output.log"
    path.write_bytes(b"\n".join(lines))
    ends = [len(b"\n".join(lines[:number])) + (number > 0) for number in range(len(lines))]
    hits = [at for at, line in zip(ends, lines, strict=True) if b"hit" in line]
    assert all_found(path, "hit", 1) == hits
    assert all_found(path, "hit", -1) == hits[::-1]


def test_a_big_log_is_looked_through_in_little_memory_and_says_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    with path.open("wb") as file:
        # Longer than a step, on either side of a hole that takes no disk.
        file.write(b"first\n")
        file.seek(100 * STEP)
        file.write(b"\nneedle\n")
    tracemalloc.start()
    told = list(search("run", str(path), Search(1, "needle", 1, 0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * STEP
    assert told[-1] is not None
    assert told[-1].at == 100 * STEP + 1
    shares = [each.share for each in told[:-1] if each is not None]
    assert shares == sorted(shares)


def test_a_log_that_is_gone_has_nothing(tmp_path: Path) -> None:
    assert found(tmp_path / "none", "x") is None
    (tmp_path / "empty").write_bytes(b"")
    assert found(tmp_path / "empty", "x") is None


def test_what_was_found_stands_out_in_the_agents_colours() -> None:
    spans = (("a he", "sgr red"), ("llo hello", ""))
    assert with_found(spans, "hello") == (
        ("a ", "sgr red"),
        ("hello", "found"),
        (" ", ""),
        ("hello", "found"),
    )
    assert with_found(spans, "none") == spans
    assert pattern_of("a.c").search("abc") is None


def test_an_emptied_log_under_a_search_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"line\n" * STEP)
    going_on = search("run", str(path), Search(1, "none", 1, 0))
    next(going_on)
    path.write_bytes(b"")
    *_, last = going_on
    assert last is not None
    assert last.over
    assert LogFile(str(path)).page(None) is not None
