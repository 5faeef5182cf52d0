"""Killed at any system call, or refused any, a run goes on as if nothing had happened.

The fast forms take calls of each kind that changes the run's directory; the long ones take every call.
"""

import itertools
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from tests.proof.syscall_scenes import (
    BEATING,
    COMPACTED,
    COMPACTED_AGAIN,
    FRESH,
    PAUSED,
    POWER,
    RESUMED,
    SCENES,
    SHORTENING,
    Scene,
)
from tests.proof.syscall_walks import Walk, spread
from tests.proof.syscalls import CHANGING, Call, Ended, Harm, Point, finished, no_tracing, numbered, traced_beside

pytestmark = pytest.mark.leaves_no_process
needs_strace = pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())
each_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name.replace(" ", "-"))
two_scenes = pytest.mark.parametrize("scene", [FRESH, RESUMED], ids=lambda scene: scene.name)
each_thread = pytest.mark.parametrize(
    ("scene", "under"),
    [(BEATING, traced_beside), (SHORTENING, partial(traced_beside, beside=2))],
    ids=[BEATING.name, SHORTENING.name],
)

ERRORS = {
    "ENOSPC": {"openat", "write", "pwrite64", "close", "fallocate", "fsync", "fdatasync", "rename", "mkdir", "link"},
    "EIO": set(CHANGING),
    "EMFILE": {"openat"},
    "EROFS": {"openat", "write", "pwrite64", "ftruncate", "truncate", "rename", "unlink", "mkdir", "link"},
}
REPAIRS = ("write", "pwrite64", "ftruncate")
LOOKING = ("read", "pread64", "newfstatat", "getdents64")

LOG, TEXT, NOTES, FAILURES = "checkpoint.log", "artifacts/text", "artifacts/more/notes", "errors.jsonl"
SHORT = [
    # At the sixth item the log is the largest file, and a line of it is some 100 bytes long.
    *((6, LOG, extra) for extra in (0, 1, 8, 9, 50, 99, 250)),
    # The eighth writes more than waits in memory: a part of 90 018 bytes, and at its end one of 30 006.
    *((8, NOTES, extra) for extra in (90_018, 90_019, 110_000, 120_023)),
    *((9, NOTES, extra) for extra in (0, 1, 2, 3)),
    # The last error is longer than everything before it.
    *((17, FAILURES, extra) for extra in (2_000, 4_001)),
]

SPILLING = [(8, NOTES, extra) for extra in (4_096, 65_537, 90_017)]
"""Within the part that the eighth item writes before it is finished."""


@pytest.fixture
def walk(home: Path) -> Callable[..., Walk]:
    (home / "runs").mkdir()
    return lambda scene, *under: Walk(scene, home / "runs", *under)


def the_telling(points: Iterable[tuple[Point, Call]]) -> list[tuple[Point, Call]]:
    """Without those that only look, or come and go: a kill there leaves what a kill at the next call leaves."""
    return [
        (point, call)
        for point, call in points
        if point.name != "close" and "O_RDONLY" not in call.arguments and "heartbeat.json" not in call.arguments
    ]


@needs_strace
@each_scene
def test_killed_at_a_call_that_changes_the_run_it_goes_on(scene: Scene, walk: Callable[..., Walk]) -> None:
    way = walk(scene)
    points = spread(the_telling(way.points()), 36 if scene is FRESH else 7)
    assert sum(way.kill_at(point) for point, _ in points) >= len(points) - 1


@needs_strace
@each_thread
def test_killed_at_a_call_of_another_thread_it_goes_on(
    scene: Scene, under: Callable[..., Ended], walk: Callable[..., Walk]
) -> None:
    way = walk(scene, under)
    points = spread(way.points(), 4)
    assert sum(way.kill_at(point) for point, _ in points) >= 2


@needs_strace
@two_scenes
def test_refused_a_call_once_it_goes_on_or_says_why_not(scene: Scene, walk: Callable[..., Walk]) -> None:
    way = walk(scene)
    points = spread(way.points(), 10)
    errors = itertools.cycle(ERRORS)
    met = 0
    for point, _ in points:
        met += way.fail_at(point, next(error for error in errors if point.name in ERRORS[error]))
    assert met >= len(points) - 1


@needs_strace
def test_refused_a_call_once_among_its_items_it_goes_on_by_itself(walk: Callable[..., Walk]) -> None:
    way = walk(FRESH)
    for (point, _), error in itertools.product(spread(way.points_within(), 4), ("EIO", "EROFS", "EMFILE")):
        if point.name in ERRORS[error]:
            way.fail_at(point, error, rides_over=True)


@needs_strace
def test_refused_a_sync_and_then_the_repair_it_goes_on_by_itself(walk: Callable[..., Walk]) -> None:
    way = walk(POWER)
    points = [(point, call) for point, call in way.points_within() if point.name == "fdatasync"]
    for (point, call), name in zip(spread(points, 4), itertools.cycle(REPAIRS), strict=False):
        way.fail_at(point, "EIO", Harm("EIO", way.next_point(call, name)), rides_over=True)


