"""Does what PLAN, a JSON file, says: `items` (key and content), `bad` ones that fail, `kind` of source, and what
happens in the body of an item (`do`: key -> die, crash, stop, cancel, pause). Appends each body's key to BODIES."""

import json
import os
import signal
import sys
from pathlib import Path

from overnight.agents import Run, start
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


def main(run: Run) -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    contents = dict(plan["items"])
    out, bodies = run.artifact("out.txt"), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for guarded in run.each(iter(contents) if plan["kind"] == "stream" else list(contents), guard=True):
        with guarded as key:
            os.write(bodies, f"{key}\n".encode())
            out.write(f"{key} {contents[key]}\n")
            run.count(items=1, content=contents[key])
            told = plan["do"].get(key)
            obey(run, told)
            if key in plan["bad"]:
                raise ValueError(f"bad: {key}")
        if told == "crash":
            raise RuntimeError(f"crashed in {key}")


if __name__ == "__main__":
    start(main)
