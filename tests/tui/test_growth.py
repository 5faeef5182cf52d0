"""What grows towards a limit is told before it is full; what was only loaded, or is over by then, is not."""

import random
import resource
from collections.abc import Callable, Mapping

import pytest

from overnight.state.records import Estimate
from overnight.state.status import Status
from overnight.tui import growth, meter
from overnight.tui.detail import Detail
from overnight.tui.growth import MOST, Growing, Look, full_in, growth_of, with_look
from overnight.tui.meter import Meter
from overnight.tui.panes.remarks import growth_words
from overnight.tui.resources import Resources
from overnight.tui.view import row_of
from tests.builders import T0, a_run, a_spec, progress
from tests.tui.test_resources import an_agent, measured
from tests.waiting import eventually

USES = Resources(97, 1200 << 20, True, 900, 4, 0)
LEAKS = """
import time
held, files = [], []
while True:
    held.append(bytearray(b"x") * 400_000)
    files.append(open("/dev/null"))
    time.sleep(0.01)
"""


def looked(used: Callable[[float], float], seconds: int = 240) -> tuple[Look, ...]:
    looks: tuple[Look, ...] = ()
    for at in range(0, seconds, 2):
        looks = with_look(looks, (at, used(at)))
    return looks


def said(growing: Growing, name: str = "memory", ends_in: float = 9999) -> list[str]:
    estimate = Estimate(ends_in, ends_in, ends_in)
    run = a_run(spec=a_spec(memory_limit=2 << 30), progress=progress(estimate=estimate))
    row = row_of(run, T0)
    assert row.status is Status.RUNNING
    return growth_words(row, Detail("", resources=USES._replace(growing={name: growing})))


def both_of(growing: Mapping[str, Growing]) -> Mapping[str, Growing] | None:
    return growing if {"memory", "open files"} <= growing.keys() else None


def test_what_grows_steadily_has_a_trend() -> None:
    assert growth_of(looked(lambda at: 100 + 3 * at)) == pytest.approx(3)
    assert growth_of(looked(lambda at: 100 + 3 * at + 50 * (at % 7 == 0))) == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(
    "used",
    [
        lambda at: 100,
        lambda at: 1000 - 3 * at,
        lambda at: min(100 + 9 * at, 600),
        lambda at: 100 + 50 * (at % 20),
    ],
    ids=["stays", "shrinks", "was loaded", "goes up and down"],
)
def test_what_does_not_has_none(used: Callable[[float], float]) -> None:
    assert growth_of(looked(used)) is None


def test_what_differs_at_random_has_none_at_any_look() -> None:
    chance, found = random.Random(4), 0
    looks: tuple[Look, ...] = ()
    for at in range(0, 2000, 2):
        looks = with_look(looks, (at, 500 + chance.gauss(0, 20)))
        found += growth_of(looks) is not None
    assert found == 0


def test_a_few_looks_are_no_trend() -> None:
    assert growth_of(looked(lambda at: at, seconds=50)) is None
    assert growth_of(((0, 1), (70, 2))) is None


def test_looks_of_a_long_time_take_no_more_room() -> None:
    looks = looked(lambda at: at, seconds=20_000)
    assert len(looks) <= MOST
    assert looks[-1][0] - looks[0][0] > 1000
    assert growth_of(looks) == pytest.approx(1)


def test_memory_is_told_before_it_is_full() -> None:
    grows = Growing(1200 << 20, (848 << 20) / 1500, None)
    assert said(grows) == ["memory 1.2G of 2G, full in about 25m"]
    assert said(grows, ends_in=3600) == said(grows)
    assert said(grows, ends_in=600) == [], "it is over by then"
    assert said(grows._replace(per_second=grows.per_second / 10)) == [], "not tonight"


def test_files_are_told_by_the_limit_of_the_process() -> None:
    grows = Growing(900, 1, 1024)
    assert said(grows, "open files") == ["open files 900 of 1 024, full in about 2m"]
    assert full_in(grows._replace(used=2000)) == 0
    assert said(grows._replace(limit=None), "open files") == []


def test_a_process_that_leaks_is_seen_to_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "SOONEST", 0.02)
    monkeypatch.setattr(meter, "EVERY", 0.02)
    monkeypatch.setattr(growth, "LEAST", 0.3)
    with an_agent(LEAKS) as attempt:
        looks = Meter()
        grows = eventually(lambda: both_of(measured(looks, attempt).growing))
    assert grows["memory"].per_second > 1_000_000
    assert grows["open files"].per_second > 2
    assert grows["open files"].limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert "threads" not in grows
