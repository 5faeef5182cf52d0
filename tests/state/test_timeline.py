"""Active seconds and the times of day at which they were."""

from overnight.state.timeline import MOST, Timeline
from tests.builders import T0


def test_a_pause_lies_between_what_was_before_it_and_what_came_behind() -> None:
    timeline = Timeline()
    for active in range(100):
        timeline.note(active, T0 + active)
    for active in range(100, 200):
        timeline.note(active, T0 + 3600 + active)
    assert timeline.at(50) == T0 + 50
    assert timeline.at(150) == T0 + 3600 + 150


def test_of_many_pauses_the_newest_are_known() -> None:
    timeline = Timeline()
    for pause in range(10 * MOST):
        timeline.note(pause, T0 + 100 * pause)
    assert timeline.at(10 * MOST - 2) == T0 + 100 * (10 * MOST - 2)
    assert len(timeline._points) == MOST
