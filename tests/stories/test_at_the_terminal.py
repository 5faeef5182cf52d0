"""What a person does at a terminal: looks, presses keys, leaves, loses the line. The agents go on."""

import signal
from pathlib import Path

import pytest

from tests.command import OVERNIGHT, PYTHON, launched, listed, overnight, when, when_ended
from tests.stories.scenes import assert_whole, launch_durable, only_run, processed, reboot, record, when_processed
from tests.terminal import a_terminal

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def test_keys_pause_resume_and_cancel_a_run_and_leaving_leaves_it() -> None:
    run = launch_durable(2000, 0.05, "--name", "crawl")
    other = launched("--name", "other", "--", "sleep", "120")
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("crawl", "running", "other")
        terminal.type("gg")
        row = next(line for line in terminal.text().splitlines() if "▌" in line)
        chosen, left = (run, other) if "crawl" in row else (other, run)
        terminal.type("p")
        paused = when(chosen, "paused", "frozen")
        terminal.shows(paused["status"])
        terminal.type("p")
        when(chosen, "running")
        terminal.type("x")
        terminal.shows("y")
        terminal.type("\r")
        assert listed(chosen)["status"] == "running"
        terminal.type("y")
        assert when_ended(chosen)["status"] == "cancelled"
        terminal.shows("cancelled")
        terminal.type("q")
        assert terminal.ends() == 0
        # The terminal is as it was: out of the alternate screen, the cursor shown.
        assert terminal.raw.rindex(b"\x1b[?1049l") > terminal.raw.rindex(b"\x1b[?1049h")
    assert listed(left)["status"] == "running"
    assert overnight("cancel", left).returncode == 0
    when_ended(left)


def test_agents_go_on_when_the_terminal_they_were_launched_from_is_gone(tmp_path: Path) -> None:
    script = tmp_path / "session.sh"
    agent = Path(__file__).parents[1] / "agents" / "durable.py"
    script.write_text(f"'{OVERNIGHT}' run --name kept -- '{PYTHON}' '{agent}' 600 0.02\necho launched\nsleep 100\n")
    with a_terminal(["bash", str(script)]) as terminal:
        terminal.shows("launched")
        run = only_run()
        when_processed(run, 3)
        terminal.hang_up()
        terminal.child.wait()
    assert processed(run) < 600
    assert_whole(run, 600)


def test_agents_go_on_when_the_interface_loses_its_line() -> None:
    run = launch_durable(200, 0.02, "--name", "crawl")
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("crawl", "running")
        terminal.hang_up()
        terminal.child.wait()
        assert terminal.child.exitstatus == 129 or terminal.child.signalstatus == signal.SIGHUP
    assert_whole(run, 200)


def test_ctrl_c_while_waiting_leaves_the_run_going_and_says_so() -> None:
    with a_terminal([OVERNIGHT, "run", "--name", "long", "--wait", "--", "sleep", "120"]) as terminal:
        run = only_run()
        when(run, "running")
        terminal.type("\x03")
        assert terminal.ends() == 130
        terminal.shows("go on")
    assert listed(run)["status"] == "running"
    assert overnight("kill", run).returncode == 0
    when_ended(run)


def test_after_a_reboot_the_interface_offers_to_go_on_and_one_key_does() -> None:
    cut_off = [launch_durable(60, 0.02, "--name", name) for name in ("crawl", "index")]
    for run in cut_off:
        when_processed(run, 3)
    reboot(*cut_off)
    before = [processed(run) for run in cut_off]
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("2 runs were interrupted: press I to resume them.", "INTERRUP.", "I Resume 2")
        terminal.type("I")
        terminal.shows("100%", "✔ 2 done")
        terminal.type("q")
        assert terminal.ends() == 0
    for run, done in zip(cut_off, before, strict=True):
        assert_whole(run, 60)
        assert record(run, "progress.json")["resumed_items"] >= done
