"""The list fits every width; what matters most stays longest."""

from hypothesis import given
from hypothesis import strategies as st

from overnight.tui.detail import TABS, Detail, Tab
from overnight.tui.events import Arrived, Mode, Ticked
from overnight.tui.filtering import filter_of
from overnight.tui.footer import footer
from overnight.tui.glyphs import ASCII, UNICODE, Glyphs
from overnight.tui.header import header, too_small
from overnight.tui.lines import cells
from overnight.tui.listing import ALWAYS, COLUMNS, LEAST_WIDTH, heading, layout_for, run_line
from overnight.tui.model import Fleet, row_at
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.panes.logs import logs
from overnight.tui.panes.title import tab_spans, title
from overnight.tui.place import Reading
from overnight.tui.sorting import By, Sort
from screenshots.fleets import FLEETS, NOW, Still

WIDTHS = st.integers(LEAST_WIDTH, 220)
GLYPHS = st.sampled_from([UNICODE, ASCII])


TITLES = dict(zip(COLUMNS, (column.title for column in layout_for(220).columns), strict=True))


def everyday() -> Fleet:
    from overnight.tui.reducer import reduce

    fleet = Fleet(now=NOW, host="gpu-03")
    still = Still(FLEETS["everyday"]())
    still.start(lambda: None)
    for event in still.take():
        fleet = reduce(fleet, event)
    return fleet


EVERYDAY = everyday()
ROWS = [row_at(EVERYDAY, run_id) for run_id in EVERYDAY.order]


@given(WIDTHS, GLYPHS)
def test_every_line_fits_and_columns_stand_below_their_titles(width: int, glyphs: Glyphs) -> None:
    layout = layout_for(width)
    titles = heading(width, COLUMNS, glyphs).text
    assert cells(titles) == width
    for row in ROWS:
        text = run_line(row, layout, glyphs, cursor=True, marked=True).text
        assert cells(text) <= width
        assert text.index(row.summary.name[:3]) == titles.index("AGENT")


@given(WIDTHS)
def test_the_state_and_the_eta_are_shown_at_every_width(width: int) -> None:
    titles = [column.title for column in layout_for(width).columns]
    assert titles[:5] == ["STATE", "AGENT", "PROGRESS", "%", "ETA"]


@given(WIDTHS, st.lists(st.sampled_from(COLUMNS), unique=True), GLYPHS)
def test_chosen_columns_stand_in_their_order_and_every_line_fits(width: int, names: list[str], glyphs: Glyphs) -> None:
    layout = layout_for(width, names)
    titles = [column.title for column in layout.columns]
    wanted = [TITLES[name] for name in (*(each for each in ALWAYS if each not in names), *names)]
    assert titles == [title for title in wanted if title in titles]
    assert {"STATE", "AGENT", *(TITLES[name] for name in names if name in {"progress", "percent", "eta"})} <= set(
        titles
    )
    assert cells(heading(width, names, glyphs).text) == width
    for row in ROWS:
        assert cells(run_line(row, layout, glyphs, cursor=True, marked=True).text) <= width


def test_columns_drop_from_the_right_as_the_width_shrinks() -> None:
    def extra(width: int) -> list[str]:
        return [column.title for column in layout_for(width).columns][5:]

    assert extra(120) == ["RATE", "BEAT", "ERR", "PHASE", "LAST 15 MIN"]
    assert extra(100) == ["RATE", "BEAT", "ERR", "PHASE"]
    assert extra(80) == ["RATE", "BEAT", "ERR"]
    assert extra(72) == ["BEAT", "ERR"]
    assert extra(66) == ["ERR"]
    assert extra(60) == []


@given(st.integers(20, 220), GLYPHS)
def test_the_header_the_footer_and_the_one_line_fit(width: int, glyphs: Glyphs) -> None:
    assert cells(footer(EVERYDAY, max(width, 40), glyphs).text) <= max(width, 40)
    if width >= LEAST_WIDTH:
        assert cells(header(EVERYDAY, width, glyphs).text) == width
    assert "overnight" in too_small(EVERYDAY, width, glyphs).text


@given(st.integers(40, 160), st.integers(5, 60), st.sampled_from(TABS), GLYPHS, st.booleans())
def test_every_pane_fits(width: int, height: int, tab: Tab, glyphs: Glyphs, wrap: bool) -> None:
    frame = Frame(width, height, glyphs, wrap)
    details = FLEETS["everyday"]().details
    for row in ROWS:
        detail = details.get(row.summary.id, Detail(row.summary.id))
        lines = logs(detail, Reading(), frame).lines if tab is Tab.LOGS else lines_of(tab, row, detail, frame)
        for line in lines:
            assert cells(line.text) <= width
        assert cells(title(row, frame, entered=False, tabs=None).text) <= width
    assert "Progress" in "".join(text for text, _ in tab_spans(tab, frame))


def test_ascii_pictures_are_ascii() -> None:
    for row in ROWS:
        assert run_line(row, layout_for(120), ASCII, cursor=True, marked=True).text.isascii()
        for line in lines_of(Tab.PROGRESS, row, Detail(row.summary.id), Frame(80, 10, ASCII)):
            assert line.text.isascii()


def test_a_plain_command_shows_its_newest_line_and_no_bar() -> None:
    row = next(each for each in ROWS if each.summary.name == "nightly-backup")
    text = run_line(row, layout_for(80), UNICODE, cursor=False, marked=False).text
    assert "photos/2026" in text
    assert "up 5h12" in text
    assert "─" not in text
    assert "unknown" not in text


@given(WIDTHS, st.integers(0, 30), GLYPHS)
def test_what_hides_runs_and_marks_are_said_at_every_width(width: int, host: int, glyphs: Glyphs) -> None:
    fleet = EVERYDAY._replace(
        host="h" * host,
        filter=filter_of("name:sleeper state:cancelled"),
        sort=Sort(By.LEFT, turned=True),
        modes=frozenset({Mode.ONLY_TROUBLE}),
        marks=frozenset(EVERYDAY.order),
    )
    text = header(fleet, width, glyphs).text
    assert cells(text) == width
    assert "only trouble" in text
    assert f"{len(fleet.shown)} of {len(fleet.order)}" in text
    assert f"{len(fleet.order)} marked" in text


def test_the_header_gives_up_words_then_the_clock_then_the_order_before_a_filter() -> None:
    fleet = EVERYDAY._replace(filter=filter_of("err>0"), sort=Sort(By.LEFT, turned=True))
    widths = {
        word: next(width for width in range(60, 220) if word in header(fleet, width, UNICODE).text)
        for word in ("running", "12:0", "gpu-03", "turned", "err>0")
    }
    assert sorted(widths, key=lambda word: -widths[word]) == ["running", "12:0", "gpu-03", "turned", "err>0"]


def test_the_clock_changes_the_header_once_a_minute() -> None:
    from overnight.tui.reducer import reduce

    fleet = reduce(Fleet(now=NOW), Arrived(()))
    texts = {header(reduce(fleet, Ticked(NOW + second)), 80, UNICODE).text for second in range(30)}
    assert len(texts) == 1
