"""What is above everything on a machine: `outer.py reaps|keeps COMMAND…`. Orphans of the command become its children.

It reaps each at once, as an init does, or none of them, as the first process of many containers.
"""

import ctypes
import os
import subprocess
import sys

SET_CHILD_SUBREAPER = 36
kind, *command = sys.argv[1:]
assert ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
process = subprocess.Popen(command)
if kind == "keeps":
    sys.exit(process.wait())
while True:
    pid, status = os.waitpid(-1, 0)
    if pid == process.pid:
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
