"""Waits in one item, and would look by itself only after ten minutes: it goes by what it hears."""

import overnight.agents.hold
from overnight.agents import Run, start


def main(run: Run) -> None:
    for _ in run.each(["the one"]):
        run.sleep(3600)


if __name__ == "__main__":
    assert hasattr(overnight.agents.hold, "LOOK_AFTER")
    overnight.agents.hold.LOOK_AFTER = 600
    start(main)
