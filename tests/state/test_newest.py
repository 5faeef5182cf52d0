"""The newest lines of a file, read from its end."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state import codec
from overnight.state.newest import Newest, newest_of
from overnight.state.records import ItemError


def lines_of(count: int) -> list[bytes]:
    return [codec.encode(ItemError(item=f"item {number}", message="x" * (number % 7))) for number in range(count)]


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("newest") / "errors.jsonl"


@given(st.integers(0, 12), st.integers(0, 12), st.integers(-2, 2))
def test_exactly_the_lines_that_lie_whole_in_the_window_are_read(file: Path, count: int, lines: int, more: int) -> None:
    written = lines_of(count)
    file.write_bytes(b"".join(written))
    # The end of a line is where one is easily lost, or half of one taken for whole.
    window = max(0, more + sum(map(len, written[max(0, count - lines) :])))
    fitting = next(kept for kept in range(count, -1, -1) if sum(map(len, written[count - kept :])) <= window)
    newest = newest_of(ItemError, str(file), window)
    assert [each.item for each in newest.records] == [f"item {number}" for number in range(count - fitting, count)]
    assert newest.is_whole == (fitting == count)


def test_what_lies_before_the_window_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "errors.jsonl"
    with path.open("wb") as file:
        # To read 64 GB would take minutes, and to keep them more memory than there is.
        os.truncate(file.fileno(), 64 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n")
        file.writelines(lines_of(10_000))
    newest = newest_of(ItemError, str(path), 4096)
    assert newest.records[-1].item == "item 9999"
    assert 10 < len(newest.records) < 100
    assert not newest.is_whole


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "errors.jsonl"
    path.write_bytes(b'\xff\n[]\n\n{"item": "x"}\n{"item": "y"}')
    assert [each.item for each in newest_of(ItemError, str(path)).records] == ["x", "y"]
    path.unlink()
    assert newest_of(ItemError, str(path)) == Newest()
    os.mkfifo(path)
    assert newest_of(ItemError, str(path)) == Newest(problem="Not a file")
