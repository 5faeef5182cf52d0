"""The fenced blocks of a page for readers, and running them as a reader would."""

import os
import re
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"(?:^`(?P<file>[\w.]+)`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)]+)\)")


class Block(NamedTuple):
    """A fenced block; `file` is the name that the line above it gives it."""

    file: str | None
    language: str
    text: str


class Page:
    """A page whose blocks are files, named by the line above them, and commands."""

    def __init__(self, name: str) -> None:
        """`name`: its path in the project."""
        self.path = ROOT / name
        self.text = self.path.read_text()
        self.blocks = [Block(each["file"], each["language"], each["text"]) for each in FENCED.finditer(self.text)]

    def broken_links(self) -> list[str]:
        """What it links to in the project and is not there."""
        return [target for target in LINK.findall(self.text) if not (self.path.parent / target).exists()]

    def write_files(self, folder: Path) -> list[Path]:
        paths = [folder / block.file for block in self.blocks if block.file]
        for path, block in zip(paths, (block for block in self.blocks if block.file), strict=True):
            path.write_text(block.text)
        return paths


def run_commands(blocks: Iterable[Block], folder: Path, seconds: float) -> str:
    """What the commands say on stdout, one after the other in one shell. The first that fails ends it, and the test."""
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "".join(block.text for block in blocks if not block.file)],
        cwd=folder,
        env={**os.environ, "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
