"""Agents of a few lines, written where a test needs them."""

import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

BEGIN = """\
import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path

from overnight.agents import JsonLines, Lines, Retry, Run, Transient, start

HERE = Path(__file__).parent


def did(what: object) -> None:
    \"\"\"Say outside of the run that something was done.\"\"\"
    with open(HERE / "did", "a") as file:
        file.write(f"{what}\\n")


def meet(name: str) -> None:
    \"\"\"Say where it is, and go on when the test says so.\"\"\"
    (HERE / f"{name}.reached").touch()
    while not (HERE / f"{name}.go").exists():
        time.sleep(0.005)


"""


class Inline:
    """One such agent in a folder of its own, and what it did."""

    def __init__(self, folder: Path, body: str, power: bool = False) -> None:
        """`body` defines `main`, a function or a coroutine function."""
        self.folder = folder
        folder.mkdir(exist_ok=True)
        end = f'\n\nif __name__ == "__main__":\n    start(main, durability="{"power" if power else "process"}")\n'
        (folder / "agent.py").write_text(BEGIN + dedent(body).strip("\n") + end)

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, str(self.folder / "agent.py"), *map(str, arguments)]

    def did(self) -> list[str]:
        path = self.folder / "did"
        return path.read_text().splitlines() if path.exists() else []

    @staticmethod
    def record(path: Path) -> dict[str, Any]:
        """A record of its run as it stands; {} = there is none."""
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def reached(self, name: str) -> bool:
        return (self.folder / f"{name}.reached").exists()

    def let_go(self, name: str) -> None:
        (self.folder / f"{name}.go").touch()
