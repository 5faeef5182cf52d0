"""Beaten at random, what supervises a run loses no agent, starts none twice and misreports none.

The fast form is a few lives; the long form (`-m long`) kills a thousand times. Each prints its seed;
`python -m tests.proof.supervised_torture SEED [KILLS]` repeats it.
"""

from pathlib import Path

import pytest

from tests.proof.supervised_torture import Siege
from tests.proof.test_torture import a_seed

pytestmark = pytest.mark.leaves_no_process


@pytest.mark.parametrize(
    "kills", [10, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])], ids=["some", "a-thousand"]
)
def test_killed_at_random_nothing_is_lost_doubled_or_misreported(home: Path, kills: int) -> None:
    siege = Siege(home, a_seed())
    siege.perform(kills)
    assert siege.killed.total() >= kills
    print(f"{dict(siege.killed)} killed, {dict(siege.outcomes)}")
