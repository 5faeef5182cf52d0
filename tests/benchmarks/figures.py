"""What several repeats of one measurement gave, and how it is said. Pure."""

from statistics import median, quantiles
from typing import NamedTuple


class Figure(NamedTuple):
    """The value of each repeat, in their order."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def p95(self) -> float:
        """What 19 of 20 repeats did not exceed."""
        return quantiles(self.values, n=20, method="inclusive")[-1]

    @property
    def p99(self) -> float:
        """What 99 of 100 repeats did not exceed."""
        return quantiles(self.values, n=100, method="inclusive")[-1]

    def over(self, other: "Figure") -> "Figure":
        """The ratio within each repeat: what slowed the machine down then slowed both."""
        return Figure(tuple(mine / its for mine, its in zip(self.values, other.values, strict=False)))

    def minus(self, other: "Figure") -> "Figure":
        """The difference within each repeat."""
        return Figure(tuple(mine - its for mine, its in zip(self.values, other.values, strict=False)))

    def __str__(self) -> str:
        """The median (least–most)."""
        if len(self.values) == 1:
            return said(self.median)
        return f"{said(self.median)} ({said(min(self.values))}–{said(max(self.values))})"


def counted(number: float) -> str:
    """A whole number, thousands apart."""
    # Narrow spaces that hold: a number is not broken over two lines of a table.
    return f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def said(value: float) -> str:
    """To two digits or more."""
    size = abs(value)
    return counted(value) if size >= 100 else f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}"
