"""A fleet whose every text is hostile, and what a terminal may be sent in spite of it."""

import base64
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from overnight.state.records import Exit, Heartbeat, Outcome
from overnight.state.rundir import RunDir
from tests.tui.driven import a_supervised_run, an_ended_run

SECRET = "c2VjcmV0"
"""What a code carries; seen nowhere, because codes vanish with their bodies."""
CODES = (
    "\x1b[2J\x1b[1;1H\x1b[31;5m",
    f"\x1b]0;{SECRET}\x07",
    f"\x1b]8;;http://{SECRET}/\x1b\\",
    f"\x1b]52;c;{SECRET}\x07",
    f"\x1bP1$r{SECRET}\x1b\\",
    f"\x1b_{SECRET}\x1b\\\x1b^{SECRET}\x1b\\\x1bX{SECRET}\x1b\\",
    f"\x9b2J\x9d0;{SECRET}\x9c\x90{SECRET}\x9c\x85\x8d",
    "\x1bc\x1b(0\x1b#8\x1b=\x1b[!p\x1b[?1049l\x1b[?1003h\x1b[5n\x1b[c",
    "\x00\x01\x05\x07\x08\x0b\x0c\x0e\x0f\x7f",
    "\r\n\t\u2028\u2029",
)
MARKUP = "[/x][bold][@click=app.leave][link=http://x]{0}%s$x\\["
SHAPES = (
    "日本語한국어",
    "👩\u200d👩\u200d👧👋🏽🇩🇪❤\ufe0f",
    "e\u0301\u0308\u0323\u0332z\u0310\u0334a\u034f",
    "हिन्दी ไทย ผู้ ꙮ﷽䷀",
    "\u202egpj\u202c\u2066x\u2069\u2067y\u202d\u200f\u061c",
    "\u200b\u200c\u2060\ufeff\u00ad\u180e\u3164\u115f\uffa0\U000e0041\ufe0f",
    "\ud800\udfff\udc80",
    "\u0430\u0301",
)
EVIL = "ev" + "".join(CODES) + MARKUP + "".join(SHAPES) + "il"
RAW = EVIL.encode("utf-8", "surrogatepass")
TRACEBACK = f'Traceback (most recent call last):\n  File "{EVIL}", line 1, in {EVIL}\n    {EVIL}\n{EVIL}: {EVIL}\n'
LONG = 10_000_000
"""Bytes of a line that is longer than anybody will read."""
STREAM = re.compile(
    r"[^\x00-\x1f\x7f-\x9f]"
    # Movement, colours, erasing; modes and what is asked about them; the keyboard's protocol; the cursor's shape.
    r"|\x1b\[[0-9;:]*[HCmJKrq]|\x1b\[\?[0-9;]+[hl]|\x1b\[\?[0-9;]+\$p|\x1b\[[<>=][0-9;]*u|\x1b\[[0-9] q"
    r"|[\r\n\b]|\x1b\[[0-9;]*[ABDG]|\x1b\]22;default\x07|\x1b\[6n"
)
"""What the interface and the command line themselves write."""
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
"""What hides, or turns round what stands beside it."""
COPIED = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
"""What the interface puts into the clipboard when it is asked to."""


def faults_of(raw: bytes) -> list[str]:
    """What was written that is neither a plain character nor one of our own codes. `raw`: all bytes, from the first."""
    text = COPIED.sub(lambda copied: base64.b64decode(copied[1]), raw).decode()
    places = [*_strange_places(text), *(each.start() for each in UNSEEN.finditer(text))]
    return [f"at {at}: {text[max(0, at - 40) : at + 40]!r}" for at in places[:5]]


def _strange_places(text: str) -> Iterator[int]:
    at = 0
    while at < len(text):
        if (known := STREAM.match(text, at)) is None:
            yield at
            at += 1
        else:
            at = known.end()


def put(path: str, value: object) -> None:
    """As any program in any language writes JSON: a lone surrogate is six plain characters in it."""
    Path(path).write_bytes(json.dumps(value).encode())


def add(path: str, *values: object) -> None:
    with open(path, "ab") as file:
        file.writelines(json.dumps(value).encode() + b"\n" for value in values)


def progress(evil: str) -> dict[str, Any]:
    return {
        "version": 1, "status": "running", "total_items": 100, "processed_items": 40, "failed_items": 1,
        "current_item": evil, "unit": evil, "phase": evil, "message": evil, "counters": {evil: 1, f"b{evil}": 2.5},
        "phases": [{"name": evil, "processed_items": 1, "total_items": 2}, {"name": f"b{evil}"}],
        "errors": [evil, {"item": evil, "type": evil, "message": evil}], "attempt": 1, "updated_at": time.time(),
        "estimated_completion": evil, "percent_complete": evil, evil: evil, "extra": {evil: [evil]},
    }  # fmt: skip


def heartbeat(evil: str, pid: int) -> dict[str, Any]:
    return {
        "version": 1, "status": evil, "last_heartbeat": time.time(), "pid": pid, "handles": [evil, "pause", "stop"],
        "waiting": {"for": evil, "until": time.time() + 600}, "attempt": 1, evil: evil, "uptime_seconds": evil,
    }  # fmt: skip


