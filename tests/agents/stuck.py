"""An agent that works well for some items and then hangs in one, beating all the while."""

import threading

from overnight.agents import Run, start


def main(run: Run) -> None:
    for item in run.each(range(10)):
        if item == 3:
            threading.Event().wait()


if __name__ == "__main__":
    start(main)
