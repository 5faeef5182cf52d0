"""The events of many runs: each is told once, in one order, whenever it happens and however it is written."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.state import codec, growing
from overnight.state.atomic import append_line
from overnight.state.chronicle import append
from overnight.state.control import ask
from overnight.state.growing import GrowingLines
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Event, Origin, Request, Verb
from overnight.state.rundir import RunDir
from overnight.state.stream import Stream
from overnight.state.told import Told
from tests.builders import T0, a_spec


@pytest.fixture
def here(home: Path) -> Home:
    return Home(str(home))


@pytest.fixture
def run(here: Home) -> RunDir:
    return here.new_run("crawl")


def noted(run: RunDir, at: float, event: str = "started") -> Event:
    happened = Event(T0 + at, event)
    append(run, happened)
    return happened


def asked(run: RunDir, at: float, number: int) -> None:
    run.write(run.request_path(number), Request(number, Verb.PAUSE, at=T0 + at))


def times(told: Iterable[Told]) -> list[float]:
    return [round(each.event.at - T0, 3) for each in told]


def news(stream: Stream, runs: Iterable[RunDir]) -> list[Told]:
    """What is seen now: it is told by the call after."""
    runs = list(runs)
    return [*stream.news(runs), *stream.news(runs)]


RUNS = 3
STEPS = st.lists(st.one_of(st.integers(0, RUNS - 1), st.just("look")), max_size=40)


@settings(max_examples=60, deadline=None)
@given(before=st.lists(st.integers(0, RUNS - 1), max_size=20), steps=STEPS, chunk=st.integers(1, 200))
def test_each_event_is_told_once_and_by_time_wherever_the_looks_fall(
    before: list[int], steps: list[int | str], chunk: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "CHUNK", chunk)
        runs = [Home(folder).new_run("crawl") for _ in range(RUNS)]
        clock = iter(range(10_000))

        def happens(which: int) -> None:
            at = next(clock)
            # Every third is a request: another file, another reader.
            asked(runs[which], at, at + 1) if at % 3 == 0 else noted(runs[which], at)

        for which in before:
            happens(which)
        stream = Stream()
        # The last events on record are so new that a run read earlier may not have had them.
        told = list(stream.on_record(runs, until=T0 + len(before) - 3))
        for step in steps:
            told += stream.news(runs) if isinstance(step, str) else []
            if isinstance(step, int):
                happens(step)
        told += news(stream, runs)
        assert times(told) == list(range(next(clock)))


def test_what_one_look_sees_is_told_when_everything_before_it_has_been_seen(here: Home) -> None:
    first, second = here.new_run("first"), here.new_run("second")
    stream = Stream()
    noted(second, 2)
    assert stream.news([first, second]) == []
    # Of a run that had been read already when the other one's event was.
    noted(first, 1)
    noted(first, 3)
    assert times(stream.news([first, second])) == [1, 2]
    assert times(stream.news([first, second])) == [3]


def test_what_is_left_of_the_record_is_told_with_the_news(run: RunDir) -> None:
    stream = Stream()
    for at in (1, 2, 3):
        noted(run, at)
    assert times(stream.on_record([run], until=T0 + 2)) == [1, 2]
    noted(run, 2.5)
    assert times(news(stream, [run])) == [2.5, 3]


def test_a_run_that_appears_is_told_of_and_one_that_is_removed_is_forgotten(here: Home) -> None:
    stream = Stream()
    gone = here.new_run("gone")
    noted(gone, 1)
    assert times(stream.on_record([gone], until=inf)) == [1]
    noted(gone, 2)
    assert stream.news([gone]) == []
    shutil.rmtree(gone.path)
    # What was seen of it before is still told.
    assert times(stream.news([])) == [2]
    assert news(stream, [gone]) == []
    new = here.new_run("new")
    new.write(new.spec_path, a_spec(created_at=T0 + 3))
    assert [each.run_id for each in news(stream, [new])] == [new.id]


def test_the_record_is_never_held_in_memory_as_a_whole(run: RunDir) -> None:
    import tracemalloc

    line = codec.encode(Event(T0, "started", detail={"text": "x" * 500}))
    Path(run.history_path).write_bytes(line * 20_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in Stream().on_record([run], until=inf))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert most < 2_000_000, "the file alone has 10 MB"


def test_a_history_reads_the_same_at_once_and_as_it_grows(run: RunDir) -> None:
    run.write(run.spec_path, a_spec(id=run.id, created_at=T0 + 0.5))
    ask(run, Verb.PAUSE)
    append_line(run.origins_path, codec.encode(Origin(T0, 1, "a", {"a.py": "1"})))
    append_line(run.origins_path, codec.encode(Origin(T0 + 1, 2, "b", {"a.py": "2"})))
    noted(run, 2)
    assert [told.event for told in Stream().on_record([run], until=inf)] == list(history_of(run))
    assert {event.event for event in history_of(run)} == {"created", "requested", "source_changed", "started"}


def test_what_one_writer_wrote_keeps_its_order_though_its_clock_was_set_back(run: RunDir) -> None:
    for at in (5, 6, 1, 2):
        noted(run, at)
    asked(run, 7, 1)
    assert times(Stream().on_record([run], until=inf)) == [5, 6, 1, 2, 7]
    assert [event.at - T0 for event in history_of(run)] == [5, 6, 1, 2, 7]


def test_requests_that_appear_out_of_their_order_are_all_told(run: RunDir) -> None:
    stream = Stream()
    asked(run, 2, 2)
    assert times(news(stream, [run])) == [2]
    asked(run, 3, 3)
    asked(run, 1, 1)
    assert times(news(stream, [run])) == [1, 3]
    assert news(stream, [run]) == []


def test_requests_of_a_folder_that_has_long_been_still_are_not_listed_again(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(run, 1, 1)
    os.utime(run.control_path, (1000, 1000))
    listings: list[RunDir] = []

    def counted(folder: RunDir) -> list[int]:
        listings.append(folder)
        return [1]

    monkeypatch.setattr(RunDir, "request_numbers", counted)
    stream = Stream()
    assert times(news(stream, [run])) == [1]
    news(stream, [run])
    assert len(listings) == 1
    os.utime(run.control_path, (2000, 2000))
    news(stream, [run])
    assert len(listings) == 2


def test_a_request_is_told_though_the_folder_bears_the_time_at_which_it_was_last_listed(run: RunDir) -> None:
    stream = Stream()
    asked(run, 1, 1)
    listed_at = os.stat(run.control_path).st_mtime_ns
    assert times(news(stream, [run])) == [1]
    asked(run, 2, 2)
    # As on a filesystem whose clock ticks seldom.
    os.utime(run.control_path, ns=(listed_at, listed_at))
    assert times(news(stream, [run])) == [2]


def test_a_request_that_can_be_read_only_later_is_told_then(run: RunDir) -> None:
    stream = Stream()
    Path(run.request_path(1)).write_bytes(b'{"num')
    asked(run, 2, 2)
    assert times(news(stream, [run])) == [2]
    asked(run, 1, 1)
    assert times(news(stream, [run])) == [1]


GOOD = codec.encode(Event(T0, "started"))


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([GOOD[:10], GOOD[10:]], 1),
        ([GOOD + GOOD[:-1], b"\n"], 2),
        ([b"garbage\n\n\xff\xfe\n" + GOOD], 1),
        ([b"x" * (codec.LARGEST + 10), b"still the same line\n" + GOOD], 1),
        ([b"x" * (codec.LARGEST + 1), GOOD + GOOD], 1),
        ([b"x" * (3 * codec.LARGEST) + b"\n" + GOOD, GOOD], 2),
        ([b" " * 100_000 + GOOD], 1),
        ([b"\0" * 5000, b"\n" + GOOD], 1),
        ([b"", GOOD * 1000], 1000),
    ],
)
def test_lines_are_read_whole_once_and_what_cannot_be_read_is_left_out(
    tmp_path: Path, parts: list[bytes], found: int
) -> None:
    path = tmp_path / "lines"
    lines = GrowingLines(str(path), Event)
    taken: list[Event] = []
    for part in parts:
        with path.open("ab") as file:
            file.write(part)
        while some := lines.take():
            taken += some
    assert len(taken) == found


def test_another_file_in_the_place_of_one_that_was_read_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = GrowingLines(str(path), Event)
    path.write_bytes(GOOD * 3)
    assert len(lines.take()) == 3
    path.rename(tmp_path / "lines.damaged")
    path.write_bytes(GOOD * 5)
    assert len(lines.take()) == 5
    path.write_bytes(GOOD)
    assert len(lines.take()) == 1
    assert lines.take() == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_has_no_lines(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "lines")
    assert GrowingLines(str(tmp_path / "lines"), Event).take() == []