def item_errors(evil: str) -> list[dict[str, Any]]:
    fault = {"at": time.time(), "attempt": 1, "item": evil, "type": evil, "message": evil, "outcome": evil}
    return [fault | {"traceback": f"{TRACEBACK}{evil}"}, fault | {"item": f"b{evil}"}, {evil: evil, "message": [evil]}]


def events(evil: str) -> list[dict[str, Any]]:
    return [
        {"at": time.time(), "event": evil, "attempt": 1, "by": evil, "detail": {evil: evil, "reason": evil}},
        {"at": time.time(), "event": "started", "by": evil, "detail": {"pid": evil}},
        {"at": time.time(), "event": "ended", "by": evil, "detail": {"reason": evil, "outcome": evil}},
    ]


def request(evil: str) -> dict[str, Any]:
    options = {"group": evil, evil: evil, "minutes": evil}
    return {"version": 1, "number": 1, "verb": "pause", "attempt": 1, "by": evil, "at": time.time(), "options": options}


def poison(run: RunDir) -> None:
    """Put it into every record of the run, and into what it has said."""
    evil = EVIL
    spec = json.loads(Path(run.spec_path).read_bytes())
    texts = {"group": evil, "command": [evil, evil], "cwd": evil, "by": evil, "on_stall": evil, "after": [evil]}
    put(run.spec_path, spec | texts | {"name": evil, "labels": {evil: evil}, evil: evil})
    put(run.file("env.json"), {"version": 1, "environment": {evil: evil}, "umask": 18, evil: evil})
    supervisor = json.loads(Path(run.supervisor_path).read_bytes())
    put(run.supervisor_path, supervisor | {"host": evil, "reason": evil})
    put(run.progress_path, progress(evil))
    put(run.heartbeat_path, heartbeat(evil, os.getpid()))
    put(run.request_path(1), request(evil))
    add(run.errors_path, *item_errors(evil))
    add(run.history_path, *events(evil))
    add(run.origins_path, {"at": time.time(), "attempt": 1, "digest": evil, "files": {evil: evil, f"b{evil}": evil}})
    for name in ("output.log", "stacks.txt", "supervisor.log"):
        Path(run.file(name)).write_bytes(b"\n".join([RAW] * 30) + b"\n")


def log_a_long_line(run: RunDir) -> None:
    with Path(run.output_path).open("ab") as log:
        log.write(b"x" * LONG + RAW + b"\n")


FAILED = Exit(Outcome.FAILED, 1, attempts=1, started_at=1.0, ended_at=2.0)


@contextmanager
def a_hostile_fleet(home: Path) -> Iterator[RunDir]:
    """Runs of every kind that say nothing but this, one whose name has each of the shapes, and a plain one.

    The one that lives, and says the most.
    """
    (home / "runs").mkdir(exist_ok=True, mode=0o700)
    with ExitStack() as opened:
        # None of them is to become silent while it is looked at.
        beat = Heartbeat(interval_seconds=100, attempt=1)
        opened.enter_context(a_supervised_run(home, "plain", heartbeat=beat))
        for number, shape in enumerate(SHAPES):
            shaped = opened.enter_context(a_supervised_run(home, f"shape{number}", heartbeat=beat))
            put(shaped.spec_path, json.loads(Path(shaped.spec_path).read_bytes()) | {"name": shape})
        failed, damaged, waiting = (an_ended_run(home, name, FAILED) for name in ("failed", "damaged", "waiting"))
        poison(failed)
        put(failed.exit_path, json.loads(Path(failed.exit_path).read_bytes()) | {"code": None, **_all_of(*ENDS)})
        for path in (damaged.spec_path, damaged.exit_path, damaged.progress_path):
            Path(path).write_bytes(RAW)
        _queue(home, waiting)
        _name_a_folder(home, failed)
        victim = opened.enter_context(a_supervised_run(home, "victim"))
        poison(victim)
        yield victim


ENDS = ("signal", "reason", "limit")


def _all_of(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, EVIL)


def _queue(home: Path, run: RunDir) -> None:
    """Nothing of it has begun, and its group is paused by somebody with a strange name."""
    for path in (run.exit_path, run.supervisor_path, run.attempt_path(1), run.progress_path, run.heartbeat_path):
        os.unlink(path)
    put(run.spec_path, json.loads(Path(run.spec_path).read_bytes()) | {"group": "held"})
    held = {"slots": 1, "paused": True, "by": EVIL}
    put(str(home / "groups.json"), {"version": 1, "groups": {"held": held, EVIL: held}})


def _name_a_folder(home: Path, like: RunDir) -> None:
    """What is queued in it comes after runs of strange names."""
    name = EVIL.encode("utf-8", "replace").replace(b"\0", b"").replace(b"/", b"")[:200]
    folder = home / "runs" / os.fsdecode(name)
    folder.mkdir(mode=0o700)
    put(str(folder / "spec.json"), json.loads(Path(like.spec_path).read_bytes()))
