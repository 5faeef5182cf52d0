"""A text that is looked for in a log: literally, and where it has no capital, whatever the capitals. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

from overnight.tui.lines import Span, part_of

_TEXT, _END = rb"(?:(?!\xc2\x9c)[^\x07\x1b\n])*", rb"(?:\x07|\x1b\\|\xc2\x9c)?"
_CSI = rb"[0-?]*[ -/]*[@-~]?"
UNSEEN = {
    # Each begins with a byte of its own: a part of a log is run through for what it has only.
    b"\x1b": re.compile(rb"\x1b(?:[\]PX^_]" + _TEXT + _END + rb"|\[" + _CSI + rb"|[ -/]*[0-~]?)"),
    b"\xc2": re.compile(rb"\xc2(?:[\x9d\x90\x98\x9e\x9f]" + _TEXT + _END + rb"|\x9b" + _CSI + rb"|[\x80-\x9f\xad])"),
    b"\xe2": re.compile(rb"\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xaf])"),
    b"\xef": re.compile(rb"\xef(?:\xbb\xbf|\xb8[\x80-\x8f])"),
}
"""What an agent may write in the midst of a text, and nobody sees, by its first byte."""
CONTROLS = bytes({*range(0x09), *range(0x0E, 0x1C), 0x7F})


@lru_cache(maxsize=8)
def pattern_of(sought: str) -> re.Pattern[str]:
    """What finds it in a clean text."""
    case = 0 if sought != sought.lower() else re.IGNORECASE
    return re.compile(re.escape(sought), case | (re.ASCII if sought.isascii() else 0))


def may_hold(data: bytes, sought: str) -> bool:
    """Whether a part of a log can have it: False for nearly all parts that have not, and much faster than cleaning."""
    for first, code in UNSEEN.items():
        if first in data:
            data = code.sub(b"", data)
    data = data.translate(None, CONTROLS)
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
