"""What a job file declares, and what is said about one that makes no sense."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.agents.launchers.job_keys import OF_A_RUN
from overnight.agents.launchers.jobs import Job, JobFile, jobs_of, waves_of
from overnight.agents.launchers.toml_reading import Mistake, Unfit
from overnight.state.records import Restart

WHOLE = """\
version = 1

[group.gpu]
slots = 2

[run.fetch]
command = "curl -s https://example.org | tar x"   # by sh -c

[run.train]
command = [
    "python",
    "train.py",
]
cwd = "work"
after = ["fetch"]
group = "gpu"
priority = -3
retries = 3
restart = "always"
stall = "30m"
time_limit = "1d12h"
memory_limit = "1.5G"
log_limit = "none"
stop_grace = 0.5
delay = 60

[run.train.env]
THREADS = "4"

[run.eval]
command = ["true"]
after = ["train:ended", "other-a1b2c3"]
labels = { team = "vision" }
"""


def said_of(text: str) -> list[str]:
    """Every mistake, as `line: what`."""
    return [f"{each.line}: {each.what}" for each in jobs_of(text).mistakes]


def of_a_run(line: str) -> list[str]:
    """What is said of a run with this line in it, without where it stands."""
    said = said_of(f'[run.a]\ncommand = "true"\n{line}\n')
    assert all(each.startswith("3: run.a") for each in said), said
    return [each.removeprefix("3: run.a") for each in said]


def test_a_file_declares_runs_by_name_and_the_slots_of_groups() -> None:
    file = jobs_of(WHOLE)
    assert file.mistakes == ()
    assert file.slots == {"gpu": 2}
    assert list(file.jobs) == ["fetch", "train", "eval"]
    assert file.jobs["fetch"] == Job("fetch", {"command": ("sh", "-c", "curl -s https://example.org | tar x")})
    train = file.jobs["train"]
    assert (train.after, train.delay, train.at, train.priority) == (("fetch",), 60, None, -3)
    assert train.said == {
        "command": ("python", "train.py"),
        "cwd": "work",
        "environment": {"THREADS": "4"},
        "group": "gpu",
        "priority": -3,
        "retries": 3,
        "restart": Restart.ALWAYS,
        "stall": 1800,
        "time_limit": 129_600,
        "memory_limit": 3 << 29,
        "log_limit": 0,
        "stop_grace": 0.5,
    }
    assert file.jobs["eval"].after == ("train:ended", "other-a1b2c3")
    assert file.jobs["eval"].said["labels"] == {"team": "vision"}


def test_all_mistakes_are_told_at_once_by_line() -> None:
    text = """\
version = 2
runs = 1
[run.train]
comand = "true"
[run.eval]
command = ["python",
           3]
