"""The benchmarks themselves, at sizes that take no time. No figure is judged here but where it cannot waver."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.commits import STORES, commits
from tests.benchmarks.drawing import drawing
from tests.benchmarks.figures import Figure
from tests.benchmarks.footprint import footprint
from tests.benchmarks.latency import latency
from tests.benchmarks.launching import launching
from tests.benchmarks.listing import listing
from tests.benchmarks.memory import memory
from tests.benchmarks.overhead import overhead
from tests.benchmarks.peers import NOT_INSTALLED
from tests.benchmarks.place import ROOT, Place
from tests.benchmarks.pressing import pressing
from tests.benchmarks.resuming import resuming
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import BEGIN, END, Bar, Result, Table, markdown, put_between, table_of
from tests.conftest import processes_of

TINY = Scale(
    sizes=(200, 2_000),
    repeats=2,
    repeats_of_largest=1,
    synced=20,
    steps=3,
    rewrites=5,
    streamed=(1_000, 50_000),
    resumed=(500,),
    resumes=1,
    looped=20_000,
    launched=3,
    crowd=4,
    launches=1,
    calm=0.0,
    asked=2,
    pressed=1,
    fleet=60,
    drawn=0.5,
    quiet=0.5,
    keys=3,
    seeds=1,
    idle=0.1,
)
NUMBER = r"-?\d[\d\N{NARROW NO-BREAK SPACE}]*(\.\d+)?"
FIGURE = re.compile(rf"{NUMBER}( \({NUMBER}–{NUMBER}\))?(, \d+ .+)?")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(str(tmp_path)) as place:
        yield place
    assert not any(tmp_path.iterdir()), "what was measured is removed"


def quietly(_: str) -> None:
    pass


def figures_are_numbers(result: Result, labels: int) -> None:
    """In every cell behind the first `labels` of a row; an empty one was not to be measured."""
    for row in result.table.rows:
        for cell in row[labels:]:
            assert not cell or FIGURE.fullmatch(cell), row
    assert all(FIGURE.fullmatch(str(bar.reached)) for bar in result.bars)


def first_number(cell: str) -> float:
    number = re.match(NUMBER, cell)
    assert number is not None, cell
    return float(number[0].replace("\N{NARROW NO-BREAK SPACE}", ""))


def test_committing_an_item_costs_less_than_writing_all_that_is_done_again(place: Place) -> None:
    stores = tuple(store for store in STORES if store.name in {"process", "power", "sqlite-plain", "json"})
    result = commits(TINY, place, quietly, stores)
    figures_are_numbers(result, labels=2)
    cost = {row[0]: first_number(row[-1]) for row in result.table.rows if row[-1]}
    assert cost["**overnight**, `process`"] < cost["whole JSON rewritten for each item"]
    assert [bar.unit for bar in result.bars] == ["µs", "×", "×"]


def test_a_run_is_left_with_so_many_items_done_and_goes_on_behind_them(place: Place) -> None:
    result = resuming(TINY, place, quietly, ("stream", "lines"))
    figures_are_numbers(result, labels=2)
    done = [first_number(row[2]) for row in result.table.rows]
    assert len(done) == 4, "two sources, left in two ways"
    assert min(done) > max(TINY.resumed)


def test_a_stream_of_fifty_times_the_items_takes_the_same_memory(place: Place) -> None:
    result = memory(TINY, place, quietly)
    figures_are_numbers(result, labels=1)
    assert result.bars[0].reached.median < 0.25


@pytest.mark.leaves_no_process
@pytest.mark.parametrize(
    "benchmark", [launching, pytest.param(footprint, marks=pytest.mark.long), latency, pressing, listing]
)
def test_runs_are_launched_asked_and_listed_beside_what_others_start(
    benchmark: Callable[[Scale, Place, Callable[[str], None]], Result], place: Place, tmp_path: Path
) -> None:
    result = benchmark(TINY, place, quietly)
    labels = 2 if benchmark is launching else 1
    measured = [row for row in result.table.rows if NOT_INSTALLED not in row]
    figures_are_numbers(Result(Table("", (), measured), result.bars), labels)
    assert any("overnight" in row[0] for row in measured)
    assert processes_of(tmp_path) == {}


@pytest.mark.long
@pytest.mark.leaves_no_process
def test_a_list_is_drawn_beside_the_same_one_in_a_table_and_in_plain_codes(place: Place, tmp_path: Path) -> None:
    result = drawing(TINY, place, quietly)
    figures_are_numbers(result, labels=1)
    assert [row[0] for row in result.table.rows if "DataTable" in row[0] or "plain" in row[0]]
    assert processes_of(tmp_path) == {}


@pytest.mark.skipif(find_spec("tqdm") is None, reason="the peers are an extra: pip install -e '.[bench]'")
def test_a_bar_draws_and_is_measured_on_a_terminal(place: Place) -> None:
    figures_are_numbers(overhead(TINY, place, quietly), labels=1)


def test_the_machine_is_described_with_how_it_wavered(place: Place) -> None:
    place.measure(place.fresh(), "streamed", 10)
    assert re.search(r"Python 3\.\d+\.\d+\. The same .* took [\d.]+ / [\d.]+ / [\d.]+ ms", place.described())


def test_a_bar_that_was_not_reached_says_so() -> None:
    reached, missed = (Bar("commit", 10, "µs", Figure((value, 9.0, 30.0))) for value in (8.0, 12.0))
    text = markdown(table_of([reached, missed]))
    assert "| commit | ≤ 10.0 µs | 9.00 (8.00–30.0) | yes |" in text
    assert "| commit | ≤ 10.0 µs | 12.0 (9.00–30.0) | **no** |" in text


def test_ratios_are_taken_within_a_repeat() -> None:
    assert Figure((1.0, 10.0)).over(Figure((2.0, 20.0, 7.0))) == Figure((0.5, 0.5))


def test_the_tables_take_the_place_of_older_ones_between_their_markers() -> None:
    guide = f"# Guide\n\n{BEGIN}\nold\n{END}\n\nthe end\n"
    written = put_between(guide, "new\n")
    assert written == f"# Guide\n\n{BEGIN}\n\nnew\n\n{END}\n\nthe end\n"
    assert put_between(written, "new\n") == written


@pytest.mark.parametrize("guide", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"])
@pytest.mark.parametrize(
    ("document", "name"), [("agents/README.md", "memory"), ("tests/benchmarks/README.md", "launching")]
)
def test_a_guide_without_a_place_for_them_is_refused_before_anything_is_measured(
    guide: str, document: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / document
    path.parent.mkdir(parents=True)
    path.write_text(guide)
    command = [sys.executable, "-m", "tests.benchmarks", name, "--write", str(tmp_path), "--at", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, path.read_text()) == (2, "", guide)
    assert done.stderr.startswith(f"benchmarks: {path}: it needs one line {BEGIN}")
