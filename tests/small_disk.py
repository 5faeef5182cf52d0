"""A disk that is soon full, for tests that are about no room."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk_at(path: Path) -> Iterator[Path]:
    """A filesystem of 256 KiB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "none", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for _ in range(1000):
            with suppress(OSError):
                file.write(bytes(512))
    return ballast
