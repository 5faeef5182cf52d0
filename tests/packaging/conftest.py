"""What is built and installed once for all tests of the packaging that share a worker."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.packaging import tree

STAND_IN = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "stand-in-for-agents"
version = "1.0"

[tool.setuptools]
packages = ["agents"]
"""


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is built: a build leaves folders behind, and takes stale ones up."""
    copy = tmp_path_factory.mktemp("source")
    for folder in tree.FOLDERS:
        shutil.copytree(tree.ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(tree.ROOT / name, copy)
    return copy


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tree.build(source, tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def editable_wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tree.build(source, tmp_path_factory.mktemp("editable"), hook="build_editable")


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of another project, whose import name is `agents`."""
    project = tmp_path_factory.mktemp("stand-in")
    (project / "pyproject.toml").write_text(STAND_IN)
    (project / "agents").mkdir()
    (project / "agents" / "__init__.py").write_text('WHOSE = "theirs"\n')
    return tree.build(project, project)


class Environment:
    """A fresh virtual environment, in which the third-party packages of this one are found."""

    def __init__(self, folder: Path) -> None:
        self.scripts = folder / "bin"
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        self._folder = folder

    def install(self, *wheels: Path) -> None:
        offline = ["--no-index", "--no-deps", "--disable-pip-version-check"]
        subprocess.run([str(self.scripts / "pip"), "install", "-q", *offline, *wheels], check=True)
        # After pip has run: it would take a package that is found there for installed here. The .pth files of
        # that folder are not read, hence an editable install of the project there is not seen from here.
        paths = {"base": str(self._folder), "platbase": str(self._folder)}
        site = Path(sysconfig.get_path("purelib", "venv", paths))
        (site / "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [str(self.scripts / command[0]), *command[1:]],
            cwd=self._folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout.strip()


@pytest.fixture(scope="session")
def installed(wheel: Path, stand_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("installed"))
    environment.install(stand_in, wheel)
    return environment


@pytest.fixture(scope="session")
def installed_editable(editable_wheel: Path, stand_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("installed-editable"))
    environment.install(stand_in, editable_wheel)
    return environment
