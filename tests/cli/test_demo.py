"""`overnight demo`: real agents on real files, ordinary runs, watched in the interface or as lines."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import OVERNIGHT, overnight
from tests.terminal import a_terminal

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process, pytest.mark.xdist_group("demo")]
NAMES = {"index-library", "digest-packages", "plain-command", "second-try"}


def test_without_a_terminal_it_shows_lines_then_the_list_and_all_complete(tmp_path: Path) -> None:
    done = overnight("demo", "--seconds", "3", timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not a terminal" in done.stderr
    lines, _, table = done.stdout.partition("\n\n")
    for name in NAMES:
        assert f"{name}-" in lines
        assert f"{name}-" in table
    runs = {each["name"]: each for each in json.loads(overnight("ls", "--json", "--group", "demo").stdout)}
    assert set(runs) == NAMES
    assert {each["status"] for each in runs.values()} == {"completed"}
    assert runs["second-try"]["attempt"] == 2
    assert runs["plain-command"]["processed_items"] is None

    index = runs["index-library"]
    assert (index["failed_items"], index["errors"]) == (1, 1)
    (error,) = json.loads(overnight("errors", "--json", index["id"]).stdout)
    assert error["type"] == "SyntaxError"
    assert Path(error["item"]).read_text().startswith("def almost(:")
    indexed = (Path(index["directory"]) / "artifacts" / "index.jsonl").read_text().splitlines()
    assert len(indexed) == index["processed_items"] - 1 > 10

    manifest = Path(runs["digest-packages"]["directory"]) / "artifacts" / "SHA256SUMS"
    subprocess.run(["sha256sum", "--check", "--quiet", str(manifest)], check=True)


def test_in_a_terminal_it_opens_the_interface_and_leaving_leaves_the_agents() -> None:
    with a_terminal([OVERNIGHT, "demo", "--seconds", "30"]) as terminal:
        terminal.shows(*NAMES)
        terminal.type("q")
        assert terminal.ends() == 0
    runs = json.loads(overnight("ls", "--json").stdout)
    assert {each["name"] for each in runs} == NAMES
    assert not {each["status"] for each in runs} & {"failed", "cancelled", "lost"}
    assert overnight("kill", "--all", "--timeout", "30").returncode == 0
