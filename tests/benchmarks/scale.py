"""How much is measured: all of it, or so little that it takes less than a minute. Pure."""

from typing import NamedTuple


class Scale(NamedTuple):
    sizes: tuple[int, ...]
    """Items of a run, for what is fast."""
    repeats: int
    repeats_of_largest: int
    synced: int
    """Items, where each waits for the disk."""
    steps: int
    """Steps of a durable-execution engine."""
    rewrites: int
    """Items, where all that is done is written again for each."""
    streamed: tuple[int, ...]
    """Items whose memory is compared."""
    resumed: tuple[int, ...]
    """Items that are done when a run goes on."""
    resumes: int
    """Times that each such run goes on."""
    looped: int
    """Items of a loop that does nothing."""
    launched: int
    """Runs that are launched, or listed."""
    crowd: int
    """Runs that are launched together without one failure."""
    launches: int
    """Times that they are launched."""
    calm: float
    """Seconds before each launch, in which nothing is removed."""
    asked: int
    """Times that a run is paused, or all are listed."""
    pressed: int
    """Times that a key pauses a run, and another one resumes it."""
    fleet: int
    """Runs of a long list."""
    drawn: float
    """Seconds in which the list changes."""
    quiet: float
    """Seconds in which nothing changes in it."""
    keys: int
    """Keys that move its cursor."""
    seeds: int
    """By which each load is told, of which a forecast is asked."""
    idle: float
    """Seconds in which wake-ups are counted: several of the looks that a supervisor takes by itself, every 5 s."""

    def repeats_at(self, size: int) -> int:
        return self.repeats_of_largest if size == max(self.sizes) else self.repeats


FULL = Scale(
    sizes=(10_000, 100_000, 1_000_000),
    repeats=5,
    repeats_of_largest=3,
    synced=5_000,
    steps=300,
    rewrites=20,
    streamed=(10_000, 100_000, 1_000_000, 10_000_000),
    resumed=(100_000, 1_000_000),
    resumes=3,
    looped=3_000_000,
    launched=100,
    crowd=1_000,
    launches=3,
    calm=36.0,
    asked=40,
    pressed=60,
    fleet=10_000,
    drawn=10.0,
    quiet=30.0,
    keys=300,
    seeds=40,
    idle=30.0,
)
QUICK = Scale(
    sizes=(10_000, 100_000),
    repeats=3,
    repeats_of_largest=3,
    synced=300,
    steps=50,
    rewrites=3,
    streamed=(10_000, 100_000),
    resumed=(10_000, 100_000),
    resumes=2,
    looped=500_000,
    launched=20,
    crowd=60,
    launches=2,
    calm=0.0,
    asked=10,
    pressed=10,
    fleet=2_000,
    drawn=5.0,
    quiet=20.0,
    keys=60,
    seeds=2,
    idle=10.0,
)
