"""Many commands of `overnight` at the same instant. Standard input: a JSON array of their words; standard output: one
of [exit code, standard error]. Each is a fork that has loaded everything, and waits until all are there.
"""

import importlib
import json
import os
import sys

from overnight.tui import cli

wanted = json.load(sys.stdin)
for verb in {words[0] for words in wanted}:
    importlib.import_module(f"overnight.tui.commands.{verb}")
waiting, go = os.pipe()
said = [os.memfd_create(words[0]) for words in wanted]
pids = []
for words, file in zip(wanted, said, strict=True):
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(file, 2)
        os.read(waiting, 1)
        sys.argv[1:] = words
        code: object = 1
        try:
            code = cli.main()
        except SystemExit as left:
            code = left.code
        finally:
            sys.stderr.flush()
            os._exit(code if isinstance(code, int) else 0)
    pids.append(pid)
os.close(go)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
json.dump([[code, os.pread(file, 1 << 20, 0).decode()] for code, file in zip(codes, said, strict=True)], sys.stdout)
