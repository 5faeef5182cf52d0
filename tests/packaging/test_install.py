"""What is built is the tree, and it installs: plainly, editable, and beside a package called `agents`."""

import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.packaging import tree
from tests.packaging.conftest import Environment

pytestmark = pytest.mark.xdist_group("packaging")

WHOSE_AGENTS = "import agents, overnight.agents; print(agents.WHOSE, overnight.agents.__file__)"


def test_the_wheel_holds_every_file_of_the_tree_and_nothing_else(wheel: Path) -> None:
    packaged = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packaged == {f"overnight/{path}" for path in tree.files()}


def test_every_folder_of_modules_is_in_the_list_of_packages() -> None:
    listed = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent for path in tree.files() if path.suffix == ".py"}
    assert sorted(listed) == sorted("overnight." + ".".join(folder.parts) for folder in folders)


def test_every_folder_of_modules_has_an_init() -> None:
    folders = {path.parent for path in tree.files() if path.suffix == ".py"}
    assert [folder for folder in folders if not (tree.ROOT / folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", ["overnight.state", "overnight.agents", "overnight.tui"])
def test_an_ordinary_install_can_be_imported(installed: Environment, package: str) -> None:
    found = installed.run("python", "-c", f"import {package} as package; print(package.__file__)")
    assert f"site-packages/{package.replace('.', '/')}/__init__.py" in found


def test_an_ordinary_install_has_the_command(installed: Environment) -> None:
    assert "overnight" in installed.run("overnight", "--help")


def test_an_ordinary_install_works_beside_a_package_called_agents(installed: Environment) -> None:
    whose, ours = installed.run("python", "-c", WHOSE_AGENTS).split()
    assert whose == "theirs"
    assert "overnight/agents" in ours


def test_an_editable_install_works_beside_a_package_called_agents(
    installed_editable: Environment, source: Path
) -> None:
    whose, ours = installed_editable.run("python", "-c", WHOSE_AGENTS).split()
    assert whose == "theirs"
    assert ours == str(source / "agents" / "__init__.py")


def test_an_editable_install_has_the_command(installed_editable: Environment) -> None:
    assert "overnight" in installed_editable.run("overnight", "--help")
