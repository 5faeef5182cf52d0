"""The bundled agents do what they say, on odd files too, however often they are killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdk.attempts import Folder

pytestmark = pytest.mark.leaves_no_process

INDEX = [sys.executable, "-m", "overnight.agents.bundled.index"]
DIGEST = [sys.executable, "-m", "overnight.agents.bundled.digest"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    for folder in ("b", "a/deep", "__pycache__", ".hidden"):
        (tree / folder).mkdir(parents=True)
    (tree / "b/module.py").write_text(
        "import os, json.decoder\nfrom . import x\nfrom ..y import z\n\n"
        "class A:\n    def short(self): pass\n\n    async def long(self):\n        a = 1\n        return a\n"
    )
    (tree / "a/deep/empty.py").write_text("")
    (tree / "a/latin.py").write_bytes(b"# coding: latin-1\nname = '\xe4'\n")
    (tree / "a/text.txt").write_text("no Python")
    (tree / "__pycache__/cached.py").write_text("")
    (tree / ".hidden/hidden.py").write_text("")
    return tree


def entries(folder: Folder) -> dict[str, dict[str, object]]:
    return {entry["path"]: entry for entry in map(json.loads, folder.artifact("index.jsonl").splitlines())}


def test_index_says_what_is_in_each_file(folder: Folder, tree: Path) -> None:
    assert folder.finish([*INDEX, str(tree)]) == 0
    found = entries(folder)
    assert list(found) == [str(tree / name) for name in ("a/latin.py", "a/deep/empty.py", "b/module.py")]
    assert found[str(tree / "b/module.py")] == {
        "path": str(tree / "b/module.py"),
        "lines": 10,
        "functions": 2,
        "classes": 1,
        "longest_function": {"name": "long", "lines": 3},
        "imports": [".", "..y", "json.decoder", "os"],
    }
    assert found[str(tree / "a/deep/empty.py")]["longest_function"] is None
    assert folder.progress["counters"] == {"lines": 12, "functions": 2, "classes": 1}


def test_index_records_what_is_not_python_and_goes_on(folder: Folder, tree: Path) -> None:
    odd = {
        "syntax": b"def f(:\n",
        "null": b"a = '\0'\n",
        "encoding": b"# coding: nothing\n",
        "undecodable": b"name = '\xff'\n",
        "deep": b"(" * 5000 + b")" * 5000,
        "sum": b"a = " + b"+".join([b"1"] * 60_000) + b"\n",
    }
    for name, source in odd.items():
        (tree / f"b/{name}.py").write_bytes(source)
    (tree / "b/gone.py").symlink_to("nowhere.py")
    assert folder.finish([*INDEX, str(tree), "--output", "odd/all.jsonl"]) == 0
    errors = {Path(error["item"]).stem: error["type"] for error in folder.errors()}
    assert {"syntax", "null", "encoding", "undecodable", "deep", "gone"} <= set(errors)
    assert errors["syntax"] == "SyntaxError"
    assert errors["gone"] == "FileNotFoundError"
    said = folder.progress
    assert (said["status"], said["failed_items"]) == ("completed", len(errors))
    written = folder.artifact("odd/all.jsonl").splitlines()
    assert len(written) + len(errors) == said["processed_items"] == 10


def test_index_killed_again_and_again_writes_what_an_uninterrupted_one_does(folder: Folder) -> None:
    root = str(Path(json.__file__).parents[1] / "email")
    whole = Folder(folder.path.parent / "whole-000001")
    assert whole.finish([*INDEX, root]) == 0
    for _ in range(4):
        process = folder.start([*INDEX, root, "--pace", "0.02"])
        folder.when_processed(folder.progress.get("processed_items", 0) + 3)
        process.kill()
        process.communicate()
    assert folder.finish([*INDEX, root, "--pace", "0"]) == 0
    assert folder.artifact("index.jsonl") == whole.artifact("index.jsonl")


def test_pace_hears_a_stop_at_once(folder: Folder, tree: Path) -> None:
    process = folder.start([*INDEX, str(tree), "--pace", "600"])
    folder.when(processed_items=1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 75
    assert folder.progress["processed_items"] == 1


@pytest.mark.parametrize("command", [INDEX, DIGEST])
def test_a_wrong_option_is_an_error_of_the_command_and_makes_no_run(home: Path, tree: Path, command: list[str]) -> None:
    for wrong in ([str(tree / "missing")], [], [str(tree), "--pace", "often"], [str(tree), "--pace", "-1"]):
        done = subprocess.run([*command, *wrong], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    assert not (home / "runs").exists()
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert "--pace" in helped.stdout


def checked(manifest: Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["sha256sum", "--strict", "-c", manifest], cwd=cwd, capture_output=True, check=False)


def test_digest_writes_a_manifest_that_sha256sum_accepts(folder: Folder, tree: Path) -> None:
    for name in (b"new\nline", b"back\\slash", b" space ", b"\xff\xfe not utf-8", b"*star"):
        Path(os.fsdecode(os.fsencode(tree) + b"/" + name)).write_bytes(name)
    (tree / "large").write_bytes(bytes(3_000_001))
    (tree / "link").symlink_to("large")
    os.mkfifo(tree / "pipe")
    assert folder.finish([*DIGEST, str(tree)]) == 0
    manifest = folder.path / "artifacts" / "SHA256SUMS"
    done = checked(manifest, folder.path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b": OK") == 12
    by_coreutils = subprocess.run(
        "find . -type f -print0 | sort -z | xargs -0 sha256sum | cut -c -65 | sort",
        shell=True,
        cwd=tree,
        capture_output=True,
        check=True,
    )
    assert sorted(line[:65] for line in manifest.read_bytes().splitlines()) == by_coreutils.stdout.splitlines()
    said = folder.progress
    assert (said["percent_complete"], said["failed_items"]) == (100, 0)
    assert said["counters"]["bytes"] > 3_000_000


def test_digest_of_the_own_folder_verifies_from_there(folder: Folder, tree: Path) -> None:
    process = subprocess.run(
        [*DIGEST, "."],
        cwd=tree,
        env={**os.environ, "OVERNIGHT_RUN_DIR": str(folder.path), "OVERNIGHT_ATTEMPT": "1"},
        check=False,
    )
    assert process.returncode == 0
    assert checked(folder.path / "artifacts" / "SHA256SUMS", tree).returncode == 0


def test_digest_records_what_cannot_be_read_and_goes_on(folder: Folder, tree: Path) -> None:
    process = folder.start([*DIGEST, str(tree), "--pace", "0.3"])
    folder.when(processed_items=1)
    (tree / "b/module.py").unlink()
    process.communicate(timeout=30)
    assert process.returncode == 0
    (error,) = folder.errors()
    assert error["type"] == "FileNotFoundError"
    assert checked(folder.path / "artifacts" / "SHA256SUMS", tree).returncode == 0


def test_digest_is_stopped_inside_of_a_large_file_and_goes_on(folder: Folder, tmp_path: Path) -> None:
    tree = tmp_path / "large"
    tree.mkdir()
    (tree / "a").write_bytes(b"a")
    with (tree / "b").open("wb") as file:
        file.truncate(4 << 30)
    process = folder.start([*DIGEST, str(tree)])
    folder.when(current_item=str(tree / "b"))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 75
    assert folder.committed() == [str(tree / "a")]
    with (tree / "b").open("wb") as file:
        file.truncate(4 << 10)
    assert folder.finish([*DIGEST, str(tree)]) == 0
    assert checked(folder.path / "artifacts" / "SHA256SUMS", tree).returncode == 0


COMMAND = [sys.executable, "-m", "overnight.agents.bundled.command"]


def test_command_prints_in_the_order_of_the_items_and_quotes_them(folder: Folder) -> None:
    items = ["a", "b c", "d;e", "$(touch bad)", "it's", ""]
    assert folder.finish([*COMMAND, "-j", "3", "echo {} {}", *items]) == 0
    assert folder.artifact("output.txt") == "".join(f"{item} {item}\n" for item in items)


def test_command_records_what_failed_and_how_often_it_was_tried(folder: Folder) -> None:
    assert folder.finish([*COMMAND, "--tries", "2", "echo no >&2; test {} != 2", "1", "2", "3"]) == 0
    (error,) = folder.errors()
    assert (error["item"], error["type"], error["message"], error["tries"]) == (
        "2",
        "CommandFailed",
        "exit code 1: no",
        2,
    )
    assert folder.progress["failed_items"] == 1


def test_command_ends_what_takes_too_long_with_all_that_it_started(folder: Folder, tmp_path: Path) -> None:
    script = f"sleep 1000 & echo $! > {tmp_path}/{{}}; wait"
    assert folder.finish([*COMMAND, "--timeout", "0.5", script, "1"]) == 0
    assert folder.errors()[0]["type"] == "TimeoutError"
    left = int((tmp_path / "1").read_text())
    assert not os.path.exists(f"/proc/{left}") or Path(f"/proc/{left}/stat").read_text().split()[2] == "Z"


def test_a_stop_leaves_no_command_behind_and_the_next_start_does_what_was_not_done(
    folder: Folder, tmp_path: Path
) -> None:
    go_on = tmp_path / "go-on"
    script = f"echo {{}} >> {tmp_path}/begun; until [ -e {go_on} ] || [ {{}} = 1 ]; do sleep 0.05; done; echo {{}}"
    command = [*COMMAND, "-j", "2", script, "1", "2", "3", "4"]
    with folder.start(command) as process:
        folder.when_processed(1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 75
    go_on.touch()
    assert folder.finish(command) == 0
    assert folder.artifact("output.txt") == "1\n2\n3\n4\n"
    assert (tmp_path / "begun").read_text().split().count("1") == 1
