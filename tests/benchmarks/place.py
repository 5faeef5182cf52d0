"""Where and on what is measured: a folder on a disk, one process at a time, and how the machine wavers meanwhile."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 900
"""Seconds that one measurement may take."""


class NothingMeasured(Exception):
    """A program did not answer."""


class Place:
    """A folder of its own inside of `parent`, removed at the end."""

    def __init__(self, parent: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="overnight-benchmarks-", dir=parent))
        self._made = 0
        self._wavering: list[float] = []

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder)

    def calm(self, seconds: float) -> Path:
        """A new folder; nothing that is measured was removed for so many seconds.

        ext4 gives no inode away again for up to 35 s after its removal, and where many were removed it looks at each
        of them for every new file. Nobody who launches something has removed as much right before.
        """
        time.sleep(seconds)
        return self.fresh()

    def fresh(self) -> Path:
        """A new folder in it."""
        self._made += 1
        folder = self.folder / str(self._made)
        folder.mkdir(mode=0o700)
        return folder

    def measure(self, home: Path, program: str, *arguments: object) -> dict[str, float]:
        """What one of the programs answers. `home` is where its run lies, if it is an agent, and is removed.

        Few files, of which some are large: `calm` says what would be wrong with removing many.
        """
        done, said = self.run(home, program, *arguments)
        shutil.rmtree(home)
        answers = done.splitlines()
        if not answers:
            raise NothingMeasured(f"{program} {' '.join(map(str, arguments))}: {said[-2000:]}")
        figures: dict[str, float] = json.loads(answers[-1])
        return figures

    def run(self, home: Path, program: str, *arguments: object) -> tuple[str, str]:
        """One program to its end, started by hand as anybody would: its stdout, and what its terminal was shown."""
        self.settle()
        with Terminal() as terminal:
            done = subprocess.run(
                [sys.executable, "-m", f"tests.benchmarks.programs.{program}", *map(str, arguments)],
                cwd=ROOT,
                env={**surroundings(home), "TERM": "xterm-256color"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=terminal.descriptor,
                timeout=LONGEST,
                text=True,
                check=False,
            )
        return done.stdout, terminal.text()

    def settle(self) -> None:
        """Before each measurement."""
        # What others have left to be written would be waited for in the middle of it.
        os.sync()
        self._wavering.append(_fixed_work(self.folder))

    def described(self) -> str:
        """The machine, and by how much the same work took longer at one time than at another."""
        took = [1000 * seconds for seconds in self._wavering]
        least, middle, most = min(took), Figure(tuple(took)).median, max(took)
        return (
            f"{os.cpu_count()} cores, {filesystem_of(self.folder)}, Linux {platform.release()}, "
            f"Python {platform.python_version()}. The same fixed work (a loop, and small writes) took "
            f"{least:.1f} / {middle:.1f} / {most:.1f} ms (least / median / most of {len(took)} times, one before each "
            "measurement): trust ratios, and those no further than that."
        )


def surroundings(home: Path) -> dict[str, str]:
    """The environment of what is measured in this home: nothing of a run inside of which this may be."""
    here = {name: value for name, value in os.environ.items() if not name.startswith("OVERNIGHT_")}
    return {**here, "OVERNIGHT_HOME": str(home)}


class Terminal:
    """A terminal that somebody reads: what draws progress draws it."""

    def __init__(self) -> None:
        self._read: list[bytes] = []
        self._master, self.descriptor = os.openpty()
        self._reader = threading.Thread(target=self._read_all, daemon=True)

    def __enter__(self) -> "Terminal":
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        self._reader.join()
        os.close(self._master)

    def _read_all(self) -> None:
        try:
            while some := os.read(self._master, 65536):
                self._read.append(some)
        except OSError:
            # Its last writer is gone.
            pass

    def text(self) -> str:
        return b"".join(self._read).decode(errors="replace")


def _fixed_work(folder: Path) -> float:
    """Seconds that it takes."""
    path = folder / "fixed"
    began = time.perf_counter()
    total = 0
    for number in range(200_000):
        total += number
    with path.open("wb", buffering=0) as file:
        for _ in range(2_000):
            file.write(b"." * 60)
    took = time.perf_counter() - began
    path.unlink()
    return took


def filesystem_of(folder: Path) -> str:
    """The type of the filesystem that holds `folder`."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[2] == number:
            return fields[fields.index("-") + 1]
    return "an unknown filesystem"
