"""A fleet that changes ten times a second, as records, as lines and as texts: what each of the drawn ones shows."""

import time

from overnight.state.records import Estimate, Records
from overnight.tui.glyphs import UNICODE
from overnight.tui.lines import Line
from overnight.tui.listing import Layout, run_line
from overnight.tui.view import Row, row_of
from tests.builders import a_run, a_spec, an_attempt, heartbeat, progress

EVERY = 0.1
"""Seconds between two changes."""
TOTAL = 50_000
FIRST = "drawn-00000"
"""The name of the run on top."""


def record_of(index: int, step: int) -> Records:
    """Run number `index` after so many changes: other bars, other percentages, other forecasts each time."""
    now = time.time()
    done = (index * 977 + step * (1009 + index % 7)) % TOTAL
    left = float(TOTAL - done) / 11
    name = f"drawn-{index:05}"
    return a_run(
        id=name,
        spec=a_spec(id=name, name=name, created_at=1_700_000_000.0 - index),
        attempt=an_attempt(started_at=now - 600),
        progress=progress(
            total_items=TOTAL,
            processed_items=done,
            active_seconds=100.0 + step,
            estimate=Estimate(left * 0.9, left, left * 1.1),
            updated_at=now,
        ),
        progress_changed_at=now,
        heartbeat=heartbeat(last_heartbeat=now),
        heartbeat_changed_at=now,
    )


def row_at(index: int, step: int) -> Row:
    return row_of(record_of(index, step), time.time())


def line_at(index: int, step: int, layout: Layout, *, cursor: bool) -> Line:
    """As our list draws it."""
    return run_line(row_at(index, step), layout, UNICODE, cursor=cursor, marked=False)


def texts_at(index: int, step: int, layout: Layout) -> list[str]:
    """One text a column."""
    row = row_at(index, step)
    return ["".join(text for text, _ in each.draw(row, each.width, UNICODE)) for each in layout.columns]
