"""What a launch gave its run is read whole or refused in one line, and a run that has lost it ends with that reason."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.agents import operate
from overnight.agents.launchers.local import adopt
from overnight.agents.supervisor import environment
from overnight.state import surroundings
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from overnight.state.surroundings import Surroundings
from tests.supervision.launched import agent, attempt, ended, kill, kill_supervisor, output
from tests.supervision.test_refused import few_files
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

SECRET = "hunter2"
WHOLE: dict[str, Any] = {
    "version": 1,
    "environment": {"PATH": "/bin", "KEY": SECRET},
    "umask": 0o77,
    "limits": {"RLIMIT_CORE": [0, -1]},
}
DAMAGE = [
    {**WHOLE, "environment": {**WHOLE["environment"], name: value}}
    for name, value in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "\0"), ("A", 1), ("A", None), ("A", "\ud800")]
] + [
    {**WHOLE, **wrong}
    for wrong in list[dict[str, Any]](
        [
            {"environment": []},
            {"umask": None},
            {"umask": "077"},
            {"umask": -1},
            {"umask": 1 << 70},
            {"umask": True},
            {"limits": []},
            {"limits": None},
            {"limits": {"RLIMIT_CORE": 3}},
            {"limits": {"RLIMIT_CORE": [1]}},
            {"limits": {"RLIMIT_CORE": [1 << 70, -1]}},
            {"limits": {"RLIMIT_CORE": [1.5, -1]}},
        ]
    )
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A run of which there is an env.json, and nothing else."""
    return RunDir(str(tmp_path_factory.mktemp("crawl-a1b2c3")))


def reading(run: RunDir, said: bytes) -> Surroundings | str:
    Path(run.env_path).write_bytes(said)
    try:
        return surroundings.read(run)
    except ValueError as error:
        return str(error)


def refusal(run: RunDir, said: bytes) -> str:
    read = reading(run, said)
    assert isinstance(read, str), read
    assert read.startswith(run.env_path)
    assert "\n" not in read
    assert SECRET not in read
    return read


def test_what_a_launch_has_written_is_read_as_it_was(written: RunDir) -> None:
    here = environment.surroundings_here()
    surroundings.write(written, here)
    assert surroundings.read(written) == here


@pytest.mark.parametrize("damaged", DAMAGE, ids=str)
def test_what_no_process_can_be_given_is_refused_in_one_line(written: RunDir, damaged: dict[str, Any]) -> None:
    assert not isinstance(reading(written, json.dumps(WHOLE).encode()), str)
    refusal(written, json.dumps(damaged).encode())


@pytest.mark.parametrize("said", [b"", b"\xff", b'{"environment"', b"[" * 200_000, b'{"environment":' * 100_000])
def test_what_is_no_json_is_refused_in_one_line(written: RunDir, said: bytes) -> None:
    refusal(written, said)


@settings(deadline=None)
@given(st.sampled_from([*WHOLE, "RLIMIT_CORE", "KEY"]), ANYTHING)
def test_of_any_damage_either_a_process_can_be_given_it_or_it_is_refused(
    written: RunDir, name: str, value: object
) -> None:
    damaged = json.loads(json.dumps(WHOLE))
    place = next(each for each in (damaged, damaged["environment"], damaged["limits"]) if name in each)
    place[name] = value
    said = json.dumps(damaged).encode()
    read = reading(written, said)
    if isinstance(read, str):
        assert refusal(written, said) == read
        return
    pid = os.fork()
    if pid == 0:
        try:
            environment.apply(read)
            os.execve("/bin/true", ["true"], environment.agent_environment(read, written, 1))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_what_may_pass_is_no_damage(written: RunDir) -> None:
    surroundings.write(written, environment.surroundings_here())
    with few_files(0), pytest.raises(OSError, match="Too many open files"):
        surroundings.found_in(written)


def circle(path: Path) -> None:
    path.symlink_to(path)


def limitless(path: Path) -> None:
    path.write_text('{"environment": {}, "limits": []}')


def endless(path: Path) -> None:
    path.touch()
    # On the disk it has nothing.
    os.truncate(path, 1 << 40)


IN_ITS_PLACE: list[tuple[Callable[[Path], None], str]] = [
    (lambda path: None, "env.json: No such file or directory; `overnight retry` writes"),
    (limitless, "its limits are none; move it away, then"),
    (Path.mkdir, "env.json: Not a file; move it away, then"),
    (os.mkfifo, "env.json: Not a file; move it away, then"),
    (circle, "env.json: Too many levels of symbolic links; move it away, then"),
    (lambda path: path.symlink_to("nowhere"), "env.json: No such file or directory; move it away, then"),
    (endless, "env.json: larger than 67108864 bytes; move it away, then"),
]


@pytest.mark.parametrize(("put", "told"), IN_ITS_PLACE, ids=[told for _, told in IN_ITS_PLACE])
def test_a_run_that_has_lost_what_its_launch_gave_it_ends_and_says_how_to_go_on(
    home: Path, put: Callable[[Path], None], told: str
) -> None:
    again = home.parent / "again"
    run = agent(home, f"if os.path.exists({str(again)!r}): sys.exit(print('done'))\nforever()", retries=1)
    kill_supervisor(run)
    os.unlink(run.env_path)
    put(Path(run.env_path))
    kill(attempt(run).pid)
    eventually(lambda: attempt(run).ended_at, message="its keeper has put that on record")
    assert adopt(run)
    over = ended(run)
    assert over.outcome is Outcome.FAILED
    assert over.reason is not None
    assert told in over.reason
    assert "`overnight retry` writes a new one" in over.reason
    assert run.last_attempt_number() == 1
    again.touch()
    if os.path.lexists(run.env_path):
        os.rename(run.env_path, f"{run.env_path}.mine")
    operate.retry(run)
    assert ended(run).outcome is Outcome.COMPLETED
    assert "done" in output(run)
