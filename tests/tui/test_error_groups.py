"""Errors that are alike stand together, with where they were raised and in which other runs they are."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from overnight.state.atomic import append_line
from overnight.state.codec import encode
from overnight.state.home import Home
from overnight.state.records import AgentStatus, Exit, ItemError, Outcome, Restart
from overnight.state.rundir import RunDir
from overnight.tui import elsewhere
from overnight.tui.detail import Detail, Tab
from overnight.tui.elsewhere import Elsewhere
from overnight.tui.errorgroups import Kind, groups_of, kind_of
from overnight.tui.glyphs import UNICODE
from overnight.tui.looker import Looker
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.sight import Sight
from overnight.tui.view import row_of
from tests.builders import T0, a_run, a_spec, an_attempt, progress
from tests.tui.driven import an_ended_run

OWN = """Traceback (most recent call last):
  File "/usr/lib/python3.11/runpy.py", line 86, in _run_code
    exec(code)
  File "/srv/agents/train.py", line 88, in step
    loss = model(batch)
  File "/srv/env/lib/python3.11/site-packages/torch/nn.py", line 1511, in _call
    return forward()
OutOfMemoryError: tried to allocate 2.4 GiB
"""


@pytest.mark.parametrize(
    ("traceback", "place"),
    [
        (OWN, "train.py:88 in step"),
        ('  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode\n', "decoder.py:355 in raw_decode"),
        ('  File "a.py", line 3, in <module>\n    work()\n', "a.py:3"),
        ('  File "a.py", line 3\n    wo rk()\nSyntaxError: invalid syntax\n', "a.py:3"),
        ("at Object.<anonymous> (/srv/a.js:3:7)", ""),
        (f'{OWN}\nDuring handling of the above exception:\n\n  File "a.py", line 9, in save\n', "a.py:9 in save"),
        ('  File "\x1b[2Ja.py", line 3, in f\n', "a.py:3 in f"),
        (None, ""),
    ],
)
def test_where_an_error_was_raised_is_the_newest_call_in_a_file_of_the_authors_own(
    traceback: str | None, place: str
) -> None:
    assert kind_of(ItemError(type="E", traceback=traceback)) == Kind("E", place)


def test_errors_of_one_type_at_two_places_are_two_groups() -> None:
    here, there = (ItemError(type="OSError", traceback=f'  File "a.py", line {number}, in f\n') for number in (3, 9))
    assert [(group.kind.place, group.seen) for group in groups_of([here, there, there])] == [
        ("a.py:9 in f", 2),
        ("a.py:3 in f", 1),
    ]


def with_errors(home: Path, name: str, *types: str) -> RunDir:
    run = an_ended_run(home, name, Exit(Outcome.FAILED, 1))
    for kind in types:
        append_line(run.errors_path, encode(ItemError(time.time(), 1, "x", kind, "it broke")))
    return run


def test_the_pane_names_the_other_runs_with_the_same_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "EVERY", 0.0)
    mine, other = with_errors(home, "mine", "OSError", "KeyError"), with_errors(home, "other", "OSError")
    with_errors(home, "third", "ValueError")
    looker = Looker()
    detail = looker.look(Home(str(home)), Sight(mine.id, Tab.ERRORS))
    assert detail is not None
    assert detail.elsewhere == {Kind("OSError", ""): (other.id,)}
    text = pane(detail)
    assert f"also in 1 other run: {other.id}" in text
    append_line(other.errors_path, encode(ItemError(time.time(), 1, "y", "KeyError", "it broke")))
    again = looker.look(Home(str(home)), Sight(mine.id, Tab.ERRORS))
    assert again is not None
    assert set(again.elsewhere) == {Kind("OSError", ""), Kind("KeyError", "")}


def test_which_files_there_are_is_not_asked_at_every_look(home: Path) -> None:
    mine, index, kind = with_errors(home, "mine", "OSError"), Elsewhere(), Kind("OSError", "")
    index.look(Home(str(home)))
    with_errors(home, "other", "OSError")
    index.look(Home(str(home)))
    assert index.runs_with([kind], but="") == {kind: (mine.id,)}


def test_the_index_reads_a_few_files_at_a_look_the_newest_first_and_keeps_so_many(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "MOST_RUNS", 3)
    monkeypatch.setattr(elsewhere, "AT_ONCE", 2)
    runs = [with_errors(home, f"r{number}", "OSError") for number in range(5)]
    for number, run in enumerate(runs):
        os.utime(run.errors_path, (T0 + number, T0 + number))
    index, kind = Elsewhere(), Kind("OSError", "")
    index.look(Home(str(home)))
    assert index.runs_with([kind], but="")[kind] == (runs[4].id, runs[3].id)
    index.look(Home(str(home)))
    index.look(Home(str(home)))
    assert index.runs_with([kind], but=runs[3].id)[kind] == (runs[4].id, runs[2].id)


def pane(detail: Detail, width: int = 120, **run: Any) -> str:
    frame = Frame(width, 30, UNICODE)
    return "\n".join(line.text for line in lines_of(Tab.ERRORS, row_of(a_run(errors=2, **run), T0), detail, frame))


FAILED: dict[str, Any] = {"exit": Exit(Outcome.FAILED, 1, reason="exit code 1", ended_at=T0 - 60), "supervised": False}
ERRORS = groups_of([ItemError(T0 - 90, 1, "x", "OSError", "it broke")] * 2)
AGAIN = "`overnight retry crawl-a1b2c3 --errors` does them again"


def test_what_can_be_done_is_told_as_it_is() -> None:
    detail = Detail("", errors=ERRORS, checkpoint_at=T0 - 70)
    failed = pane(detail, **FAILED)
    assert "exit code 1, 1m ago" in failed
    assert f"r starts it again from its checkpoint, without the failed items\n {AGAIN}\n" in failed
    assert "with --retries N it would have been started again by itself" in failed
    retried = a_spec(restart=Restart.ON_FAILURE, retries=3)
    assert "--retries" not in pane(detail, spec=retried, **FAILED)
    assert "--retries" not in pane(detail, attempt=an_attempt(exec_error="no such file"), **FAILED)
    assert f"failed items are set aside; when it has ended, {AGAIN}" in pane(detail)


def test_of_an_agent_without_a_checkpoint_nothing_is_promised() -> None:
    text = pane(Detail("", errors=ERRORS), **FAILED)
    assert "r starts it again\n" in text
    assert "--errors" not in text


def test_where_no_failed_item_is_left_nobody_is_told_to_do_them_again() -> None:
    done = progress(status=AgentStatus.COMPLETED, failed_items=0)
    over: dict[str, Any] = {"exit": Exit(Outcome.COMPLETED, 0, ended_at=T0), "supervised": False, "progress": done}
    assert "--errors" not in pane(Detail("", errors=ERRORS, checkpoint_at=T0), **over)
    left = {**over, "progress": done._replace(failed_items=2)}
    assert AGAIN in pane(Detail("", errors=ERRORS, checkpoint_at=T0), **left)


def test_nothing_is_wider_than_the_pane() -> None:
    errors = groups_of([ItemError(T0, 1, "x" * 300, "T" * 70, "m" * 500, OWN), ItemError(T0 - 5, 1, type="T" * 70)] * 3)
    detail = Detail("", errors=errors, elsewhere={each.kind: ("r" * 50,) * 9 for each in errors}, checkpoint_at=T0)
    for width in (40, 51, 80, 200):
        assert max(map(len, pane(detail, width, **FAILED).splitlines())) <= width