@needs_strace
@pytest.mark.parametrize(
    ("scene", "name", "file"),
    [(COMPACTED, "close", "checkpoint.log"), (COMPACTED_AGAIN, "unlink", ".checkpoint.log.draft")],
    ids=["the-old-log", "a-leftover-draft"],
)
def test_refused_to_be_rid_of_what_a_shorter_log_replaces_it_goes_on(
    scene: Scene, name: str, file: str, walk: Callable[..., Walk]
) -> None:
    way = walk(scene)
    points = [point for point, call in way.points([name]) if call.paths[0].endswith(f"/{file}")]
    # The last close is the one at the end.
    assert sum(way.fail_at(point, "EIO") for point in points[:-1] or points) > 0


@pytest.mark.parametrize("limits", [SHORT[::2], SHORT[1::2]], ids=["even", "odd"])
def test_a_write_that_was_taken_in_part_is_taken_back(limits: list[tuple[int, str, int]], home: Path) -> None:
    for number, (item, name, extra) in enumerate(limits):
        short_write(home / "runs" / f"{number:06d}", item, name, extra)


def test_a_write_that_was_taken_in_part_is_done_again_when_there_is_room(home: Path) -> None:
    for number, (item, name, extra) in enumerate((*SHORT[2::3], *SPILLING)):
        short_write(home / "runs" / f"{number:06d}", item, name, extra, lifted=True)


@pytest.mark.parametrize("limits", SPILLING, ids=str)
def test_an_output_that_cannot_be_written_is_no_error_of_its_item(limits: tuple[int, str, int], home: Path) -> None:
    short_write(home / "runs" / "agent-000001", *limits)


def short_write(path: Path, item: int, name: str, extra: int, *, lifted: bool = False) -> None:
    """An attempt in which no file may grow past a size from an item on, and one without that limit.

    `lifted`: the first goes on by itself when the limit is gone.
    """
    stage = FRESH.stage(path)
    code, said = finished(stage.folder, stage.command(f"limit={item}:{name}:{extra}", *["lifted"][:lifted]))
    try:
        assert code == 0 or (code == 1 and not lifted and "File too large" in said)
        stage.was_left()
        stage.goes_on(FRESH, errors=True)
    except AssertionError as failed:
        failed.add_note(f"{extra} bytes more of {name} from item {item} on; it lies in {path}; {said}")
        raise
    stage.remove()


@pytest.mark.long
@pytest.mark.timeout(7200)
@needs_strace
@each_scene
def test_killed_at_each_system_call_it_goes_on(scene: Scene, walk: Callable[..., Walk]) -> None:
    at_each_call(walk(scene))


@pytest.mark.long
@pytest.mark.timeout(7200)
@needs_strace
@each_thread
def test_killed_at_each_system_call_of_another_thread_it_goes_on(
    scene: Scene, under: Callable[..., Ended], walk: Callable[..., Walk]
) -> None:
    at_each_call(walk(scene, under))


def at_each_call(way: Walk) -> None:
    """Killed at each call there is: the first of a name, the second, …, until it ends unharmed."""
    wanted = killed = 0
    for name in sorted({call.name for call in way.calls}):
        wanted += max(point.number for point, _ in numbered(way.calls) if point.name == name)
        killed += next(number for number in itertools.count() if not way.kill_at(Point(name, number + 1)))
    # How often a thread waits, and for whom, is not the same each time.
    assert killed >= 0.95 * wanted


@pytest.mark.long
@pytest.mark.timeout(7200)
@needs_strace
@each_scene
@pytest.mark.parametrize("error", ERRORS)
def test_refused_each_call_once_it_goes_on_or_says_why_not(scene: Scene, error: str, walk: Callable[..., Walk]) -> None:
    at_each_point(walk(scene), error, ERRORS[error])


@pytest.mark.long
@pytest.mark.timeout(7200)
@needs_strace
@each_scene
def test_unable_to_look_once_it_goes_on_or_says_why_not(scene: Scene, walk: Callable[..., Walk]) -> None:
    at_each_point(walk(scene), "EIO", LOOKING)


@pytest.mark.long
@pytest.mark.timeout(7200)
@needs_strace
@pytest.mark.parametrize("scene", [COMPACTED, POWER], ids=lambda scene: scene.name)
def test_refused_each_call_and_then_another_it_goes_on_by_itself(scene: Scene, walk: Callable[..., Walk]) -> None:
    way = walk(scene)
    for (point, call), name in itertools.product(way.points_within(), (*REPAIRS, "openat", "rename", "fdatasync")):
        way.fail_at(point, "EIO", Harm("EIO", way.next_point(call, name)), rides_over=True)


def at_each_point(way: Walk, error: str, names: Iterable[str]) -> None:
    # Where the agent plays the operator, what refuses him is no concern of the run's.
    points = [
        (point, call)
        for point, call in way.points([*names])
        if way.scene is not PAUSED or not any("/control" in path for path in call.paths)
    ]
    met = sum(way.fail_at(point, error) for point, _ in points)
    assert met >= 0.9 * len(points)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_write_that_was_taken_in_part_anywhere_is_taken_back(home: Path) -> None:
    numbers = itertools.count()
    for lifted in (False, True):
        for extra in range(120):
            short_write(home / "runs" / f"{next(numbers):06d}", 6, LOG, extra, lifted=lifted)
        for extra in (*range(90_018, 90_030), *range(90_100, 120_100, 997), *range(120_015, 120_030)):
            short_write(home / "runs" / f"{next(numbers):06d}", 8, NOTES, extra, lifted=lifted)
        for extra in range(1_500, 5_500, 61):
            short_write(home / "runs" / f"{next(numbers):06d}", 17, FAILURES, extra, lifted=lifted)
