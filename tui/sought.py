"""A text that is looked for in a log: literally, and where it has no capital, whatever the capitals. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

from overnight.tui.lines import Span, part_of

CODES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
"""What an agent writes in the midst of a text to colour it."""


@lru_cache(maxsize=8)
def pattern_of(sought: str) -> re.Pattern[str]:
    """What finds it in a clean text."""
    case = 0 if sought != sought.lower() else re.IGNORECASE
    return re.compile(re.escape(sought), case | (re.ASCII if sought.isascii() else 0))


def may_hold(data: bytes, sought: str) -> bool:
    """Whether a part of a log can have it: False for nearly all parts that have not, and much faster than cleaning."""
    if b"\x1b" in data:
        data = CODES.sub(b"", data)
    if " " in sought:
        data = data.replace(b"\t", b" ")
    if not sought.isascii():
        return pattern_of(sought).search(data.decode("utf-8", "replace")) is not None
    return sought.encode() in (data.lower() if sought == sought.lower() else data)


def with_found(spans: Sequence[Span], sought: str) -> tuple[Span, ...]:
    """The same with the text standing out wherever it is."""
    text = "".join(text for text, _ in spans)
    parts: list[Span] = []
    done = 0
    for found in pattern_of(sought).finditer(text):
        parts += [*part_of(spans, done, found.start()), (found.group(), "found")]
        done = found.end()
    return (*parts, *part_of(spans, done, len(text)))
