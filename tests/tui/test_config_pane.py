"""The Config pane: what a run was launched with, beside the run of its name before, and beside here."""

from pathlib import Path
from typing import Any

import pytest

from overnight.state.home import Home
from overnight.state.records import Restart
from overnight.tui.detail import Detail, Tab
from overnight.tui.glyphs import UNICODE
from overnight.tui.looker import Looker
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.sight import Sight
from overnight.tui.view import row_of
from tests.builders import T0, a_run, a_spec
from tests.command import launched, when_ended


def pane(detail: Detail | None = None, width: int = 80, **spec: Any) -> list[str]:
    row = row_of(a_run(spec=a_spec(**spec)), T0)
    return [line.text for line in lines_of(Tab.CONFIG, row, detail or Detail(""), Frame(width, 30, UNICODE))]


def said(name: str, lines: list[str]) -> list[str]:
    """What stands beside a name, and below it."""
    start = next((index for index, each in enumerate(lines) if each.startswith(f" {name} ")), len(lines))
    below = lines[start + 1 :]
    end = next((index for index, each in enumerate(below) if not each.startswith(" " * 15)), len(below))
    return [each[15:] for each in lines[start : start + 1 + end]]


def test_what_was_not_chosen_takes_no_room() -> None:
    lines = pane()
    assert [said(name, lines) for name in ("after", "not before", "progress", "labels")] == [[]] * 4
    chosen = pane(after=("fetch-1",), labels={"team": "search"}, priority=5, progress_file="out/p.json")
    assert said("after", chosen) == ["fetch-1"]
    assert said("labels", chosen) == ["team=search"]
    assert said("group", chosen) == ["default, priority 5"]
    assert said("progress", chosen) == ["out/p.json"]


def test_what_differs_from_the_run_before_stands_side_by_side() -> None:
    before = a_spec(id="crawl-000000", created_at=T0 - 9e5, labels={"team": "search"})
    lines = pane(Detail("", before=before), restart=Restart.ON_FAILURE, retries=3)
    assert said("restart", lines) == ["on-failure, at most 3 without progress", "was never"]
    assert said("labels", lines) == ["–", "was team=search"]
    assert said("folder", lines) == ["/"]
    assert "changed since the run of this name before, crawl-000000" in " ".join(lines)
    assert lines[-1].endswith("labels, restart")


def test_a_run_that_was_launched_as_before_says_so() -> None:
    lines = pane(Detail("", before=a_spec(id="crawl-000000", created_at=T0 - 9e5)))
    assert any("as the run of this name before, crawl-000000" in each for each in lines)
    assert not any("was " in each for each in lines)


def test_the_run_before_is_found_and_what_is_set_otherwise_is_named_without_its_value(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = launched("--name", "crawl", "--", "true")
    launched("--name", "crawl-er", "--", "true")
    last = launched("--name", "crawl", "--retries", "2", "--env", "API_KEY=hunter2", "--", "sleep", "60")
    detail = Looker().look(Home(str(home)), Sight(last, Tab.CONFIG))
    assert detail is not None
    assert detail.before is not None
    assert detail.before.id == first
    assert "API_KEY" in detail.other_variables
    row = row_of(Home(str(home)).run(last).read(), T0)
    text = "\n".join(line.text for line in lines_of(Tab.CONFIG, row, detail, Frame(100, 30, UNICODE)))
    assert "other than here: API_KEY" in text
    assert "hunter2" not in text
    assert "was never" in text
    when_ended(first)
    assert Looker().look(Home(str(home)), Sight(first, Tab.CONFIG)).before is None  # type: ignore[union-attr]


@pytest.mark.parametrize("width", [40, 51, 80, 200])
def test_nothing_is_wider_than_the_pane(width: int) -> None:
    long = "x" * 300
    before = a_spec(id=long, command=(long,), group=long)
    lines = pane(
        Detail("", before=before, other_variables=(long, "A")), width, command=("y" * 300,), labels={long: long}
    )
    assert max(map(len, lines)) <= width
