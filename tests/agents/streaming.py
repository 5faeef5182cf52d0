"""An agent that streams COUNT generated items: its memory must not depend on COUNT."""

import sys

from overnight.agents import Run, start


def main(run: Run) -> None:
    out = run.artifact("out.txt")
    for item in run.each(f"{number:030d}" for number in range(int(sys.argv[1]))):
        out.write(item[-8:])


if __name__ == "__main__":
    start(main)
