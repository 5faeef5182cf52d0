"""Does what PLAN, a JSON file, says: `items` (key and content), `bad` ones that fail, `kind` of source, and what
happens in the body of an item (`do`: key -> die, crash, stop, cancel, pause). Appends each body's key to BODIES."""

import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from overnight.agents import Lines, Run, start
from overnight.agents.walk import Order
from overnight.state import control
from overnight.state.records import Verb
from overnight.state.rundir import RunDir


def obey(run: Run, told: str | None) -> None:
    """Happens inside of the item, once what it writes is written: heard at its edge, or never."""
    records, myself = RunDir(run.directory), os.getpid()
    match told:
        case "die":
            os.kill(myself, signal.SIGKILL)
        case "stop":
            os.kill(myself, signal.SIGTERM)
        case "cancel":
            control.ask(records, Verb.CANCEL)
            os.kill(myself, signal.SIGTERM)
        case "pause":
            control.ask(records, Verb.PAUSE)
            os.kill(myself, signal.SIGTSTP)


def source_of(plan: dict[str, Any]) -> Iterable[str]:
    """Items as text, key and content, in the form that the plan wants."""
    items = [f"{key} {content}" for key, content in plan["items"]]
    match plan["kind"]:
        case "stream":
            return iter(items)
        case "lines":
            path = Path(sys.argv[1]).with_name("lines.txt")
            path.write_text("".join(f"{item}\n" for item in items))
            return Lines(path)
    return items


def key_of(item: str) -> str:
    return item.partition(" ")[0]


def content_of(item: str) -> str:
    return item.partition(" ")[2]


def main(run: Run) -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    out, bodies = run.artifact("out.txt"), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    order: Order = "any" if plan["kind"] == "any" else "source"
    for guarded in run.each(source_of(plan), key=key_of, version=content_of, guard=True, order=order):
        with guarded as item:
            key = key_of(item)
            os.write(bodies, f"{key}\n".encode())
            out.write(f"{item}\n")
            run.count(items=1, content=int(content_of(item)))
            told = plan["do"].get(key)
            obey(run, told)
            if key in plan["bad"]:
                raise ValueError(f"bad: {key}")
        if told == "crash":
            raise RuntimeError(f"crashed in {key}")


if __name__ == "__main__":
    start(main)
