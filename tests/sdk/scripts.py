"""Agents of a few lines in a run of their own, held and seen from outside by files, and judged by how they end."""

import os
import subprocess
import time
from pathlib import Path

from overnight.state.records import Spec
from tests.sdk.attempts import Folder
from tests.sdk.inline import Inline
from tests.waiting import eventually

HEAD = """
import json


def said(name, text):
    # One line, with one write: what happened outside of the run, in the order in which it happened.
    with open(HERE / name, "a") as file:
        file.write(f"{text}\\n")


def held(name):
    # Until the test lets it go.
    while not (HERE / f"go {name}").exists() and not (HERE / "go").exists():
        time.sleep(0.002)


async def aheld(name):
    while not (HERE / f"go {name}").exists() and not (HERE / "go").exists():
        await asyncio.sleep(0.002)


"""
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Script:
    """An agent, and the attempts of its run."""

    def __init__(self, folder: Folder, home: Path, text: str) -> None:
        """`home`: where the script lies, and the files by which it is held and seen."""
        self.folder, self.home = folder, home
        self.command = Inline(home, HEAD + text).command()

    def start(self) -> "subprocess.Popen[str]":
        return self.folder.start(self.command)

    def end(self, process: "subprocess.Popen[str]", code: int = 0, stderr: str = "") -> None:
        """It ends by itself: with this code, and with `stderr` as a part of its complaints; "" = it has none."""
        _, complaints = process.communicate(timeout=60)
        assert (process.returncode, stderr in complaints, bool(complaints)) == (code, True, bool(stderr)), complaints

    def finish(self, code: int = 0, stderr: str = "") -> None:
        """The next attempt, to its end."""
        self.end(self.start(), code, stderr)

    def kill(self, process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.communicate()

    def go(self, name: object = None) -> None:
        """Let an item go; None = all of them."""
        (self.home / ("go" if name is None else f"go {name}")).touch()

    def hold(self) -> None:
        """Nothing goes any more by itself."""
        for flag in self.home.glob("go*"):
            flag.unlink()

    def said(self, name: str) -> list[str]:
        path = self.home / name
        return path.read_text().splitlines() if path.exists() else []

    def when_said(self, name: str, count: int) -> list[str]:
        return eventually(lambda: lines if len(lines := self.said(name)) >= count else None, message=f"{count} {name}")

    def grace(self, stop_grace: float) -> None:
        """As a supervisor would have put it on record."""
        self.folder.run.write(
            self.folder.run.spec_path,
            Spec("agent-000001", "agent", tuple(self.command), "/", created_at=time.time(), stop_grace=stop_grace),
        )


def cpu_seconds(pid: int) -> float:
    """That a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def usage(pid: int, seconds: float = 1.0) -> float:
    """The share of a processor that it uses in this time."""
    before, began = cpu_seconds(pid), time.monotonic()
    eventually(lambda: time.monotonic() - began >= seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)
