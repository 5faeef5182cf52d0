"""An agent that writes wherever the SDK can write: items that fail, nested outputs, steps, counters, a long wait."""

import sys

from overnight.agents import Run, start


def main(run: Run) -> None:
    out, whole = run.artifact("deep/er/out.txt"), run.artifact("deep/whole.txt")
    run.step("once", lambda: "result")
    for guarded in run.each(range(4), guard=True):
        with guarded as item:
            out.write(f"item {item}\n")
            run.count(items=1)
            if item == 1:
                raise ValueError("it is odd")
    whole.replace("all of it")
    if "wait" in sys.argv:
        run.sleep(600)


if __name__ == "__main__":
    start(main)
