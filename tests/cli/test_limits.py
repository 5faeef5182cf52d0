"""The limits of a run on the command line: as they are said, as they are on record, and as they are told again."""

import json

import pytest

from tests.command import launched, overnight, when
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def test_limits_are_as_ordered_and_told_again() -> None:
    limits = ("--time-limit", "1d12h", "--memory-limit", "1.5G", "--on-memory", "restart", "--nice", "3")
    run = launched("--log-limit", "64m", *limits, "--", "true")
    spec = json.loads(overnight("show", "--json", run).stdout)["spec"]
    assert (spec["time_limit"], spec["memory_limit"], spec["on_memory"]) == (129_600, 1_610_612_736, "restart")
    assert (spec["nice"], spec["log_limit"], spec["retries"]) == (3, 64 << 20, 5)
    told = "time 1d12h, memory 1.5G (then restart), nice 3, log 64M"
    assert told in overnight("show", run).stdout
    run = launched("--log-limit", "none", "--", "true")
    assert "log without a limit" in overnight("show", run).stdout


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (("--log-limit", "much"), "'much' is not a size such as 64M or 1.5G"),
        (("--log-limit", "4K"), "--log-limit 4K: must be 1M at least"),
        (("--memory-limit", "none"), "'none' is not a size"),
        (("--memory-limit", "-1G"), "--memory-limit"),
        (("--time-limit", "soon"), "'soon' is not a span of time"),
        (("--time-limit", "0"), "--time-limit 0: no time at all"),
        (("--nice", "20"), "--nice 20: must be a number from 0 to 19"),
        (("--nice", "-5"), "--nice"),
        (("--on-memory", "restart"), "--on-memory restart: there is no limit"),
    ],
)
def test_a_limit_that_means_nothing_is_refused_in_one_line(option: tuple[str, str], complaint: str) -> None:
    done = overnight("run", *option, "--", "true")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert complaint in line
    assert json.loads(overnight("ls", "--json").stdout) == []


def test_a_run_past_its_limit_says_so_until_it_has_stopped_and_after() -> None:
    run = launched(
        "--time-limit", "1s", "--stop-grace", "600", "--", "bash", "-c", "trap '' TERM; echo deaf; sleep 600"
    )
    when(run, "stopping")
    stops = f"{run} is stopping: it ran longer than its limit of 1s; waiting for it to end; by force 600 s after"
    eventually(lambda: overnight("why", run).stdout.startswith(stops))
    assert overnight("kill", run, "--timeout", "30").returncode == 0
    run = launched("--time-limit", "1s", "--", "sleep", "600")
    when(run, "failed")
    assert f"{run} has failed: ran longer than its limit of 1s" in overnight("why", run).stdout
    assert "limited" in overnight("history", run).stdout
    listed = overnight("ls", run).stdout
    assert "time limit 1s" in listed
    assert "SIG" not in listed
