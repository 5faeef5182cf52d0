"""Spans of time and sizes as a command line takes them: `2h`, `64M`. Pure."""

SPANS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
"""Seconds."""
SIZES = {"T": 1 << 40, "G": 1 << 30, "M": 1 << 20, "K": 1 << 10}
"""Bytes."""


def span_words(seconds: float) -> str:
    """`2h`, `1d12h`, `90s` as `1m30s`; a part of a second as `0.3s`, `1m1.5s`, to a thousandth."""
    left, words = round(seconds, 3), ""
    for unit, length in SPANS.items():
        if length > 1:
            count, left = divmod(left, length)
            words += f"{count:.0f}{unit}" if count else ""
    # What is less than a thousandth is still more than nothing.
    rest = round(left, 3) if words or left else seconds
    return words + (f"{rest:g}s" if rest or not words else "")


def size_words(length: int) -> str:
    """`64M`, `1.5G`."""
    unit, factor = next(((unit, factor) for unit, factor in SIZES.items() if length >= factor), ("", 1))
    return f"{round(length / factor, 1):g}{unit}"
