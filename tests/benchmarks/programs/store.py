"""COUNT items, each with its output, kept by another STORE in FOLDER; answers what one of them took, in µs.

Each does for an item what makes it and its output safe in that store, in a loop as an author would write it.
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.programs.workload import OUTPUT, answer, keys

RAW = OUTPUT.encode()
Seconds = float


def append_log(folder: Path, source: list[str]) -> Seconds:
    """The floor: the output, then a line, without a checksum, a position or a way back."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    out, log = os.open(folder / "out.txt", flags), os.open(folder / "done.log", flags)
    began = time.perf_counter()
    for key in source:
        os.write(out, RAW)
        os.write(log, f"{key}\n".encode())
    return time.perf_counter() - began


def sqlite_fastest(folder: Path, source: list[str]) -> Seconds:
    """One tree instead of two, and each statement a transaction of its own."""
    connection = _wal(folder, "NORMAL")
    connection.isolation_level = None
    connection.execute("CREATE TABLE done (key TEXT PRIMARY KEY, output TEXT) WITHOUT ROWID")
    began = time.perf_counter()
    for key in source:
        connection.execute("INSERT INTO done VALUES (?, ?)", (key, OUTPUT))
    return time.perf_counter() - began


def sqlite_plain(folder: Path, source: list[str]) -> Seconds:
    return _sqlite(folder, source, "NORMAL")


def sqlite_full(folder: Path, source: list[str]) -> Seconds:
    return _sqlite(folder, source, "FULL")


def _sqlite(folder: Path, source: list[str], synchronous: str) -> Seconds:
    """As it is mostly written."""
    connection = _wal(folder, synchronous)
    connection.execute("CREATE TABLE done (key TEXT PRIMARY KEY, output TEXT)")
    began = time.perf_counter()
    for key in source:
        with connection:
            connection.execute("INSERT INTO done VALUES (?, ?)", (key, OUTPUT))
    return time.perf_counter() - began


def _wal(folder: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "done.sqlite")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def lmdb(folder: Path, source: list[str]) -> Seconds:
    import lmdb

    environment = lmdb.open(str(folder / "done.lmdb"), map_size=1 << 32, sync=False)
    began = time.perf_counter()
    for key in source:
        with environment.begin(write=True) as transaction:
            transaction.put(key.encode(), RAW)
    return time.perf_counter() - began


def whole_json(folder: Path, source: list[str]) -> Seconds:
    """As scripts do it: the list of what is done is written anew after each item."""
    done = list(keys(int(sys.argv[4])))
    state = folder / "done.json"
    began = time.perf_counter()
    with (folder / "out.txt").open("a") as out:
        for key in source:
            out.write(OUTPUT)
            out.flush()
            done.append(key)
            state.write_text(json.dumps(done))
    return time.perf_counter() - began


def dbos(folder: Path, source: list[str]) -> Seconds:
    from dbos import DBOS

    DBOS(config={"name": "benchmark", "system_database_url": f"sqlite:///{folder}/done.sqlite", "log_level": "ERROR"})

    def work(_key: str) -> str:
        return OUTPUT

    step = DBOS.step()(work)

    def workflow() -> Seconds:
        began = time.perf_counter()
        for key in source:
            step(key)
        return time.perf_counter() - began

    durable = DBOS.workflow()(workflow)
    DBOS.launch()
    seconds: Seconds = durable()
    DBOS.destroy()
    return seconds


STORES: dict[str, Callable[[Path, list[str]], Seconds]] = {
    "append": append_log,
    "sqlite-fastest": sqlite_fastest,
    "sqlite-plain": sqlite_plain,
    "sqlite-full": sqlite_full,
    "lmdb": lmdb,
    "json": whole_json,
    "dbos": dbos,
}

if __name__ == "__main__":
    count = int(sys.argv[3])
    answer(microseconds=STORES[sys.argv[1]](Path(sys.argv[2]), list(keys(count))) / count * 1e6)
