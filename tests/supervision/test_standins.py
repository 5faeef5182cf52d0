"""The stand-ins of a supervisor say what the real modules say, and give way where they cannot."""

import enum
import json
import math
import signal
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.agents import operate
from overnight.agents.supervisor import standins
from overnight.state import codec
from overnight.state.records import Request
from tests.packaging.tree import ROOT
from tests.state.test_codec import FULL
from tests.supervision.launched import ended, keeper_of, sh, supervisor

IN_A_SUPERVISOR = """\
import sys
overnight = sys.modules["overnight"] = type(sys)("overnight")
overnight.__path__ = [sys.argv[1]]
from overnight.agents.supervisor.lean import install
install()
"""
READ_AND_WRITE = """\
import sys
from overnight.state import codec, records
for line in sys.stdin.buffer:
    kind, _, data = line.partition(b" ")
    read = codec.decode(getattr(records, kind.decode()), data)
    print([(name, ascii(sorted(of) if isinstance(of, frozenset) else of)) for name, of in read._asdict().items()])
    if not isinstance(read, records.Damaged):
        print(ascii(codec.encode(read)))
"""
DAMAGED = [
    b"{",
    b'{"version": 1}',
    b"[1]",
    b'{"version": 2}',
    b'{"a": NaN} x',
    b"nul",
    b'{"\xff": 1}',
    b"",
    b'{"a":\n}',
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def interpret(program: str, given: bytes = b"") -> str:
    """What it prints, in an interpreter as bare as a supervisor's."""
    command = [sys.executable, "-I", "-S", "-c", program, str(ROOT)]
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode()


def anonymous_memory(pid: int) -> int:
    """The share in KiB that a process has of memory which no file holds: what it really costs."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:"))


def test_every_record_reads_and_is_written_as_in_any_other_process() -> None:
    kinds = [type(record).__name__.encode() for record in FULL]
    lines = [kind + b" " + codec.encode(record) for kind, record in zip(kinds, FULL, strict=True)]
    lines += [kind + b" " + data.replace(b"\n", b" ") + b"\n" for kind in kinds for data in DAMAGED]
    bare = IN_A_SUPERVISOR.partition("from ")[0]
    told = interpret(IN_A_SUPERVISOR + READ_AND_WRITE, b"".join(lines))
    assert told == interpret(bare + READ_AND_WRITE, b"".join(lines))
    assert told.count("\n") >= len(lines) + len(FULL), "every whole record was read"


BROKEN = [
    "sys.modules['_json'] = None",
    "import _json; _json.make_encoder = _json.make_scanner = None",
    "import _collections; del _collections._tuplegetter",
    "names['typing']['NamedTuple'] = type('NamedTuple', (tuple,), {'_field_defaults': {}})",
    "names['typing']['NamedTuple'].__annotations__ = {}; names['typing']['NamedTuple']._replace = tuple.__len__",
    "names['enum']['StrEnum'] = str",
    "names['json']['loads'] = lambda text: {}",
    "names['json']['dumps'] = lambda value, **how: '{}'",
    "names['json.decoder']['JSONDecodeError'] = KeyError",
    "del names['datetime']['UTC']",
    "del names['struct']",
    "names['signal']['Signals'] = int",
    "names['signal']['Signals'].name = property(lambda number: 'SIGHUP')",
]
"""Ways in which another Python may make them something else than what they stand in for."""


@pytest.mark.parametrize("broken", BROKEN)
def test_where_anything_about_the_stand_ins_is_off_the_real_modules_stay(broken: str) -> None:
    bare, _, rest = IN_A_SUPERVISOR.partition("from ")
    names = "from overnight.agents.supervisor.standins import NAMES as given\n"
    copied = "names = {name: dict(each) for name, each in given.items()}\n"
    put = "import overnight.agents.supervisor.standins as standins; standins.NAMES = names\n"
    breaks = f"{names}{copied}{broken}\n{put}" if "names[" in broken else f"{broken}\n"
    kept = (
        "import signal\nprint(*(type(sys.modules[name]).__name__ for name in ('typing', 'enum', 'json', 'signal')))\n"
    )
    line = b"Request " + codec.encode(next(each for each in FULL if isinstance(each, Request)))
    told = interpret(bare + breaks + "from " + rest + READ_AND_WRITE + kept, line)
    assert told == interpret(bare + READ_AND_WRITE, line) + "module module module module\n"


def test_a_supervisor_loads_none_of_what_is_stood_in_for() -> None:
    loads = "from overnight.agents.supervisor.__main__ import main\nprint(*sys.modules)"
    loaded = set(interpret(IN_A_SUPERVISOR + loads).split())
    assert "overnight.agents.supervisor.keeper" in loaded
    assert not loaded & {"re", "collections", "functools", "contextlib", "types", "heapq", "ctypes", "typing.io"}
    assert not loaded & {"math", "overnight.state.history", "overnight.state.errors"}


def test_a_name_that_a_stand_in_lacks_brings_the_real_modules() -> None:
    uses = """
import json, typing
text = json.JSONEncoder(indent=1).encode([1])
from typing import Literal
import traceback, enum, re, signal
print(text == "[\\n 1\\n]", Literal, enum.Flag, re.sub("a", "b", "a"), signal.strsignal(9), signal.Signals.SIGTERM.name)
"""
    told = interpret(IN_A_SUPERVISOR + uses)
    assert told == "True typing.Literal <flag 'Flag'> b Killed SIGTERM\n".replace("<flag", repr(enum.Flag)[:5])


@given(JSON, st.booleans())
def test_json_is_written_and_read_alike(value: Any, ascii_only: bool) -> None:
    text = standins.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    assert text == json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    assert standins.loads(text) == standins.loads(text.encode("utf-8", "surrogatepass")) == json.loads(text)


def said_of(loads: Callable[[str], Any], text: str) -> str:
    try:
        return repr(loads(text))
    except ValueError as error:
        return str(error)


@given(st.text(alphabet='{}[]":,.-+eE0123456789 \t\n\\utrfalsnNI', max_size=20))
def test_what_is_not_json_is_refused_in_the_same_words(text: str) -> None:
    assert said_of(standins.loads, text) == said_of(json.loads, text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_json_takes_what_is_no_number(text: str) -> None:
    assert math.isnan(standins.loads(text)) or standins.loads(text) == json.loads(text)


def test_what_json_cannot_write_is_refused() -> None:
    with pytest.raises(TypeError, match="Object of type object is not JSON serializable"):
        standins.dumps(object())


class Real(typing.NamedTuple):
    first: int
    second: str = "b"
    third: tuple[int, ...] = ()


class Lean(standins.NamedTuple):
    first: int
    second: str = "b"
    third: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("given", "named"),
    [((1,), {}), ((1, "x"), {"third": (2,)}), ((), {"first": 3}), ((), {}), ((1, 2, 3, 4), {}), ((1,), {"first": 2}),
     ((1,), {"fourth": 2})],
)  # fmt: skip
def test_a_named_tuple_is_made_of_the_same_arguments(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    lean: Any = Lean
    try:
        expected = Real(*given, **named)
    except TypeError:
        with pytest.raises(TypeError):
            lean(*given, **named)
        return
    made = lean(*given, **named)
    assert made == expected
    assert hash(made) == hash(expected)
    assert made._asdict() == expected._asdict()
    assert repr(made) == repr(expected).replace("Real", "Lean")
    assert made._replace(second="z") == expected._replace(second="z")
    assert (made.first, made.second, made.third) == tuple(expected)
    assert not hasattr(made, "__dict__")


class RealWord(enum.StrEnum):
    GO_ON = "go-on"
    STOP = "stop"


class LeanWord(standins.StrEnum):
    GO_ON = "go-on"
    STOP = "stop"


def test_a_word_of_an_enumeration_is_the_same_word() -> None:
    real, lean = list(RealWord), list(typing.cast(Any, LeanWord))
    assert real == lean
    assert len(RealWord) == len(typing.cast(Any, LeanWord))
    assert [(each.name, each.value, str(each), f"{each}") for each in real] == [
        (each.name, each.value, str(each), f"{each}") for each in lean
    ]
    assert lean[0] is LeanWord("go-on") is LeanWord.GO_ON
    assert repr(LeanWord.STOP) == repr(RealWord.STOP).replace("Real", "Lean")
    for wrong in ("go", None, 3, ["stop"]):
        with pytest.raises(ValueError, match="is not a valid LeanWord"):
            LeanWord(typing.cast(str, wrong))


def test_a_signal_has_the_name_that_it_always_has() -> None:
    for number in range(70):
        try:
            name = signal.Signals(number).name
        except ValueError:
            with pytest.raises(ValueError, match="is not a valid Signals"):
                standins.Signals(number)
        else:
            assert standins.Signals(number).name == name


def test_a_supervisor_and_its_keeper_take_little_more_than_two_bare_interpreters(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    bare = [sys.executable, "-I", "-S", "-c", "print(flush=True); input()"]
    with subprocess.Popen(bare, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "\n"
        alone = anonymous_memory(started.pid)
        started.communicate("\n")
    both = anonymous_memory(supervisor(run).pid) + anonymous_memory(keeper_of(run))
    operate.kill(run)
    assert both < 2.3 * alone, f"{both} KiB: what was imported, or written after the fork?"
    ended(run)
