"""What the time that is left rests on, in words."""

import pytest

from overnight.state.records import Estimate, Pace
from overnight.tui.forecast import change_words, forecast_words
from tests.builders import T0, a_run, progress


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (0.5, "the rate fell by half 40m ago"),
        (0.301, "the rate fell to 30% 40m ago"),
        (0.001, "the rate fell to 1% 40m ago"),
        (2.1, "the rate doubled 40m ago"),
        (3.0, "the rate rose to 300% 40m ago"),
        (1e308, "the rate rose to 9999% 40m ago"),
        (1.1, ""),
        (0.9, ""),
    ],
)
def test_a_change_of_pace_is_said_where_it_tells_something(factor: float, said: str) -> None:
    assert change_words(Pace(T0 - 2400, factor), T0) == said


def test_it_says_how_far_it_is_how_long_it_takes_and_why() -> None:
    told = progress(
        total_items=50330,
        processed_items=31204,
        unit="files",
        estimate=Estimate(7000, 9000, 12000),
        pace=Pace(T0 - 2400, 0.5, workers=3),
    )
    assert forecast_words(a_run(progress=told), T0) == (
        "31 204 of 50 330 files; 2h30 left (1h56 to 3h20); the rate fell by half 40m ago; 3 workers"
    )
    by_shares = told._replace(percent_complete=27.4, phase="parse")
    assert forecast_words(a_run(progress=by_shares), T0).startswith("27% done, in phase parse; 2h30 left")
    only = by_shares._replace(processed_items=None, total_items=None, phase=None)
    assert forecast_words(a_run(progress=only), T0).startswith("27% done; 2h30 left")
    assert forecast_words(a_run(progress=told._replace(pace=None)), T0).endswith("3h20)")
    assert forecast_words(a_run(progress=told._replace(estimate=None, total_items=None)), T0) == ""


def test_where_all_is_done_that_is_counted_nobody_knows_what_is_left() -> None:
    told = progress(total_items=100, processed_items=100, estimate=Estimate(0, 0, 0))
    assert forecast_words(a_run(progress=told), T0) == "100 of 100 items"
