"""What cells say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import get_character_cell_size

from overnight.state.queue import Cause, Stand
from overnight.state.records import AgentStatus, Estimate, Exit, Outcome, SupervisorState, Verb, Waiting
from overnight.state.status import Status
from overnight.state.waits import EXPECTED
from overnight.tui import bars, numbers, view
from overnight.tui.bars import Sample
from overnight.tui.clean import clean
from overnight.tui.glyphs import ASCII, UNICODE, Glyphs, needs_ascii
from overnight.tui.lines import Span, cells, cut, left, merged, middle, wrapped
from overnight.tui.view import row_of
from tests.builders import T0, a_run, a_spec, a_supervisor, heartbeat, progress, requests

GLYPHS = st.sampled_from([UNICODE, ASCII])
SECONDS = st.floats(0, 1e7)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> int:
    """A duration read back."""
    if text.endswith("s"):
        return int(text[:-1])
    big, unit, small = re.fullmatch(r"(\d+)([mhd])(\d*)h?", text).groups()  # type: ignore[union-attr]
    return int(big) * UNITS[unit] + int(small or 0) * {"m": 1, "h": 60, "d": 3600}[unit]


def test_for_ever_is_told_as_very_long() -> None:
    for tell in (numbers.duration, numbers.age, numbers.about):
        assert tell(float("inf")) == tell(1e12)
        assert len(tell(1e308)) <= 12


@given(SECONDS, SECONDS)
def test_a_longer_duration_never_reads_shorter(one: float, other: float) -> None:
    short, long = sorted((one, other))
    assert seconds_of(numbers.duration(short)) <= seconds_of(numbers.duration(long))
    assert seconds_of(numbers.about(short)) <= seconds_of(numbers.about(long))
    assert seconds_of(numbers.duration(long)) <= long


def test_each_sign_takes_as_many_cells_as_what_draws_it_says() -> None:
    """Else a line is filled or cut by two counts that differ, and what stands behind the sign is displaced."""
    signs = (char for char in map(chr, range(0x20, 0x20000)) if clean(char) == char)
    assert [hex(ord(char)) for char in signs if cells(char) != get_character_cell_size(char)] == []


@given(st.floats(0, 1e308) | st.integers(0, 10**300))
def test_no_number_is_longer_than_a_person_reads(value: float) -> None:
    assert len(numbers.number(value)) <= 19
    assert len(numbers.about(value)) <= 8
    assert len(numbers.rate(value)) <= 10
    assert value > 1e11 or len(numbers.rate(value)) <= 6


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(152, "152/s"), (9999, "9999/s"), (10_000, "10k/s"), (2.5e6, "2.5M/s"), (152e6, "152M/s"), (1e300, "1e300/s")],
)
def test_a_rate_is_short_however_high(per_second: float, text: str) -> None:
    assert numbers.rate(per_second) == text


@given(st.floats(-1, 2), st.integers(0, 60), GLYPHS)
def test_a_bar_is_exactly_as_wide_as_it_shall_be(fraction: float, width: int, glyphs: Glyphs) -> None:
    filled, rest = bars.bar(fraction, width, glyphs)
    assert len(filled) + len(rest) == width


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 60), GLYPHS)
def test_a_bar_never_shrinks_while_progress_grows(one: float, other: float, width: int, glyphs: Glyphs) -> None:
    less, more = sorted((one, other))
    levels = ["", *glyphs.partials, glyphs.full]
    weight = [sum(levels.index(char) for char in bars.bar(each, width, glyphs)[0]) for each in (less, more)]
    assert weight[0] <= weight[1]


@given(st.floats(0, 0.9999), st.integers(1, 60))
def test_a_bar_is_full_only_when_all_is_done(fraction: float, width: int) -> None:
    assert bars.bar(fraction, width)[0] != UNICODE.full * width
    assert bars.bar(1.0, width)[0] == UNICODE.full * width


@given(st.lists(st.floats(0, 1e9), max_size=40), GLYPHS)
def test_a_sparkline_has_one_sign_a_value(values: list[float], glyphs: Glyphs) -> None:
    assert len(bars.sparkline(values, glyphs)) == len(values)


@given(st.lists(st.tuples(st.floats(0, 900), st.integers(0, 1000)), min_size=2, max_size=40), st.integers(1, 20))
def test_the_rates_of_a_sparkline_add_up_to_what_was_done(steps: list[tuple[float, int]], bins: int) -> None:
    at, done, samples = 0.0, 0, []
    for seconds, count in steps:
        at, done = at + seconds + 0.1, done + count
        samples.append(Sample(at, done))
    rates = bars.rates_of(samples, bins)
    span = (samples[-1].at - samples[0].at) / len(rates)
    assert sum(rates) * span == pytest.approx(samples[-1].processed - samples[0].processed, abs=1e-6)


@given(st.text(max_size=40), st.integers(0, 30), GLYPHS)
def test_cut_texts_fit(text: str, width: int, glyphs: Glyphs) -> None:
    assert cells(cut(text, width, glyphs)) <= width
    assert cells(middle(text, width, glyphs)) <= width
    assert cells(left(text, width, glyphs)) == width


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200), st.integers(1, 30))
def test_wrapping_loses_no_word(text: str, width: int) -> None:
    pieces = wrapped(text, width)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert all(cells(piece) <= width for piece in pieces)


@given(st.lists(st.tuples(st.text("ab ", max_size=4), st.sampled_from(["", "dim", "run", "title"])), max_size=12))
def test_merging_spans_moves_no_letter_and_changes_no_colour(spans: list[Span]) -> None:
    def painted(spans: list[Span]) -> list[tuple[str, str]]:
        return [(char, role if char != " " or role == "title" else "") for text, role in spans for char in text]

    assert painted(merged(spans)) == painted(spans)


def test_wide_characters_take_two_cells() -> None:
    assert cells("日本") == 4
    assert middle("日本語-の-run", 8) == "日本…run"


def test_the_ends_of_a_long_name_stay() -> None:
    assert middle("translate-manuals-of-the-north", 15) == "transla…e-north"


FOUR_MINUTES = progress(estimate=Estimate(240, 240, 240))


def waits(until: float | None, reason: str = "the quota") -> dict[str, object]:
    return {"heartbeat": heartbeat(waiting=Waiting(reason, until))}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"progress": progress(estimate=Estimate(2100, 2460, 2820))}, "41m ±6m"),
        ({"progress": progress(estimate=Estimate(8520, 10920, 13320))}, "3h02 ±40m"),
        ({"progress": progress(estimate=Estimate(15, 40, 120))}, "15s–2m"),
        ({"progress": progress(total_items=None)}, "unknown"),
        ({"progress": progress(processed_items=0)}, "measuring"),
        ({"progress": progress(processed_items=50, total_items=10)}, "unknown"),
        ({"progress": progress(total_items=None, faults=("total_items: negative: -5",))}, "report is wrong"),
        ({"progress": progress(estimate=Estimate(1e7, 1e15, 1e16))}, "over 1y"),
        ({"progress": progress(estimate=Estimate(1e7, 2e7, 1e9))}, "115d17h–over 1y"),
        ({"progress": progress(processed_items=100, estimate=Estimate(0, 0, 0))}, "ending"),
        ({"progress": progress(processed_items=0, total_items=0, estimate=Estimate(0, 0, 0))}, "unknown"),
        ({"progress": progress(estimated_completion=T0 - 60)}, "unknown"),
        ({"progress": None, "heartbeat": None}, "up 10m00"),
        ({"progress": FOUR_MINUTES, **waits(T0 + 400)}, "11m, waits 6m"),
        ({"progress": FOUR_MINUTES, **waits(T0 + 7200)}, "2h04, waits 2h"),
        ({"progress": FOUR_MINUTES, **waits(T0 + 43)}, "4m30, waits 45s"),
        ({"progress": FOUR_MINUTES, **waits(T0 + 200 * 86400)}, "waits 200d"),
        ({"progress": FOUR_MINUTES, **waits(None)}, "waits"),
        ({"progress": FOUR_MINUTES, **waits(T0 - 1)}, "4m"),
        ({"progress": None, **waits(T0 + 400)}, "waits 6m"),
        ({"progress": FOUR_MINUTES, **waits(T0 + 300, f"{EXPECTED}5m00")}, "9m"),
        ({"requests": requests(Verb.PAUSE)}, "asked 5s ago"),
        (
            {"requests": requests(Verb.PAUSE), "progress": progress(acknowledged=1, status=AgentStatus.PAUSED)},
            "paused 5s",
        ),
        ({"exit": Exit(Outcome.COMPLETED, 0, started_at=T0 - 3120, ended_at=T0)}, "took 52m"),
        ({"exit": Exit(Outcome.FAILED, 1, ended_at=T0 - 540)}, "exit 1, 9m ago"),
        ({"exit": Exit(Outcome.FAILED, None, "SIGKILL", ended_at=T0 - 540)}, "SIGKILL, 9m ago"),
        ({"exit": Exit(Outcome.FAILED, 1, ended_at=T0 - 20)}, "exit 1, now"),
        (
            {
                "spec": a_spec(time_limit=7200.0),
                "exit": Exit(Outcome.FAILED, None, "SIGTERM", limit="time", ended_at=T0 - 540),
            },
            "time limit 2h",
        ),
        (
            {
                "spec": a_spec(memory_limit=2 << 30),
                "exit": Exit(Outcome.FAILED, 143, limit="memory", ended_at=T0 - 540),
            },
            "memory limit 2G",
        ),
        ({"exit": Exit(Outcome.INTERRUPTED, None, ended_at=T0)}, "p continues it"),
        ({"supervised": False, "process_state": None}, "p continues it"),
        ({"supervisor": a_supervisor(state=SupervisorState.BACKOFF, next_start_at=T0 + 12)}, "again in 12s"),
        ({"attempt": None, "supervisor": a_supervisor(state=SupervisorState.WAITING)}, "in queue"),
    ],
)
def test_the_eta_is_a_rounded_number_with_its_range_or_a_word(changes: dict[str, object], text: str) -> None:
    assert view.eta_text(row_of(a_run(**changes), T0)) == text


def test_a_hundred_percent_is_said_only_of_what_is_done() -> None:
    almost = row_of(a_run(progress=progress(processed_items=999, total_items=1000)), T0)
    assert view.percent_text(almost) == "99%"
    done = row_of(a_run(progress=progress(processed_items=1000, total_items=1000)), T0)
    assert view.percent_text(done) == "100%"


def test_every_status_has_a_sign_in_both_sets_and_a_word() -> None:
    for status in Status:
        assert len(UNICODE.states[status]) == len(ASCII.states[status]) == 1
        assert ASCII.states[status].isascii()
        assert view.state_word(status)
        assert view.state_role(status)


def test_a_steady_beat_reads_the_same_between_two_beats() -> None:
    texts = {view.beat_text(row_of(a_run(), T0 + offset)) for offset in (-0.9, -0.5, 0.0, 0.9)}
    assert texts == {"1s"}


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "de_DE.UTF-8", "TERM": "xterm-256color"}, False),
        ({"LC_ALL": "C.utf8", "LANG": "C"}, False),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, True),
        ({}, True),
    ],
)
def test_block_characters_are_drawn_only_where_they_arrive(environ: dict[str, str], ascii_only: bool) -> None:
    assert needs_ascii(environ) is ascii_only


@pytest.mark.parametrize(
    ("stand", "text"),
    [
        (None, "in queue"),
        (Stand(Cause.SLOT, 2), "2nd in queue"),
        (Stand(Cause.TURN, 1), "1st in queue"),
        (Stand(Cause.PAUSE), "paused"),
        (Stand(Cause.GROUP), "group paused"),
        (Stand(Cause.AFTER, others=("crawl-eu-a1b2c3", "x")), "after crawl-eu"),
        (Stand(Cause.AFTER, others=("a-1", "load-b2"), outcomes=(None, Outcome.FAILED)), "load failed"),
        (Stand(Cause.AFTER, others=("a-very-long-name-1",), outcomes=(Outcome.CANCELLED,)), "a-…me cancelled"),
        (Stand(Cause.AFTER, others=("load-b2",), outcomes=(None,), gone=True), "load gone"),
        (Stand(Cause.TIME, until=T0 + 725), "in 12m"),
        (Stand(Cause.TIME, until=T0 - 5), "in 1s"),
    ],
)
def test_a_queued_run_says_what_it_waits_for(stand: Stand | None, text: str) -> None:
    queued = a_run(attempt=None, supervisor=a_supervisor(state=SupervisorState.WAITING))
    assert view.eta_text(row_of(queued, T0, stand)) == text
    # A request that it has obeyed by not starting is none that somebody has to wait for.
    left_alone = queued._replace(supervised=False, process_state=None, requests=requests(Verb.PAUSE))
    assert view.eta_text(row_of(left_alone, T0, stand)) == text
    assert row_of(left_alone, T0).summary.requested is None
