"""The project's figures beside those of others, as tables in Markdown: `python -m tests.benchmarks`.

Exits with 1 where a bar was not reached, with 2 where it cannot measure or write.
"""

import argparse
import compileall
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from overnight.state.atomic import replace
from tests.benchmarks.commits import commits
from tests.benchmarks.drawing import drawing
from tests.benchmarks.eta import eta
from tests.benchmarks.footprint import footprint
from tests.benchmarks.latency import latency
from tests.benchmarks.launching import launching
from tests.benchmarks.listing import listing
from tests.benchmarks.memory import memory
from tests.benchmarks.overhead import overhead
from tests.benchmarks.place import ROOT, NothingMeasured, Place
from tests.benchmarks.pressing import pressing
from tests.benchmarks.resuming import resuming
from tests.benchmarks.scale import FULL, QUICK, Scale
from tests.benchmarks.table import Bar, Result, markdown, put_between, table_of

Benchmark = Callable[[Scale, Place, Callable[[str], None]], Result]
DOCUMENTS: dict[str, dict[str, Benchmark]] = {
    "agents/README.md": {"commit": commits, "resume": resuming, "memory": memory, "overhead": overhead},
    "tests/benchmarks/README.md": {
        "launching": launching,
        "footprint": footprint,
        "latency": latency,
        "pressing": pressing,
        "listing": listing,
    },
    "tests/benchmarks/drawing.md": {"drawing": drawing},
    "tests/benchmarks/eta/README.md": {"eta": eta},
}
"""Where the figures of each stand: for an author, for an operator, of the interface, and of what is foretold."""
BENCHMARKS = {name: benchmark for each in DOCUMENTS.values() for name, benchmark in each.items()}


def main() -> int:
    options = _options()
    _compile()
    chosen = {document: [name for name in each if name in options.only] for document, each in DOCUMENTS.items()}
    reached = True
    written: Path | None = None
    try:
        for document in (document for document, names in chosen.items() if names and options.write):
            # Before anything is measured: it takes long.
            written = options.write / document
            put_between(written.read_text(), "")
        for document, names in chosen.items():
            if names:
                text, bars = measured(names, QUICK if options.quick else FULL, options.at, _say)
                reached = reached and all(bar.met for bar in bars)
                print(text)
                if options.write:
                    written = options.write / document
                    _write(written, text)
    except (OSError, ValueError, NothingMeasured) as error:
        what = f"{written}: {error}" if isinstance(error, ValueError) else error
        print(f"benchmarks: {what}", file=sys.stderr)
        return 2
    return 0 if reached else 1


def _compile() -> None:
    """As an installation leaves it: nothing is compiled while it is measured."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in ("state", "agents", "tui", "tests"):
        compileall.compile_dir(ROOT / name, quiet=1)


def _write(document: Path, text: str) -> None:
    mode = stat.S_IMODE(document.stat().st_mode)
    replace(str(document), put_between(document.read_text(), text).encode(), mode=mode)


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
    parser.add_argument("--quick", action="store_true", help="some minutes instead of many: fewer items and runs")
    parser.add_argument("--at", default="/var/tmp", help="a folder on the disk to measure on (default: %(default)s)")
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=ROOT,
        metavar="TREE",
        help=f"put the tables between the markers in {' and '.join(DOCUMENTS)} of this tree (default: here)",
    )
    options = parser.parse_args()
    if unknown := set(options.only) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    options.only = options.only or list(BENCHMARKS)
    return options


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