[run.eval.env]
A = 1
[run."a b"]
command = "true"
[run.stray]
nice = "much"
[group.gpu]
slot = 1
"""
    assert said_of(text) == [
        "1: version: must be 1: this overnight reads no other",
        '2: unknown key "runs" (did you mean "run"?)',
        '4: run.train: unknown key "comand" (did you mean "command"?)',
        '7: run.eval.command: must be text: "…"',
        '9: run.eval.env.A: must be text: "…"',
        "10: run.a b: not a name: letters, digits, dot, dash, underscore, at most 64",
        '12: run.stray: command is missing: ["…", "…"], or "…" for sh -c',
        "13: run.stray.nice: must be a whole number, 0 or more",
        '15: group.gpu: unknown key "slot" (did you mean "slots"?)',
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("label = {}", ': unknown key "label" (did you mean "labels"?)'),
        ("colour = 1", ': unknown key "colour"'),
        ("retries = true", ".retries: must be a whole number, 0 or more"),
        ("retries = 1.0", ".retries: must be a whole number, 0 or more"),
        ("retries = -1", ".retries: must be a whole number, 0 or more"),
        (f"nice = 1{'0' * 400}", ".nice: must be a whole number, 0 or more"),
        ('priority = "1"', ".priority: must be a whole number"),
        ('stall = "soon"', ".stall: 'soon' is not a span of time such as 90, 30m or 1d12h"),
        ("stall = -1", '.stall: must be seconds, or a span of time such as "30m" or "1d12h"'),
        ("stall = nan", '.stall: must be seconds, or a span of time such as "30m" or "1d12h"'),
        ("delay = inf", '.delay: must be seconds, or a span of time such as "30m" or "1d12h"'),
        ('memory_limit = "none"', ".memory_limit: 'none' is not a size such as 64M or 1.5G"),
        ("memory_limit = 1.5", '.memory_limit: must be bytes, or a size such as "64M" or "1.5G"'),
        ('restart = "sometimes"', ".restart: must be one of never, on-failure, always"),
        ('group = "a b"', ".group: must be a name: letters, digits, dot, dash, underscore, at most 64"),
        ("cwd = 3", '.cwd: must be text: "…"'),
        ('cwd = "a\\u0000"', ".cwd: must not hold the character NUL"),
        ('env = ["A"]', '.env: must be a table of texts: {NAME = "…"}'),
        ('env = { "A=B" = "x" }', ".env.A=B: cannot be a NAME"),
        ('labels = { "" = "x" }', ".labels.: cannot be a KEY"),
        ("after = 1", '.after: must be a list of texts: ["…", "…"]'),
        ('after = "b:done"', '.after: "b:done" is neither RUN nor RUN:ended'),
        ('after = "a"', ": waits for itself: a after a"),
        ("at = 02:30:15", ".at: must be to the minute: 02:30:00"),
        ('at = "02:30"\ndelay = 5', ": delay and at say two times: name one of them"),
    ],
)
def test_a_value_that_is_none_is_told_with_what_it_must_be(line: str, what: str) -> None:
    assert of_a_run(line) == [what]


@pytest.mark.parametrize("value", ["[]", '""', '"  "', "[1]", "1", "{}", '"\\u0000"', '["a\\u0000"]'])
def test_a_command_that_is_none(value: str) -> None:
    (said,) = said_of(f"[run.a]\ncommand = {value}\n")
    assert said.startswith("2: run.a.command: ")


def test_a_secret_is_not_told() -> None:
    for line in ('env = { KEY = ["s3cret"] }', 'env = "s3cret"', 'env = { "=" = "s3cret" }'):
        (said,) = of_a_run(line)
        assert "s3cret" not in said


def test_a_time_may_be_text_or_tomls_own() -> None:
    def at(value: str) -> str | None:
        return jobs_of(f'[run.a]\ncommand = "true"\nat = {value}\n').jobs["a"].at

    assert at('"02:30"') == at(time(2, 30).isoformat()) == "02:30"
    assert at("2026-11-28 02:30:00Z") == "2026-11-28T02:30:00+00:00"
    assert at("2026-11-28") == "2026-11-28"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[run.a]\ncommand = 'true\n", 2),
        ("[run.a\n", 1),
        ("\n\n= 3\n", 3),
        ("[run.a]\ncommand = ['x',\n\n", 3),
        ("[run.a]\n[run.a]\n", 2),
        ("a = 1\r\nb = \x01\r\n", 2),
        ("a = 2026-13-01\n", 1),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, line: int) -> None:
    (mistake,) = jobs_of(text).mistakes
    assert mistake.line == line
    assert mistake.what.startswith("not TOML: ")


def test_what_no_reader_of_toml_takes_is_a_mistake_too() -> None:
    for text in ("a = " + "[" * 100_000, "a = " + "9" * 10_000, "a = " + "{a=" * 50_000):
        (mistake,) = jobs_of(text).mistakes
        assert mistake.what.startswith("not TOML")
        assert len(mistake.what) < 200


def test_a_file_without_a_run_is_no_job_file() -> None:
    nothing = Mistake("declares no run: [run.NAME], and below it its command")
    for text in ("", "# nothing\n", "version = 1\n", "[run]\n", "[group.a]\nslots = 1\n"):
        assert jobs_of(text).mistakes == (nothing,)


@pytest.mark.parametrize("text", ["run = 3", "[[run]]", "run.a = 3", "[[run.a]]", "run = 'x'", "run = [1]"])
def test_what_should_be_tables_and_is_not(text: str) -> None:
    (said,) = said_of(text)
    assert said.startswith("1: run")
    assert "must be" in said


def test_a_group_has_slots_or_no_limit() -> None:
    assert jobs_of('[run.a]\ncommand="x"\n[group.g]\nslots = "none"').slots == {"g": None}
    assert jobs_of('[run.a]\ncommand="x"\n[group.g]\nslots = 0').slots == {"g": 0}
    for value in ("-1", "true", '"many"', "[]", "{}", "1.5"):
        (said,) = said_of(f'[run.a]\ncommand="x"\n[group.g]\nslots = {value}')
        assert said == '4: group.g.slots: must be a whole number, 0 or more, or "none"'


def chain(**after: list[str]) -> JobFile:
    runs = (f'[run.{name}]\ncommand = "true"\nafter = {awaited}\n' for name, awaited in after.items())
    return jobs_of("".join(runs))


def test_every_circle_is_told_once() -> None:
    file = chain(a=["b"], b=["c:ended"], c=["a"], x=["x"], y=["a"], z=["elsewhere"])
    assert [each.what for each in file.mistakes] == [
        "run.a: waits for itself: a after b after c after a",
        "run.x: waits for itself: x after x",
    ]
    assert [each.line for each in file.mistakes] == [3, 12]


@given(st.data())
def test_a_run_is_launched_behind_all_it_comes_after(data: st.DataObject) -> None:
    names = [f"r{number}" for number in range(data.draw(st.integers(1, 8)))]
    order = data.draw(st.permutations(names))
    after = {
        name: data.draw(st.lists(st.sampled_from(order[:place]), max_size=3)) if place else []
        for place, name in enumerate(order)
    }
    file = chain(**{name: after[name] for name in names})
    assert file.mistakes == ()
    waves = [[job.name for job in wave] for wave in waves_of(file.jobs)]
    assert sorted(name for wave in waves for name in wave) == sorted(names)
    place = {name: number for number, wave in enumerate(waves) for name in wave}
    for name in names:
        assert place[name] == max((place[each] + 1 for each in after[name]), default=0)


def test_the_highest_priority_is_launched_first_then_as_in_the_file() -> None:
    text = "".join(
        f'[run.{name}]\ncommand = "true"\npriority = {priority}\n'
        for name, priority in zip("abcd", (0, 5, 0, 5), strict=True)
    )
    ((*wave,),) = waves_of(jobs_of(text).jobs)
    assert [job.name for job in wave] == ["b", "d", "a", "c"]


FRAGMENTS = [
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    '"""',
    "=",
    ".",
    ",",
    "\n",
    "\r",
    "#",
    "\\",
    "\0",
    "1",
    "true",
    "run",
    "é",
    "[[",
    "-",
]


@given(st.data())
def test_whatever_is_done_to_a_file_gives_jobs_or_mistakes_with_lines(data: st.DataObject) -> None:
    text = WHOLE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 20)))
        text = text[:start] + data.draw(st.sampled_from([*FRAGMENTS, ""])) + text[end:]
    file = jobs_of(text)
    last = text.count("\n") + 1
    for mistake in file.mistakes:
        assert mistake.line is None or 1 <= mistake.line <= last
        assert mistake.line is not None or mistake.what.startswith("declares no run")
        assert mistake.what
    if not file.mistakes:
        assert [job for wave in waves_of(file.jobs) for job in wave]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.times() | st.dates() | st.datetimes(),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(st.text(), within, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(OF_A_RUN)), ANYTHING)
def test_whatever_a_key_holds_it_is_read_or_refused(key: str, value: object) -> None:
    try:
        read = OF_A_RUN[key](value)
    except Unfit as unfit:
        told = [what for _, what in unfit.found]
    else:
        assert read is not None
        told = ["read"]
    assert told
    assert all(told)
