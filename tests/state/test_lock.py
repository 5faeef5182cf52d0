"""The lock of a run, asked and taken by several at once: OFD locks of one process exclude each other, too."""

import os
from pathlib import Path

from overnight.state import lock


def test_who_holds_it_holds_it_alone_until_its_last_copy_is_closed(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    held = lock.acquire(path)
    assert held is not None
    copy = os.dup(held)
    assert lock.acquire(path) is None
    os.close(held)
    assert lock.acquire(path) is None
    os.close(copy)
    again = lock.acquire(path)
    assert again is not None
    os.close(again)


def test_asking_takes_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    assert not lock.is_held(path)
    held = lock.acquire(path)
    assert held is not None
    assert lock.is_held(path)
    os.close(held)
    assert not lock.is_held(path)
