"""The source tree as packaging sees it: its folders, its modules, and the wheel it builds."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("state", "agents", "tui")


def files() -> list[Path]:
    """Everything in the three folders, relative to the root, but what Python or an editor left there."""
    return [
        path.relative_to(ROOT)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    ]


def modules(*folders: str) -> list[str]:
    """The importable names of the modules that lie in these folders, not deeper."""
    found = [path.relative_to(ROOT).with_suffix("") for folder in folders for path in (ROOT / folder).glob("*.py")]
    return sorted("overnight." + ".".join(path.parts).removesuffix(".__init__") for path in found)


def build(source: Path, wheels: Path, hook: str = "build_wheel") -> Path:
    """The wheel that an installer would get for `source`: its build backend is asked, as pip does."""
    ask = f"import sys; from setuptools import build_meta; print(build_meta.{hook}(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ask, str(wheels)],
        cwd=source,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return wheels / built.stdout.splitlines()[-1]
