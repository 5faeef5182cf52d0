"""Beaten at random moments, a run ends as one that nobody touched: nothing lost, nothing doubled, nothing torn.

The fast form is a few lives; the long form (`-m long`) is LONG_ROUNDS times as many, thousands of kills. Each prints
its seed; `python -m tests.proof.torture SEED` and `python -m tests.proof.sweep SEED STRIDE` repeat it.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.torture import Torture

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.timeout(300)]

KILLS = 30
LONG_ROUNDS = 80
ROUNDS = [0, *(pytest.param(number, marks=pytest.mark.long) for number in range(1, LONG_ROUNDS + 1))]


def a_seed() -> int:
    """Another one each time; shown with a failure."""
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    return seed


@pytest.mark.parametrize("number", ROUNDS)
def test_real_blows_at_random_moments_leave_no_trace(home: Path, number: int) -> None:
    torture = Torture(home, a_seed())
    torture.perform(KILLS)
    assert torture.killed >= KILLS


@pytest.mark.parametrize("stride", [9, pytest.param(1, marks=pytest.mark.long)])
def test_a_death_before_any_call_and_inside_of_any_write_leaves_no_trace(stride: int) -> None:
    command = [sys.executable, "-m", "tests.proof.sweep", str(a_seed()), str(stride)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
