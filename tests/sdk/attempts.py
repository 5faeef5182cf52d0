"""Attempts of a run without any supervisor: a folder, the variables of the protocol, and real signals."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from overnight.state.records import Request, Verb
from overnight.state.rundir import RunDir
from tests.waiting import eventually

PROGRAMS = Path(__file__).parent / "programs"


def program(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(PROGRAMS / f"{name}.py"), *map(str, arguments)]


class Folder:
    """A run's directory, and the attempts that are started in it by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for folder in (path, path / "control", path / "attempts"):
            folder.mkdir(parents=True)
        self.run = RunDir(str(path))
        self.attempts = 0
        self.requests = 0

    def start(self, command: list[str]) -> "subprocess.Popen[str]":
        """The next attempt, in a session of its own, with the test's home so that it is found and killed."""
        self.attempts += 1
        given = {
            "OVERNIGHT_RUN_DIR": str(self.path),
            "OVERNIGHT_RUN_ID": self.path.name,
            "OVERNIGHT_ATTEMPT": str(self.attempts),
        }
        return subprocess.Popen(
            command,
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def finish(self, command: list[str], timeout: float = 60) -> int:
        """The next attempt, to its end."""
        with self.start(command) as process:
            process.communicate(timeout=timeout)
            return process.returncode

    def ask(self, verb: Verb) -> int:
        """Put a request on record without ringing anybody."""
        self.requests += 1
        self.run.write(self.run.request_path(self.requests), Request(self.requests, verb, by="test@here"))
        return self.requests

    def record(self, name: str) -> dict[str, Any]:
        """A record as it stands; {} = there is none."""
        try:
            read = json.loads((self.path / name).read_bytes())
        except FileNotFoundError:
            return {}
        assert isinstance(read, dict)
        return read

    @property
    def progress(self) -> dict[str, Any]:
        return self.record("progress.json")

    def when(self, timeout: float = 20, **wanted: Any) -> dict[str, Any]:
        """The progress of the newest attempt as soon as it says all of this."""
        wanted.setdefault("attempt", self.attempts)
        return eventually(lambda: said if wanted.items() <= (said := self.progress).items() else None, timeout)

    def when_processed(self, least: int) -> int:
        """The count as soon as it has reached `least` in the newest attempt."""

        def count() -> int | None:
            said = self.progress
            done = said.get("processed_items", 0)
            return done if said.get("attempt") == self.attempts and done >= least else None

        return eventually(count)

    def artifact(self, name: str) -> str:
        return (self.path / "artifacts" / name).read_text()

    def committed(self) -> list[str]:
        """The keys of the whole lines of the log."""
        lines = (self.path / "checkpoint.log").read_bytes().splitlines(keepends=True)
        read = [json.loads(line[9:]) for line in lines if line.endswith(b"\n")]
        return [line["k"] for line in read if "k" in line]

    def errors(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.path / "errors.jsonl").read_bytes().splitlines()]
