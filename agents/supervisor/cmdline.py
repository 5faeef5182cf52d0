"""The command line of a forked supervisor, as `ps` shows it: its own run, of all that were handed over together."""

import os
import sys

_ARGUMENTS_BEGIN = 45
"""Of the fields of /proc/PID/stat behind the command's name, see proc(5): number 48 there, arg_start."""

_PATHS_BEGIN = 4
"""In the arguments that a launcher gives: behind the root, the number of descriptors, and whether they may begin."""


class CommandLine:
    """Of this process, and of what is forked from it after `show`. Looked at once for all of them."""

    def __init__(self) -> None:
        paths = sys.argv[_PATHS_BEGIN:]
        self._kept, self._length, self._begins = b"", 0, 0
        try:
            with open("/proc/self/cmdline", "rb") as file:
                shown = file.read()
            with open("/proc/self/stat", "rb") as file:
                self._begins = int(file.read().rpartition(b")")[2].split()[_ARGUMENTS_BEGIN])
        except (OSError, ValueError, IndexError):
            return
        self._kept = shown[: len(shown) - sum(len(os.fsencode(each)) + 1 for each in paths)]
        self._length = len(shown)

    def show(self, path: str) -> None:
        """Leave `path` of all paths among the arguments. Nothing depends on it: where that is refused, it stays."""
        if not self._begins:
            return
        try:
            memory = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            os.pwrite(memory, (self._kept + os.fsencode(path)).ljust(self._length, b"\0"), self._begins)
        except OSError:
            pass
        finally:
            os.close(memory)
