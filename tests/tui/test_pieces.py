"""A log of any size, found from any byte: the same lines from whichever side they are read, and never all of them."""

import os
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state import holes
from overnight.tui.logfile import LogFile
from overnight.tui.page import Page
from overnight.tui.pieces import BLOCK, FURTHEST, REACH, Pieces


def pieces_of(path: Path, *ranges: tuple[int, int]) -> list[tuple[int, bytes, bool]]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        log = Pieces(descriptor)
        return [(each.at, each.raw, each.continues) for low, high in ranges for each in log.between(low, high)]
    finally:
        os.close(descriptor)


LINES = st.lists(
    st.one_of(
        st.binary(max_size=80), st.integers(0, 5 * BLOCK).map(lambda size: b"x" * size), st.just("é漢".encode() * 3000)
    ),
    max_size=8,
)


@given(LINES, st.booleans(), st.lists(st.integers(0, 12 * BLOCK), max_size=6))
def test_however_a_log_is_divided_its_pieces_are_the_same_and_make_it_whole(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ended: bool, cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("log") / "output.log"
    text = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    path.write_bytes(text)
    whole = pieces_of(path, (0, len(text)))
    edges = sorted({0, *cuts, len(text)})
    assert pieces_of(path, *pairwise(edges)) == whole
    ends = [at for at, _, _ in whole[1:]] + [len(text)][: len(whole)]
    assert all(text[at:end].removesuffix(b"\n") == raw for (at, raw, _), end in zip(whole, ends, strict=True))
    assert all(end - at <= REACH for (at, _, _), end in zip(whole, ends, strict=True))
    assert b"".join(text[at:end] for (at, _, _), end in zip(whole, ends, strict=True)) == text


def test_a_short_line_is_one_piece_and_no_character_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"a" * (BLOCK - 1) + b"\n" + "x漢".encode() * BLOCK + b"\nend\n")
    pieces = pieces_of(path, (0, path.stat().st_size))
    assert pieces[0] == (0, b"a" * (BLOCK - 1), False)
    assert pieces[-1][1:] == (b"end", False)
    assert all(continues for _, _, continues in pieces[2:-1])
    for _, raw, _ in pieces:
        raw.decode()


def a_log_of(path: Path, gigabytes: int) -> int:
    """Lines at its beginning, in its middle and at its end, and between them lines of nothing: it takes no disk."""
    size = gigabytes << 30
    with path.open("wb") as file:
        file.writelines(b"begin %d\n" % number for number in range(2000))
        for place in (size // 2, size):
            file.seek(place)
            file.write(b"\n")
            file.writelines(b"at %d: %d\n" % (place, number) for number in range(2000))
    return size


def texts(page: Page | None) -> list[str]:
    assert page is not None
    return [line.text for line in page.lines]


def test_any_place_of_a_log_of_gigabytes_is_there_at_once_and_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    size = a_log_of(path, 8)
    log = LogFile(str(path))
    tracemalloc.start()
    begin, end, middle = log.page(0), log.page(None), log.page(size // 2 + 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert begin is not None
    assert end is not None
    assert texts(begin)[0] == "begin 0"
    assert begin.is_first
    assert texts(end)[-1] == f"at {size}: 1999"
    assert end.is_last
    assert f"at {size // 2}: 3" in texts(middle)
    assert peak < 16 * FURTHEST, "it was not read whole"


def test_block_before_block_leads_from_the_end_to_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("".join(f"line {number}\n" for number in range(30_000)))
    log, seen = LogFile(str(path)), set[str]()
    around: int | None = None
    while True:
        page = log.page(around)
        assert page is not None
        seen.update(texts(page))
        if page.is_first:
            break
        around = page.lines[0].at
    assert seen == {f"line {number}" for number in range(30_000)}


def test_lines_of_ten_megabytes_are_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    with path.open("wb") as file:
        for number in range(3):
            file.write(b"line %d " % number + b"y" * 10_000_000 + b" end of it\n")
        file.write(b"last\n")
    log = LogFile(str(path))
    tracemalloc.start()
    begin, end = texts(log.page(0)), texts(log.page(None))
    middle = log.page(15_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert begin[0].startswith("line 0 yyy")
    assert end[-1] == "last"
    assert end[-2].endswith("y end of it")
    assert middle is not None
    assert all(line.continues for line in middle.lines)
    assert middle.index_of(15_000_000) is not None
    assert peak < 16 * FURTHEST


def test_a_log_whose_head_was_given_back_begins_where_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("".join(f"line {number:06}\n" for number in range(50_000)))
    with path.open("r+b") as file:
        holes.punch(file.fileno(), 0, 300_000)
    page = LogFile(str(path)).page(0)
    assert page is not None
    assert page.is_first
    assert page.begin == page.lines[0].at >= 300_000
    assert page.lines[0].text == f"line {page.begin // 12:06}"


def test_a_log_that_was_emptied_or_replaced_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("one\ntwo\n")
    log = LogFile(str(path))
    first = log.page(None)
    assert first is log.page(None), "nothing changed: nothing is read"
    with path.open("a") as file:
        file.write("three\n")
    assert texts(log.page(None)) == ["one", "two", "three"]
    os.truncate(path, 0)
    assert texts(log.page(None)) == []
    path.with_name("new").write_text("a much longer log than the one before it\n")
    path.with_name("new").replace(path)
    page = log.page(None)
    assert texts(page) == ["a much longer log than the one before it"]
    assert page is not None
    assert page.generation == 2
    path.unlink()
    assert log.page(None) is None
