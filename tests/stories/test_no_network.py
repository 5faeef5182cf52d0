"""The README says that no network connection is opened: strace watches every process of a whole story."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import OVERNIGHT, launched, overnight, when, when_ended
from tests.stories.scenes import agent
from tests.terminal import a_terminal

pytestmark = [
    pytest.mark.leaves_no_process,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

CALLS = "socket,socketpair,connect,bind,listen,sendto"


def watched(trace: Path, *command: str) -> list[str]:
    return ["strace", "-f", "-qq", "-s", "1000", "-o", str(trace), "-e", f"trace={CALLS},execve", *command]


def families(trace: Path) -> set[str]:
    """The address families of which a socket was made."""
    return set(re.findall(r"\bsocket(?:pair)?\((AF_\w+|PF_\w+|0x\w+)", trace.read_text()))


def test_no_process_of_a_run_or_the_interface_makes_a_socket_of_the_network(home: Path, tmp_path: Path) -> None:
    trace, screen = tmp_path / "trace", tmp_path / "screen"
    story = f"""
        set -e
        run=$({OVERNIGHT} run --name hoard -- {" ".join(agent("hoard", "wait"))})
        {OVERNIGHT} pause $run --timeout 30
        {OVERNIGHT} ls --json > /dev/null
        {OVERNIGHT} doctor
        {OVERNIGHT} resume $run --timeout 30
        {OVERNIGHT} kill $run --timeout 30
        {OVERNIGHT} wait $run || true
    """
    done = subprocess.run(watched(trace, "sh", "-c", story), capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    run = launched("--name", "plain", "--", "sleep", "600")
    with a_terminal(watched(screen, OVERNIGHT)) as terminal:
        terminal.shows("plain", "running")
        terminal.type("p")
        when(run, "frozen")
        terminal.type("l")
        terminal.shows("Logs")
        terminal.type("q")
        assert terminal.ends() == 0
    assert overnight("kill", run).returncode == 0
    when_ended(run)
    # The supervisor, which is executed by a process that has ended, is among those that were watched.
    assert "overnight.agents.supervisor" in trace.read_text()
    assert families(trace) <= {"AF_UNIX"}
    # asyncio wakes itself through a pair: proof that such calls are seen.
    assert families(screen) == {"AF_UNIX"}


def test_one_that_is_made_is_seen(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = "import socket; socket.socket(socket.AF_INET6).close(); socket.socket().close()"
    subprocess.run(watched(trace, sys.executable, "-c", program), check=True, timeout=60)
    assert families(trace) >= {"AF_INET", "AF_INET6"}
