"""The proof of supervision bites: with a known bug put back it fails; on a copy of the source, never on the tree.

The fast form tries one bug; the long one (`-m long`) all of them.
"""

from pathlib import Path

import pytest

from tests.proof.supervised_teeth import SUPERVISED_TEETH
from tests.proof.teeth import Tooth
from tests.proof.test_teeth import MISTAKES, NOTICED, bitten

pytestmark = pytest.mark.timeout(300)

FAST = {"who adopts a frozen agent takes it for running"}


@pytest.mark.parametrize(
    "tooth",
    [
        pytest.param(tooth, id=tooth.name.replace(" ", "-"), marks=[] if tooth.name in FAST else [pytest.mark.long])
        for tooth in SUPERVISED_TEETH
    ],
)
def test_a_bug_of_supervision_put_back_is_noticed(tmp_path: Path, tooth: Tooth) -> None:
    done = bitten(tmp_path, tooth).test(*tooth.noticed_by)
    assert done.returncode == NOTICED, done.stdout
    assert not MISTAKES.search(done.stdout), done.stdout
