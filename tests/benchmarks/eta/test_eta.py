"""That what is foretold is worth what the bars say, by fewer seeds than are reported. Times are not judged here."""

from tests.benchmarks.eta import REPORTED, bars_of, row_of
from tests.benchmarks.eta.loads import LOADS

TIMED = {"recording an item", "a forecast"}


def test_what_is_foretold_reaches_every_bar() -> None:
    bars = bars_of([row_of(load, range(REPORTED, REPORTED + 8)) for load in LOADS])
    assert [bar for bar in bars if not bar.met and bar.what not in TIMED] == []
