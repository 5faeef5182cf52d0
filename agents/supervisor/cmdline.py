"""The command line of a forked supervisor, as `ps` shows it: its own run, of all that were handed over together."""

import os
import sys

_ARGUMENTS_BEGIN = 45
"""Of the fields of /proc/PID/stat behind the command's name, see proc(5): number 48 there, arg_start."""

_PATHS_BEGIN = 4
"""In the arguments that a launcher gives: behind the root, the number of descriptors, and whether they may begin."""


def show(path: str) -> None:
    """Leave `path` of all paths among the arguments. Nothing depends on it: where that is refused, it stays."""
    try:
        with open("/proc/self/cmdline", "rb") as file:
            shown = file.read()
        with open("/proc/self/stat", "rb") as file:
            begin = int(file.read().rpartition(b")")[2].split()[_ARGUMENTS_BEGIN])
        kept = shown[: len(shown) - sum(len(os.fsencode(each)) + 1 for each in sys.argv[_PATHS_BEGIN:])]
        memory = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
    except (OSError, ValueError, IndexError):
        return
    try:
        os.pwrite(memory, (kept + os.fsencode(path)).ljust(len(shown), b"\0"), begin)
    except OSError:
        pass
    finally:
        os.close(memory)
