"""Records as a failing disk, another program or a careless hand leaves them. The same seed damages the same way."""

import json
import os
import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

LARGE, VERY_LARGE = 8 * 1024 * 1024, 100 * 1024 * 1024
"""Bytes of the largest files; on the disk they have none."""

WRONG: tuple[Any, ...] = (
    None, True, "", "x" * 5000, "\ud800", "\x1b[2J\x00", -1, 0, 10**400, -(10**30), 1e308, float("nan"), float("inf"),
    [], [[]], {}, {"a": {"b": None}}, [None] * 300, "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00", "now", 2**63,
)  # fmt: skip


def cut_short(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def flipped(data: bytes, chance: random.Random) -> bytes:
    bits = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 8))):
        bits[chance.randrange(len(bits))] ^= 1 << chance.randrange(8)
    return bytes(bits)


def overwritten(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + chance.randbytes(chance.randrange(1, 40)) + data[start + 20 :]


def of_zeros(data: bytes, chance: random.Random) -> bytes:
    return bytes(len(data)) if chance.random() < 0.5 else data[: len(data) // 2] + bytes(len(data) // 2)


def nested(data: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((50, 2_000, 100_000))
    return chance.choice((b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth))


def of_wrong_kinds(data: bytes, chance: random.Random) -> bytes:
    """Still JSON: some of its values are of another kind, some are missing, some are new."""
    lines = [json.loads(line) for line in data.splitlines()]
    record = chance.choice(lines)
    for _ in range(chance.choice((1, 1, 2, 5))):
        name = chance.choice(sorted(record) or ["version"])
        match chance.randrange(4):
            case 0:
                record.pop(name, None)
            case 1 if isinstance(record.get(name), dict) and record[name]:
                record[name][chance.choice(sorted(record[name]))] = deepcopy(chance.choice(WRONG))
            case _:
                record[name] = deepcopy(chance.choice(WRONG))
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def another_value(data: bytes, chance: random.Random) -> bytes:
    return json.dumps(chance.choice(WRONG)).encode()


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut_short, flipped, flipped, overwritten, of_zeros, nested, of_wrong_kinds, of_wrong_kinds, of_wrong_kinds,
    another_value,
)  # fmt: skip


def damage(path: Path, chance: random.Random, *, large: bool = False) -> str:
    """Damage a record that is there; the words say how. `large`: also by very much, which takes time to read."""
    data = path.read_bytes()
    if chance.random() < 0.04:
        path.unlink()
        return chance.choice(PLACES[: None if large else -1])(path)
    way = chance.choice(WAYS)
    path.write_bytes(way(data, chance) if data else b"?")
    return way.__name__


def _folder(path: Path) -> str:
    path.mkdir()
    return "a folder"


def _pipe(path: Path) -> str:
    os.mkfifo(path)
    return "a pipe"


def _circle(path: Path) -> str:
    path.symlink_to(path)
    return "a link to itself"


def _large(path: Path) -> str:
    path.touch()
    os.truncate(path, LARGE)
    return "large"


def _very_large(path: Path) -> str:
    path.touch()
    os.truncate(path, VERY_LARGE)
    return "very large"


def _forbidden(path: Path) -> str:
    path.touch(mode=0)
    return "not readable"


PLACES: tuple[Callable[[Path], str], ...] = (_folder, _pipe, _circle, _large, _forbidden, _very_large)
