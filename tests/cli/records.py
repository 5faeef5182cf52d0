"""Runs on disk for verbs that only read: written as their writers would, without a process."""

from pathlib import Path
from typing import Any

from overnight.state import codec
from overnight.state.home import Home
from overnight.state.records import Attempt, Exit, ItemError, Outcome, Progress, Spec
from overnight.state.rundir import RunDir

STARTED = 1_790_000_000.0
BOOT = "a1b2c3d4-0000-4000-8000-000000000000"
"""Of a boot that is long over."""


def an_ended_run(home: Path, name: str = "crawl", outcome: Outcome = Outcome.COMPLETED, **spec: Any) -> RunDir:
    run = Home(str(home)).new_run(name)
    code = 0 if outcome is Outcome.COMPLETED else 1
    described = Spec(run.id, name, ("python", "a.py"), "/", created_at=STARTED - 1, by="ann@host")
    run.write(run.spec_path, described._replace(**spec))
    run.write(run.attempt_path(1), Attempt(1, 4242, 1, BOOT, STARTED, STARTED + 60, code))
    run.write(run.progress_path, Progress(total_items=100, processed_items=40, unit="files", attempt=1))
    run.write(run.exit_path, Exit(outcome, code, attempts=1, started_at=STARTED, ended_at=STARTED + 60))
    return run


def with_output(run: RunDir, output: bytes) -> RunDir:
    Path(run.output_path).write_bytes(output)
    return run


def with_errors(run: RunDir, *errors: ItemError | bytes) -> RunDir:
    """`bytes`: a line as it stands."""
    lines = [each if isinstance(each, bytes) else codec.encode(each) for each in errors]
    Path(run.errors_path).write_bytes(b"".join(lines))
    return run
