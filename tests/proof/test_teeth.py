"""The suite bites: with a known bug put back it fails, without it passes; on a copy of the source, never on the tree.

The long form (`-m long`) puts all tests of the SDK and of the records before each bug, and says how many notice it.
"""

import re
from pathlib import Path

import pytest

from tests.proof.teeth import FOLDERS, TEETH, Tooth, Tree

NOTICED = 1
"""pytest's exit code when tests have failed; everything above that is no verdict."""
MISTAKES = re.compile(r"NameError|SyntaxError|ImportError|ModuleNotFoundError")
"""A bug that was put back wrongly is noticed by anything."""

pytestmark = pytest.mark.timeout(300)

names = [tooth.name.replace(" ", "-") for tooth in TEETH]
teeth = pytest.mark.parametrize("tooth", TEETH, ids=names)
some_teeth = pytest.mark.parametrize(
    "tooth",
    [pytest.param(tooth, marks=[pytest.mark.long] if place % 2 else []) for place, tooth in enumerate(TEETH)],
    ids=names,
)
"""The fast form tries every second bug."""


def bitten(tmp_path: Path, tooth: Tooth) -> Tree:
    tree = Tree(tmp_path)
    for change in tooth.changes:
        tree.apply(change)
    return tree


@some_teeth
def test_a_bug_put_back_is_noticed(tmp_path: Path, tooth: Tooth) -> None:
    done = bitten(tmp_path, tooth).test(*tooth.noticed_by)
    assert done.returncode == NOTICED, done.stdout
    assert not MISTAKES.search(done.stdout), done.stdout


@pytest.mark.parametrize("count", [2, pytest.param(None, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_without_a_bug_the_same_tests_pass_on_the_copy(tmp_path: Path, count: int | None) -> None:
    """A few of them stand for all in the fast form: on the tree itself every one runs beside this."""
    tree = Tree(tmp_path)
    for folder in FOLDERS:
        assert tree.origin_of(f"overnight.{folder}") == Path("overnight", folder, "__init__.py")
    done = tree.test(*sorted({test for tooth in TEETH for test in tooth.noticed_by})[:count])
    assert done.returncode == 0, done.stdout


@pytest.mark.long
@pytest.mark.timeout(3600)
@teeth
def test_a_bug_put_back_is_noticed_by_the_whole_suite(tmp_path: Path, tooth: Tooth) -> None:
    done = bitten(tmp_path, tooth).test("tests/sdk", "tests/state", *tooth.noticed_by, stop_at_first=False)
    assert done.returncode == NOTICED, done.stdout
    print(f"{tooth.name}: {done.stdout.splitlines()[-1]}")
