"""An agent that finishes three items in each attempt, and then dies of an error."""

from overnight.agents import Run, start


def main(run: Run) -> None:
    for count, _ in enumerate(run.each(range(100))):
        if count == 3:
            raise RuntimeError("no room at the inn")


if __name__ == "__main__":
    start(main)
