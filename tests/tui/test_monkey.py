"""Whatever is pressed: the interface goes on, and nothing is cancelled or killed that nobody has said yes to."""

import itertools
from pathlib import Path

import pytest

from overnight.state.home import Home
from overnight.state.records import Verb
from tests.command import OVERNIGHT, launched, overnight
from tests.stories.scenes import agent, launch_durable
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import asked_of
from tests.tui.monkey import Monkey
from tests.waiting import eventually

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.timeout(300)]

ENDINGS = {Verb.CANCEL, Verb.KILL}


def a_changing_fleet() -> list[str]:
    """Runs that work for as long as it takes, one that fails again and again, one that is over."""
    works = [launch_durable(10**6, 0.01, "--name", f"works-{number}", "--group", "day") for number in range(3)]
    launched("--name", "fails", "--retries", "1000", "--", *agent("durable", "nothing", 0))
    launched("--name", "over", "--", "true")
    return works


def endings(home: Path) -> int:
    """Requests of any run that end it."""
    verbs = itertools.chain.from_iterable(map(asked_of, Home(str(home)).runs()))
    return sum(verb in ENDINGS for verb in verbs)


def answers(terminal: Terminal) -> None:
    """Out of whatever is open, it still does what a key says."""
    terminal.resize(100, 30)

    def helps() -> bool:
        for key in ("\x1b", "\x1b", "\x1b", "?"):
            terminal.type(key)
            terminal.read()
        return "this help" in terminal.text()

    eventually(helps, message="it answers")
    terminal.type("\x1b")
    eventually(lambda: "this help" not in terminal.text())


def pressed(home: Path, tmp_path: Path, seed: int, times: int) -> None:
    works = a_changing_fleet()
    # What a monkey types as a command is not found.
    (tmp_path / "nothing").mkdir()
    with a_terminal(["env", f"PATH={tmp_path / 'nothing'}", OVERNIGHT], 100, 30) as terminal:
        terminal.shows("works-0")
        careful = Monkey(terminal, seed, says_yes=False)
        careful.press(times)
        answers(terminal)
        assert endings(home) == 0, careful.done
        assert all(Home(str(home)).run(run).exit() is None for run in works), "they live"
        wild = Monkey(terminal, seed + 1, says_yes=True)
        wild.press(times)
        answers(terminal)
        terminal.type("q")
        assert terminal.ends() == 0
    overnight("kill", "--all")


def test_no_key_ends_the_interface_or_a_run_by_itself(home: Path, tmp_path: Path) -> None:
    pressed(home, tmp_path, 1, 80)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10, 15))
def test_ten_thousand_keys_end_neither_the_interface_nor_a_run_by_themselves(
    home: Path, tmp_path: Path, seed: int
) -> None:
    pressed(home, tmp_path, seed, 5000)
