"""The newest lines of a log, whatever its size, read from its end."""

import os
from pathlib import Path

from overnight.tui.tail import LINES, Tail, newest_line


def test_what_is_appended_is_read_and_nothing_twice(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"one\ntw")
    tail = Tail(str(log))
    assert tail.read()
    assert list(tail.lines) == ["one", "tw"]
    with log.open("ab") as file:
        file.write(b"o\nthree\n")
    assert tail.read()
    assert list(tail.lines) == ["one", "two", "three"]
    assert not tail.read()


def test_of_a_big_log_only_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    with log.open("wb") as file:
        # A hole of a gigabyte, as bounding a log leaves one.
        os.truncate(file.fileno(), 1 << 30)
        file.seek(0, os.SEEK_END)
        file.writelines(b"line %d\n" % number for number in range(5000))
    tail = Tail(str(log), window=1000)
    tail.read()
    assert tail.lines[-1] == "line 4999"
    assert all(line.startswith("line ") for line in tail.lines)
    assert len(tail.lines) <= 100


def test_the_number_of_lines_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"x\n" * (LINES + 10))
    tail = Tail(str(log))
    tail.read()
    assert len(tail.lines) == LINES


def test_a_truncated_log_is_read_anew_and_a_removed_one_is_empty(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"long ago\nand more\n")
    tail = Tail(str(log))
    tail.read()
    log.write_bytes(b"new\n")
    assert tail.read()
    assert list(tail.lines) == ["new"]
    log.unlink()
    assert tail.read()
    assert list(tail.lines) == []
    assert tail.size is None


def test_lines_are_clean(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"\x1b[31mred\x1b[0m \x1b]52;c;AAAA\x07\xff\n10%\r99%\n")
    tail = Tail(str(log))
    tail.read()
    assert tail.lines == ("red \ufffd", "99%")


def test_the_newest_line_says_something(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"first\nlast\n\n  \n")
    assert newest_line(str(log)) == "last"
    assert newest_line(str(tmp_path / "none")) == ""
