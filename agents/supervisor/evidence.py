"""What can still be read of an attempt that died: for whoever asks later why, when its files say something else."""

import os
from typing import Any

from overnight.state.records import Attempt
from overnight.state.rundir import RunDir, open_to_read

LINES, LONGEST = 20, 500
"""The newest lines of a file that are kept, and the bytes of each."""


def evidence_of(run: RunDir, attempt: Attempt, log_from: int, item: str | None) -> dict[str, Any]:
    """Only what there is. `log_from`: how long the log was when the attempt began; `item`: what it had in hand."""
    found = {
        "item": item and _cut(item.encode("utf-8", "replace")),
        "log": _newest_lines(run.output_path, log_from),
        "stacks": _newest_lines(run.stacks_path, 0) if _was_written_by(attempt, run.stacks_path) else [],
    }
    return {name: value for name, value in found.items() if value}


def _newest_lines(path: str, start: int) -> list[str]:
    """Those that were written from `start` on, oldest first; of a file that was emptied meanwhile all."""
    try:
        with open_to_read(path) as file:
            size = os.fstat(file.fileno()).st_size
            # Room for as many lines as are kept, though each were too long.
            begin = max(start if start <= size else 0, size - 2 * LINES * LONGEST)
            data = os.pread(file.fileno(), size - begin, begin)
    except OSError:
        return []
    # What was given back of a log's head reads as zeros.
    lines = data.lstrip(b"\0").splitlines()
    if begin > start and len(lines) > 1:
        # It begins somewhere in a line.
        del lines[0]
    return [_cut(line) for line in lines[-LINES:]]


def _cut(text: bytes) -> str:
    whole = text.decode("utf-8", "replace")
    # A character that was cut in two is left out.
    return whole if len(text) <= LONGEST else text[:LONGEST].decode("utf-8", "ignore") + "…"


def _was_written_by(attempt: Attempt, path: str) -> bool:
    try:
        return os.stat(path).st_mtime >= attempt.started_at
    except OSError:
        return False
