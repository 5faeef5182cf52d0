"""How long to wait before trying again. Pure."""

FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
"""Seconds: bounds of the delay before a first and before a late retry."""


def delay_before(retry: int, chance: float, *, first: float = FIRST_DELAY, longest: float = LONGEST_DELAY) -> float:
    """Seconds before retry number `retry` (1, 2, …): exponential backoff with full jitter.

    `chance`: uniform in 0 to 1. Full jitter (anything from nothing to the bound) spreads runs that died of
    the same cause best: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    # The exponent is bounded before the power: a float overflows past a thousand retries.
    bound = min(longest, first * 2.0 ** min(retry - 1, 64))
    return chance * bound
