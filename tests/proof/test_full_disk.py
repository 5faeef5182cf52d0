"""A disk of 256 KiB that is filled again and again while a run works on it: the run ends with the right bytes."""

import random
import signal
from pathlib import Path

import pytest

from tests.proof.oracle import Effects
from tests.proof.torture import STOPPED, Life, command_of, undisturbed
from tests.sdk.attempts import Folder
from tests.small_disk import fill, small_disk_at

pytestmark = pytest.mark.leaves_no_process

ITEMS = 40
REFUSED = 1


class CrowdedLife(Life):
    """A life on a small disk: an attempt may find no room to start in, and a stop no room to commit in."""

    def end(self) -> int:
        _, said = self.process.communicate(timeout=30)
        code = self.process.returncode
        if code == REFUSED:
            assert len(said.splitlines()) == 1, said
            assert "No space left on device" in said
        else:
            assert code in {0, STOPPED, -signal.SIGKILL, -signal.SIGTERM}, f"it ended with {code}: {said}"
        self.witness.look(broken_off=code != 0)
        return code


def an_attempt(life: Life, disk: Path) -> int:
    """One attempt, with no room at its start, now and then, or for a while at its end: killed, stopped, or let be."""
    chance = life.chance
    ballast = fill(disk) if chance.random() < 0.2 else None
    life.begin()
    if ballast is not None:
        life.moment(0.15)
        ballast.unlink()
    for _ in range(chance.randrange(1, 4)):
        life.let_work(chance.randrange(0, 10))
        life.moment(0.004)
        ballast = fill(disk)
        life.moment(0.06)
        blow = chance.choice((signal.SIGKILL, signal.SIGTERM, *[None] * 8))
        if blow is not None:
            life.strike(blow)
            life.moment(0.03)
        ballast.unlink()
    return life.end()


@pytest.mark.parametrize("lives", [3, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_no_room_at_random_moments_leaves_no_trace(home: Path, lives: int) -> None:
    chance = random.Random(seed := random.randrange(10**9))
    print(f"seed {seed}")
    wanted = undisturbed(home, ITEMS)
    runs = home / "runs"
    runs.mkdir()
    for number in range(lives):
        with small_disk_at(runs) as disk:
            effects = Effects(home / f"effects-{number}")
            life = CrowdedLife(Folder(disk / "life-000001"), command_of(ITEMS, effects, pace=0.004), effects, chance)
            while an_attempt(life, disk) != 0:
                pass
            life.judge(wanted)
