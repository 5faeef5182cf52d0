"""Phases in the Progress pane: those that are over, the one at work with those around it, and those ahead."""

import pytest

from overnight.state.records import Phase, Progress
from overnight.tui.detail import Detail, Tab
from overnight.tui.glyphs import UNICODE
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.stages import stages_of
from overnight.tui.view import row_of
from tests.builders import T0, a_run, progress

LOADED, FETCHED, INDEX = Phase("load", 0, 0), Phase("fetch", 10, 10), Phase("index", 5, 20)
PARSED, WRITTEN = Phase("index / parse", 4, 10), Phase("index / write", 1, None)


@pytest.mark.parametrize(
    ("phases", "current", "stages"),
    [
        ((LOADED, FETCHED, Phase("parse", 0, 5)), "fetch", "done now ahead"),
        ((LOADED, FETCHED, INDEX, PARSED, WRITTEN), "index / write", "done done around done now"),
        ((FETCHED, INDEX, PARSED), "index", "done now done"),
        # What an item is at is not listed.
        ((FETCHED, INDEX, PARSED), "index / parse / tokens", "done around now"),
        # Of an agent that names all of them from the start, and counts nothing.
        ((Phase("a"), Phase("b"), Phase("c")), "b", "done now ahead"),
        ((Phase("a", 0, 5), Phase("b"), Phase("c")), "b", "ahead now ahead"),
        ((Phase("a"), Phase("b")), None, "ahead ahead"),
        ((Phase("a", 2, None), LOADED, Phase("b", 0, 3)), None, "done done ahead"),
        ((Phase("in", 1, 2), Phase("index", 1, 2)), "index", "done now"),
    ],
)
def test_where_each_phase_stands(phases: tuple[Phase, ...], current: str | None, stages: str) -> None:
    assert stages_of(Progress(phase=current, phases=phases), ended=False) == stages.split()


def test_nothing_is_at_work_in_a_run_that_is_over() -> None:
    told = Progress(phase="index / parse", phases=(FETCHED, INDEX, PARSED, Phase("next", 0, 3)))
    assert stages_of(told, ended=True) == ["done", "done", "done", "ahead"]


def pane(height: int, phase: str, *phases: Phase) -> list[str]:
    row = row_of(a_run(progress=progress(phase=phase, phases=phases, percent_complete=62.0)), T0)
    return [line.text.strip() for line in lines_of(Tab.PROGRESS, row, Detail(""), Frame(100, height, UNICODE))]


@pytest.mark.parametrize("height", [6, 24])
def test_a_phase_that_is_out_of_all_measure_is_drawn_full(height: int) -> None:
    text = "\n".join(pane(height, "a", Phase("a", 5, 5e-324)))
    assert "100%" in text


def test_phases_in_phases_are_drawn_with_those_around_them() -> None:
    tall = pane(24, "index / parse", LOADED, FETCHED, INDEX, PARSED, Phase("sort", 0, 7))
    shown = [line for line in tall if any(name in line for name in ("load", "fetch", "index", "parse", "sort"))]
    assert [line.split()[0] for line in shown] == ["✔", "✔", "●", "●", "○"]
    assert shown[2].endswith("25%  5 / 20")
    assert shown[3].endswith("40%  4 / 10")


def test_what_is_over_inside_of_the_one_that_runs_is_told_as_that() -> None:
    short = pane(6, "index", FETCHED, INDEX, PARSED)[0]
    assert short.startswith("✔ fetch   ● index ")
    assert short.endswith("✔ index / parse")
    tall = pane(24, "index", FETCHED, INDEX, PARSED)
    assert [line for line in tall if "parse" in line] == ["✔ parse 4"]


def test_on_one_line_the_one_around_is_told_by_the_name() -> None:
    short = pane(6, "index / parse", LOADED, FETCHED, INDEX, PARSED, Phase("sort", 0, 7))[0]
    assert short.startswith("✔ load   ✔ fetch   ● index / parse ")
    assert short.endswith("40%  (4 / 10)  ○ sort")
