"""One line of the checkpoint log <-> what it says. Pure.

A line is the CRC-32 of the rest in 8 hex digits, a space, compact JSON, a newline. `--------` instead of the
checksum means unchecked: what writes the log in another language need not compute it.
"""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quote
from typing import Any
from zlib import crc32

UNCHECKED = b"--------"
_json = json.JSONEncoder(separators=(",", ":")).encode
# Past `json.loads`, which looks at the encoding and at its own options each time: a third of the time.
_read = json.JSONDecoder().raw_decode


def line_of(body: bytes) -> bytes:
    return b"%08x %b\n" % (crc32(body), body)


def item_line(
    key: str,
    position: int,
    session: int,
    milliseconds: int,
    loop: int = 0,
    outputs: Mapping[str, int] | None = None,
    counters: Mapping[str, int | float] | None = None,
    more: Mapping[str, Any] | None = None,
) -> bytes:
    """A finished item. Written by hand for the common case: this is done for each item.

    `more`: what few items have. `v` version, `n` tries, `w` {output that was replaced: number}, `e` error.
    """
    text = f'{{"k":{quote(key)},"i":{position},"s":{session},"d":{milliseconds}'
    if loop:
        text += f',"l":{loop}'
    if outputs:
        # There is nearly always one: a list to join would take longer.
        before = ',"o":{'
        for name, length in outputs.items():
            text += f"{before}{quote(name)}:{length}"
            before = ","
        text += "}"
    if counters:
        text += f',"c":{_json(counters)}'
    if more:
        text += f",{_json(more)[1:-1]}"
    return line_of((text + "}").encode())


def body_of(fields: Mapping[str, Any]) -> bytes:
    """Any other line: which log this is, a new order, a step, an error that ended the run.

    Raises TypeError or ValueError for what JSON cannot hold.
    """
    return _json(fields).encode()


def parse(line: bytes) -> dict[str, Any] | None:
    """What a line says; None = torn, or not a line of a checkpoint log."""
    if not line.endswith(b"\n") or line[8:9] != b" ":
        return None
    body = line[9:-1]
    if line[:8] != UNCHECKED and line[:8] != b"%08x" % crc32(body):
        return None
    try:
        text = body.decode("utf-8", "surrogatepass").strip()
        fields, end = _read(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) and end == len(text) else None
