"""Killed at any system call, a supervisor, a keeper or what becomes an agent loses no agent, starts none twice and
misreports none.

The fast forms take a few calls of each scene; the long one takes every call.
"""

from pathlib import Path

import pytest

from tests.proof.supervised import Scene
from tests.proof.supervised_scenes import FAILS, IS_KILLED, IS_PAUSED, IS_RESTARTED, SCENES, STARTS_AGAIN, SUCCEEDS
from tests.proof.supervised_walks import SupervisedWalk
from tests.proof.syscalls import no_tracing

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())]

SLOW = {IS_PAUSED.name: 1, STARTS_AGAIN.name: 2}
"""Points of scenes that take their time."""


def name_of(given: Scene | str) -> str:
    return (given.name if isinstance(given, Scene) else given).replace(" ", "-")


@pytest.mark.parametrize("scene", SCENES, ids=name_of)
def test_a_supervisor_killed_at_a_call_is_followed_by_one_that_goes_on(scene: Scene, home: Path) -> None:
    SupervisedWalk(home, scene, "supervisor").kill_at_some(SLOW.get(scene.name, 3))


@pytest.mark.parametrize("scene", [FAILS, IS_KILLED, IS_RESTARTED], ids=name_of)
def test_a_supervisor_killed_just_before_the_outcome_is_there_tells_it_once(scene: Scene, home: Path) -> None:
    SupervisedWalk(home, scene, "supervisor").kill_at_the_end()


def test_a_keeper_killed_as_it_puts_the_end_on_record_costs_no_exit_code(home: Path) -> None:
    SupervisedWalk(home, FAILS, "keeper 1").kill_at_the_end()


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene.has("keeper 1")], ids=name_of)
def test_a_keeper_killed_at_a_call_costs_no_exit_code(scene: Scene, home: Path) -> None:
    SupervisedWalk(home, scene, "keeper 1").kill_at_some(10 if scene is SUCCEEDS else 1)


def test_what_becomes_the_agent_killed_as_it_notes_its_start_is_told_so_once(home: Path) -> None:
    SupervisedWalk(home, SUCCEEDS, "agent 1").kill_at_the_start()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("scene", "role"),
    [(SUCCEEDS, "agent 1")]
    + [(scene, role) for scene in SCENES for role in ("supervisor", "keeper 1", "keeper 2") if scene.has(role)],
    ids=name_of,
)
def test_killed_at_each_call_it_comes_to_the_same_end(scene: Scene, role: str, home: Path) -> None:
    killed = SupervisedWalk(home, scene, role).kill_at_each()
    print(f"{scene.name}, {role}: killed at {killed} calls")
