"""Texts that come from agents, made harmless. Every one of them passes here once, at the door.

What is returned holds no control character, no escape code or body of one, nothing that hides or reorders
what stands beside it, and nothing that cannot be encoded. Markup is not its business: who draws a text
never lets it be read as markup.
"""

import re

# Compiled by `re` when the first text needs it, which most lists of runs have none of: it takes a millisecond.
SEQUENCES = (
    # OSC, DCS, SOS, PM and APC with their bodies, up to their terminator or, where it is missing, the end of
    # what is drawn in one go: a carriage return or a line's end.
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\r\n]*(?:\x07|\x1b\\|\x9c)?"
    # CSI: parameters, intermediates, one final byte; torn ones too.
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    # Every other escape: intermediates and a final byte.
    r"|\x1b[ -/]*[0-~]?"
)
_UNSEEN = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
"""Counted as printable and drawn with no width, or with one that terminals disagree about, as colours of skin are."""
_REPLACEMENT = "\ufffd"


def clean(text: str, limit: int | None = None) -> str:
    """`text` as one harmless line; tabs and line ends become spaces. `limit`: characters, the last is then `…`."""
    if limit is not None:
        # What is cut away need not be cleaned: an agent may write megabytes. Codes take more than they show.
        text = text[: 4 * limit + 1024]
    if not text.isprintable():
        text = "".join(map(_harmless, re.sub(SEQUENCES, "", text)))
    if not text.isascii():
        text = re.sub(_UNSEEN, "", text)
    if limit is not None and len(text) > limit:
        return text[: max(0, limit - 1)] + "…" if limit > 0 else ""
    return text


def clean_lines(text: str) -> list[str]:
    """`text` line by line. Of a line that was drawn over with carriage returns, what was drawn last."""
    return [clean(_last_drawn(line)) for line in text.removesuffix("\n").split("\n")] if text else []


def _last_drawn(line: str) -> str:
    return line.rstrip("\r").rsplit("\r", 1)[-1]


def _harmless(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace():
        return " "
    if char < "\xa0" or _formats(char):
        return ""
    return _REPLACEMENT


def _formats(char: str) -> bool:
    """Whether it only steers how others are drawn: bidi overrides and isolates, joiners, marks, tags."""
    import unicodedata

    return unicodedata.category(char) == "Cf"
