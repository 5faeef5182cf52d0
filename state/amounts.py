"""Spans of time and sizes as a command line takes them: `2h`, `64M`. Pure."""

SPANS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
"""Seconds."""
SIZES = {"T": 1 << 40, "G": 1 << 30, "M": 1 << 20, "K": 1 << 10}
"""Bytes."""


def span_words(seconds: float) -> str:
    """`2h`, `1d12h`, `90s` as `1m30s`; what is shorter than a second as `0.3s`."""
    if seconds < 1:
        return f"{seconds:g}s"
    left, words = int(seconds), ""
    for unit, length in SPANS.items():
        count, left = divmod(left, length)
        words += f"{count}{unit}" if count else ""
    return words


def size_words(length: int) -> str:
    """`64M`, `1.5G`."""
    unit, factor = next(((unit, factor) for unit, factor in SIZES.items() if length >= factor), ("", 1))
    return f"{round(length / factor, 1):g}{unit}"
