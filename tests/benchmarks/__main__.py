"""The project's figures beside those of others, as tables in Markdown: `python -m tests.benchmarks`.

Exits with 1 where a bar was not reached, with 2 where it cannot measure or write.
"""

import argparse
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from overnight.state.atomic import replace
from tests.benchmarks.commits import commits
from tests.benchmarks.memory import memory
from tests.benchmarks.overhead import overhead
from tests.benchmarks.place import NothingMeasured, Place
from tests.benchmarks.resuming import resuming
from tests.benchmarks.scale import FULL, QUICK, Scale
from tests.benchmarks.table import Bar, Result, markdown, put_between, table_of

Benchmark = Callable[[Scale, Place, Callable[[str], None]], Result]
BENCHMARKS: dict[str, Benchmark] = {"commit": commits, "resume": resuming, "memory": memory, "overhead": overhead}


def main() -> int:
    options = _options()
    try:
        if options.write:
            # Before anything is measured: it takes long.
            put_between(options.write.read_text(), "")
        text, bars = measured(options.only or list(BENCHMARKS), QUICK if options.quick else FULL, options.at, _say)
        print(text)
        if options.write:
            mode = stat.S_IMODE(options.write.stat().st_mode)
            replace(str(options.write), put_between(options.write.read_text(), text).encode(), mode=mode)
    except (OSError, ValueError, NothingMeasured) as error:
        what = f"{options.write}: {error}" if isinstance(error, ValueError) else error
        print(f"benchmarks: {what}", file=sys.stderr)
        return 2
    return 0 if all(bar.met for bar in bars) else 1


def measured(names: list[str], scale: Scale, parent: str, say: Callable[[str], None]) -> tuple[str, list[Bar]]:
    """The tables as text, and the bars. Raises OSError, NothingMeasured."""
    with Place(parent) as place:
        results = [BENCHMARKS[name](scale, place, say) for name in names]
        bars = [bar for result in results for bar in result.bars]
        tables = [table_of(bars), *(result.table for result in results)]
        return "\n".join([place.described(), "", *map(markdown, tables)]), bars


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure ours beside others.")
    parser.add_argument("only", nargs="*", metavar="BENCHMARK", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="less than a minute instead of ten: fewer items")
    parser.add_argument("--at", default="/var/tmp", help="a folder on the disk to measure on (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables between the markers of this file")
    options = parser.parse_args()
    if unknown := set(options.only) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return options


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
