"""What every store is given: keys of 30 characters, 60 bytes of output for each. And how a program answers."""

import json
from collections.abc import Iterator
from pathlib import Path

OUTPUT = "." * 59 + "\n"


def keys(count: int) -> Iterator[str]:
    return (f"{number:030d}" for number in range(count))


def answer(**figures: float) -> None:
    """Print what was measured, as the last line."""
    print(f"\n{json.dumps(figures)}", flush=True)


def forget_peak() -> None:
    """Let the peak of this process's memory begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def memory() -> tuple[float, float]:
    """Resident memory of this process, now and at its peak, in MB."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, peak = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, peak
