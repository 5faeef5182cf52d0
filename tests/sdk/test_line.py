"""The line of an agent that was started by hand."""

from overnight.agents.line import line_of
from overnight.state.records import AgentStatus, Estimate, Progress
from tests.builders import T0

MIDWAY = Progress(AgentStatus.RUNNING, 1000, 997, estimate=Estimate(2, 3, 4))


def test_a_hundred_percent_is_said_only_of_what_is_done() -> None:
    assert line_of("crawl", MIDWAY, 80, T0) == "crawl  99%  997/1 000 items  3s left"
    over = MIDWAY._replace(processed_items=1000, status=AgentStatus.COMPLETED)
    assert line_of("crawl", over, 80, T0) == "crawl  100%  1 000/1 000 items  completed"


def test_where_all_is_done_that_is_counted_no_second_is_left() -> None:
    done = MIDWAY._replace(processed_items=1000, estimate=Estimate(0, 0, 0))
    assert line_of("crawl", done, 80, T0) == "crawl  100%  1 000/1 000 items  ending"


def test_the_time_left_knows_of_an_announced_wait_and_counts_down() -> None:
    waits = MIDWAY._replace(estimated_completion=T0 + 400)
    assert "6m40 left" in line_of("crawl", waits, 80, T0)
    assert "3m20 left" in line_of("crawl", waits, 80, T0 + 200)
    assert "3s left" in line_of("crawl", waits, 80, T0 + 400)
