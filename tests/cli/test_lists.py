"""`ls`, `show` and `errors`: for a person, and as JSON for a program."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from overnight.state import codec
from overnight.state.atomic import append_line
from overnight.state.records import Exit, ItemError, Origin, Outcome
from overnight.tui.lines import cells
from overnight.tui.table import Style, progress_line, table_lines
from overnight.tui.view import row_of
from tests.builders import T0, a_run, progress
from tests.cli.records import STARTED, an_ended_run, with_errors
from tests.command import OVERNIGHT, overnight
from tests.terminal import a_terminal

FIELDS = """
    id name group labels status health attempt pid supervisor_pid
    processed_items total_items resumed_items failed_items percent rate estimate heartbeat_age errors requested
    created_at started_at ended_at outcome exit_code directory
"""
HOSTILE = "\x1b]0;owned\x07evil\x1b[2J\n[/x]"


def test_json_lists_every_run_with_every_field(home: Path) -> None:
    first = an_ended_run(home, "first", created_at=STARTED - 9)
    second = an_ended_run(home, "second", Outcome.FAILED, group="nightly", labels={"team": "a"})
    listed = json.loads(overnight("ls", "--json").stdout)
    assert [each["id"] for each in listed] == [first.id, second.id]
    assert set(FIELDS.split()) <= set(listed[0])
    failed = listed[1]
    assert failed["status"] == failed["outcome"] == "failed"
    assert (failed["exit_code"], failed["percent"], failed["group"]) == (1, 40.0, "nightly")
    assert failed["labels"] == {"team": "a"}
    assert failed["pid"] is failed["supervisor_pid"] is failed["estimate"] is failed["requested"] is None


@pytest.mark.parametrize("record", ["errors.jsonl", "history.jsonl", "output.log"])
def test_no_verb_waits_for_a_fifo_in_the_place_of_a_file(home: Path, record: str) -> None:
    run = an_ended_run(home)
    Path(run.file(record)).unlink(missing_ok=True)
    os.mkfifo(run.file(record))
    for verb in (["ls", "--json"], ["show", run.id], ["errors", run.id], ["logs", run.id], ["rm", run.id]):
        done = overnight(*verb)
        assert done.returncode in {0, 1}, done.stderr
        assert "Traceback" not in done.stderr


def test_no_runs_are_an_empty_array_for_a_program_and_a_hint_for_a_person(home: Path) -> None:
    assert json.loads(overnight("ls", "--json").stdout) == []
    done = overnight("ls")
    assert (done.returncode, done.stdout) == (0, "")
    assert "overnight demo" in done.stderr


def test_a_list_can_be_narrowed_by_name_and_by_group(home: Path) -> None:
    one, two = an_ended_run(home, "one"), an_ended_run(home, "two", group="g")

    def listed(*arguments: str) -> list[str]:
        return [each["id"] for each in json.loads(overnight("ls", "--json", *arguments).stdout)]

    assert listed("one") == [one.id]
    assert listed("--group", "g") == [two.id]
    assert listed("two", "one") == [two.id, one.id]
    assert listed("two", two.id) == [two.id]


def test_an_empty_group_is_not_called_an_empty_home(home: Path) -> None:
    an_ended_run(home)
    done = overnight("ls", "--group", "nobody")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "No runs of group nobody. `overnight ls` lists all runs.\n"


def test_what_a_missing_name_leaves_is_still_listed(home: Path) -> None:
    one = an_ended_run(home, "one")
    done = overnight("ls", "--json", "nobody", "one")
    assert done.returncode == 3
    assert [each["id"] for each in json.loads(done.stdout)] == [one.id]
    assert "nobody" in done.stderr


def test_a_person_sees_state_run_and_percentage_in_columns(home: Path) -> None:
    run = an_ended_run(home, outcome=Outcome.FAILED)
    header, line = overnight("ls").stdout.splitlines()
    assert header.split()[:3] == ["STATE", "RUN", "PROGRESS"]
    assert "FAILED" in line
    assert "40%" in line
    assert line.index(run.id) == header.index("RUN")


def test_a_pipe_gets_no_codes_and_a_terminal_gets_colours(home: Path) -> None:
    run = an_ended_run(home)
    assert "\x1b" not in overnight("ls").stdout
    with a_terminal([OVERNIGHT, "ls"]) as terminal:
        terminal.shows(run.id)
        assert terminal.ends() == 0
        assert b"\x1b[" in terminal.raw


def test_a_list_fits_the_terminal_and_gives_up_what_says_least_first() -> None:
    rows = [row_of(a_run(id="a-very-long-name-of-a-run-a1b2c3"), T0)]
    whole = table_lines(rows, Style())
    for width in range(20, 100):
        lines = table_lines(rows, Style(width=width))
        assert max(map(cells, lines)) <= width
        assert "running" in lines[1]
    assert "RATE" in whole[0]
    assert "RATE" not in table_lines(rows, Style(width=60))[0]


@pytest.mark.parametrize(
    ("term", "columns", "widest"), [("xterm", 80, 80), ("dumb", 80, 80), ("dumb", 60, 60), ("xterm", 0, 80)]
)
def test_no_line_of_a_list_wraps_whatever_the_terminal_says_of_itself(
    home: Path, term: str, columns: int, widest: int
) -> None:
    an_ended_run(home, "a-name-of-which-much-is-left", Outcome.FAILED, group="one-of-many-groups")
    whole = overnight("ls").stdout.splitlines()
    assert max(map(len, whole)) > 92, "a pipe gets all of it"
    with a_terminal([OVERNIGHT, "ls"], columns, TERM=term) as terminal:
        assert terminal.ends() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.raw.decode()).splitlines()
    assert len(lines) == len(whole)
    assert max(map(cells, lines)) <= widest


def test_wide_characters_keep_the_columns_together() -> None:
    rows = [row_of(a_run(id=run_id), T0) for run_id in ("日本-a1b2c3", "plain-a1b2c3")]
    header, *lines = table_lines(rows, Style())
    assert {cells(line[: line.index("40%")]) for line in lines} == {cells(header[: header.index("%")]) - 2}


def test_a_progress_line_never_wraps() -> None:
    row = row_of(a_run(id="a" * 200), T0)
    assert cells(progress_line(row, Style(width=80))) < 80


def test_nothing_that_an_agent_wrote_reaches_a_person_as_an_escape_code(home: Path) -> None:
    run = an_ended_run(home, labels={HOSTILE: HOSTILE}, group=HOSTILE, by=HOSTILE, command=(HOSTILE,))
    with_errors(run, ItemError(STARTED, 1, HOSTILE, HOSTILE, HOSTILE, f"{HOSTILE}\n{HOSTILE}"))
    run.write(run.progress_path, progress(phase=HOSTILE, message=HOSTILE, current_item=HOSTILE, unit=HOSTILE))
    for verb in ("ls", "show", "errors"):
        shown = overnight(verb, run.id).stdout
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "evil" in shown


def test_an_end_that_somebody_else_wrote_reaches_a_person_without_escape_codes(home: Path) -> None:
    run = an_ended_run(home)
    run.write(run.exit_path, Exit(Outcome.FAILED, signal=HOSTILE, reason=HOSTILE, ended_at=STARTED))
    for verb in ("ls", "show"):
        shown = overnight(verb, run.id).stdout
        assert "\x1b" not in shown
        assert "evil" in shown


def test_a_rate_beyond_all_numbers_is_no_rate() -> None:
    endless = a_run(progress=progress(processed_items=1e308, total_items=1.5e308, active_seconds=1e-9))
    assert row_of(endless, T0).summary.rate is None
    crawling = a_run(progress=progress(processed_items=1e-300, total_items=1e308, active_seconds=1e9))
    assert row_of(crawling, T0).summary.estimate is None
    table_lines([row_of(endless, T0), row_of(crawling, T0)], Style())


def test_show_has_all_of_ls_and_the_history(home: Path) -> None:
    run = an_ended_run(home)
    Path(run.history_path).write_text('{"at": "2026-11-23T12:00:00+00:00", "event": "started", "attempt": 1}\n')
    shown = json.loads(overnight("show", "--json", run.id).stdout)
    assert set(FIELDS.split()) <= set(shown)
    assert {event["event"] for event in shown["history"]} == {"created", "started"}
    assert shown["spec"]["command"] == ["python", "a.py"]
    assert shown["exit"]["outcome"] == "completed"


def test_a_change_of_the_agents_source_is_part_of_the_history(home: Path) -> None:
    run = an_ended_run(home)
    for attempt, digest in enumerate(("one", "two"), 1):
        append_line(run.origins_path, codec.encode(Origin(STARTED + attempt, attempt, digest, {"a.py": digest})))
    history = json.loads(overnight("show", "--json", run.id).stdout)["history"]
    (event,) = [each for each in history if each["event"] == "source_changed"]
    assert (event["attempt"], event["detail"]) == (2, {"changed": ["a.py"], "added": [], "removed": []})
    assert "the agent's source changed: a.py" in overnight("show", run.id).stdout


def test_show_gives_an_array_where_more_than_one_run_can_be_meant(home: Path) -> None:
    one, two = an_ended_run(home, "one"), an_ended_run(home, "two")
    assert {each["id"] for each in json.loads(overnight("show", "--json", "--all").stdout)} == {one.id, two.id}
    assert [each["id"] for each in json.loads(overnight("show", "--json", "two", "one").stdout)] == [two.id, one.id]
    done = overnight("show", "--json", "nobody")
    assert (done.returncode, done.stdout) == (3, "")


def test_show_tells_a_person_how_it_ended_and_where_it_lies(home: Path) -> None:
    run = an_ended_run(home, outcome=Outcome.FAILED)
    shown = overnight("show", run.id).stdout
    for word in ("FAILED", run.id, "40 of 100 files", "exit 1", "python a.py", run.path, "ann@host"):
        assert word in shown


def test_a_damaged_record_is_shown_and_the_rest_of_the_run_with_it(home: Path) -> None:
    run = an_ended_run(home)
    Path(run.progress_path).write_bytes(b'{"processed_items": 4')
    done = overnight("show", run.id)
    assert done.returncode == 0
    assert run.progress_path in done.stdout
    assert "completed" in done.stdout
    assert overnight("ls").returncode == 0


def test_errors_are_grouped_for_a_person(home: Path) -> None:
    run = with_errors(
        an_ended_run(home),
        *(ItemError(STARTED + item, 1, f"src/{item}.py", "SyntaxError", "invalid syntax") for item in range(12)),
        ItemError(STARTED, 1, "src/x.py", "OSError", "gone", "Traceback\n  line 3"),
    )
    shown = overnight("errors", run.id).stdout
    assert "13 errors" in shown
    assert "12 × SyntaxError: invalid syntax" in shown
    assert "src/11.py" in shown
    assert "and 7 more" in shown
    assert "|   line 3" in shown


def test_tries_and_outcome_of_an_error_are_shown_where_they_say_more_than_that_it_failed(home: Path) -> None:
    run = with_errors(
        an_ended_run(home),
        ItemError(STARTED, 1, "a.py", "OSError", "gone"),
        ItemError(STARTED, 1, "b.py", "OSError", "gone", tries=3, outcome="ended the attempt"),
    )
    lines = [line.strip() for line in overnight("errors", run.id).stdout.splitlines()]
    assert "a.py" in lines
    assert "b.py  (3 tries, ended the attempt)" in lines


def test_ten_thousand_errors_are_counted_grouped_and_one_array(home: Path) -> None:
    run = with_errors(
        an_ended_run(home),
        *(ItemError(STARTED + item, 1, f"{item}.py", f"E{item % 2}", "gone", "x" * 500) for item in range(10_000)),
    )
    lines = [line.strip() for line in overnight("errors", run.id).stdout.splitlines()]
    assert lines[0] == f"{run.id}: 10 000 errors"
    assert [line for line in lines if "×" in line] == ["5000 × E0: gone", "5000 × E1: gone"]
    assert lines.count("and 4995 more") == 2
    errors = json.loads(overnight("errors", "--json", run.id).stdout)
    assert [error["item"] for error in errors] == [f"{item}.py" for item in range(10_000)]
    clean = an_ended_run(home, "clean")
    assert json.loads(overnight("errors", "--json", clean.id).stdout) == []


def test_every_error_is_an_object_and_a_torn_line_is_shown_as_that(home: Path) -> None:
    run = with_errors(an_ended_run(home), ItemError(STARTED, 1, "src/x.py", "OSError", "gone"), b'{"at": "2026\n')
    error, torn = json.loads(overnight("errors", "--json", run.id).stdout)
    assert error | {"run": run.id, "item": "src/x.py", "type": "OSError", "message": "gone"} == error
    assert {"at", "attempt", "traceback", "transient", "tries", "outcome"} <= set(error)
    assert torn["path"] == f"{run.errors_path}:2"
    assert "not JSON" in torn["damaged"]
    assert f"unreadable: {run.errors_path}:2" in overnight("errors", run.id).stdout


def test_errors_that_an_agent_only_lists_in_its_progress_are_shown(home: Path) -> None:
    run = an_ended_run(home)
    Path(run.progress_path).write_text('{"processed_items": 1, "errors": ["x.py: broken", "y.py: gone"]}')
    shown = overnight("errors", run.id).stdout
    assert "2 errors" in shown
    assert "y.py: gone" in shown
    listed = json.loads(overnight("errors", "--json", run.id).stdout)
    assert [each["message"] for each in listed] == ["x.py: broken", "y.py: gone"]


def test_a_reader_that_has_seen_enough_is_not_complained_about(home: Path) -> None:
    for number in range(40):
        an_ended_run(home, f"run-{number}")
    done = subprocess.run(
        ["bash", "-c", f"{OVERNIGHT} ls | head -n 1; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True
    )
    header, code = done.stdout.splitlines()
    assert header.startswith("STATE")
    assert (code, done.stderr) == ("0", "")


def test_a_full_disk_behind_stdout_is_one_line(home: Path) -> None:
    an_ended_run(home)
    with open("/dev/full", "w") as full:
        done = subprocess.run([OVERNIGHT, "ls"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "overnight: No space left on device.\n"
