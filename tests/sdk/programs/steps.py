"""COUNT items of two steps each behind one of the run, and what they gave, as it is remembered.

EFFECTS is told of every call: "began WHAT" and "ended WHAT TOKEN"; a token is never given twice.
"""

import os
import sys
import time

from overnight.agents import Run, start


def told(what: str) -> str:
    token = os.urandom(8).hex()
    effects = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(effects, f"began {what}\n".encode())
    time.sleep(0.002)
    os.write(effects, f"ended {what} {token}\n".encode())
    os.close(effects)
    return token


def main(run: Run) -> None:
    out = run.artifact("tokens.txt")
    whole = run.step("whole", told, "run whole")
    for item in run.each(range(int(sys.argv[1]))):
        first = run.step("first", told, f"{item} first")
        time.sleep(0.002)
        second = run.step("second", told, f"{item} second")
        out.write(f"{item} {whole} {first} {second}\n")
        time.sleep(0.002)


if __name__ == "__main__":
    start(main)
