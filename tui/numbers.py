"""Numbers, sizes and spans of time as a person reads them. Pure, and cheap to import."""

from overnight.state.amounts import SIZES
from overnight.state.records import Count

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400
MOST_PERCENT = 9999
"""That are told."""
MOST_SECONDS = 1e12
"""That are told: what agents foretell may add up to infinity."""
LONGEST_NUMBER = 10**15
STEPS = ((57.5, 5), (175, 10), (585, 30), (HOUR, MINUTE))
"""Below how many seconds a forecast is rounded to how many."""
RATE_UNITS = ((9.995e8, 1e9, "G"), (9.995e5, 1e6, "M"), (9999.5, 1e3, "k"))
"""From which on, how many, and how that is called."""


def number(value: Count) -> str:
    """`31 204`: thousands apart; fractions only below 100; `3e18` where it would be longer than anybody reads."""
    if abs(value) >= LONGEST_NUMBER:
        return _rough(value)
    if isinstance(value, float) and not value.is_integer() and abs(value) < 100:
        return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
    return f"{round(value):,}".replace(",", " ")


def _rough(value: float) -> str:
    """`1.8e308`: how large it is."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"


def duration(seconds: float) -> str:
    """`41s`, `4m12`, `1h07`, `2d03h`: two units, cut, never rounded up."""
    whole = _whole(seconds)
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{whole % MINUTE:02}"
    if whole < DAY:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02}"
    return f"{whole // DAY}d{whole % DAY // HOUR:02}h"


def _whole(seconds: float) -> int:
    return int(min(max(0.0, seconds), MOST_SECONDS))


def age(seconds: float) -> str:
    """`2s`, `9m`, `3h`, `2d`: one unit, so that it seldom changes."""
    whole = _whole(seconds)
    for unit, sign in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if whole >= unit:
            return f"{whole // unit}{sign}"
    return f"{whole}s"


def ago(seconds: float) -> str:
    """`now`, `9m ago`: of what is over, so that a picture in which nothing happens stays as it is for a minute."""
    return "now" if seconds < MINUTE else f"{age(seconds)} ago"


def about(seconds: float) -> str:
    """A forecast, rounded by less than a tenth of it: `45s`, `1m30`, `4m`, `41m`, `3h02`, `2d03h`, `over 1y`."""
    if seconds > YEAR:
        return "over 1y"
    if seconds < 10:
        return f"{max(1, round(seconds))}s"
    step = next((step for below, step in STEPS if seconds < below), 1)
    rounded = step * round(seconds / step)
    return duration(rounded).removesuffix("00") if rounded < HOUR else duration(rounded)


def rate(per_second: float) -> str:
    """`152/s`, `3.2/s`, `14/m`, `2/h`, `152k/s`: six cells, but for what no machine does."""
    for least, factor, sign in RATE_UNITS:
        if per_second >= least:
            value = per_second / factor
            return f"{value:.{int(value < 9.95)}f}{sign}/s" if value < 999.5 else f"{_rough(per_second)}/s"
    for factor, unit in ((1, "s"), (MINUTE, "m"), (HOUR, "h")):
        value = per_second * factor
        if value >= 1 or unit == "h":
            return f"{value:.1f}/{unit}" if value < 9.95 and unit == "s" else f"{round(value)}/{unit}"
    raise AssertionError("an hour takes every rate")


def size(length: float) -> str:
    """`12 B`, `3.4 kB`, `250 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if length < 1000:
            return f"{length:.0f} {unit}" if unit == "B" or length >= 99.5 else f"{length:.1f} {unit}"
        length /= 1000
    return f"{length:.1f} TB"


def ordinal(place: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`."""
    ending = "th" if place % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def percent(share: float) -> int:
    """Of a whole, cut. Twice a number near the greatest is infinite, which is no percentage."""
    return int(min(100 * share, MOST_PERCENT))


def plural(count: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def held_size(length: float) -> str:
    """`182M`, `1.3G`: what is measured, in the units of a limit; steady where its last figures are not."""
    for unit, factor in SIZES.items():
        if length >= factor:
            value = length / factor
            return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return f"{length:.0f}"
