"""A printed percentage against the counts printed beside it."""

from __future__ import annotations

import re
from fractions import Fraction

# 10–17% is a range, not a percentage of 17; a number glued to a dash or to another number is left alone.
_PERCENT = re.compile(r"(?<![\d.–-])(\d+(?:\.\d+)?)\s*%")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*%?\s*[–-]\s*(\d+(?:\.\d+)?)\s*%")
_COUNTS = re.compile(r"(?<![\d./])(\d+)\s*(?:/|of)\s*(\d+)(?![\d./%])")


def percentages(printed: str) -> tuple[str, ...]:
    """Every single percentage in a printed string, as its digits.

    >>> percentages("44 (68.8%)"), percentages("10–17%")
    (('68.8',), ())
    """
    return tuple(_PERCENT.findall(_RANGE.sub("", printed)))


def percentage_range(printed: str) -> tuple[float, float] | None:
    """Both ends of a printed range of percentages, as shares.

    >>> percentage_range("10–17%")
    (0.1, 0.17)
    """
    found = _RANGE.search(printed)
    return (float(found[1]) / 100, float(found[2]) / 100) if found else None


def counts(printed: str) -> tuple[int, int] | None:
    """Numerator and denominator of a printed fraction.

    >>> counts("29/64"), counts("12 of 85"), counts("about one sixth")
    ((29, 64), (12, 85), None)
    """
    found = _COUNTS.search(printed)
    return (int(found[1]), int(found[2])) if found else None


def agrees(digits: str, events: int, n: int) -> bool:
    """Whether 100 * events / n, rounded to the printed number of decimals, can give `digits`.

    Exact fractions, so that no rounding of our own enters; a tie may have been rounded either way.

    >>> agrees("1.5", 20, 2013), agrees("1.0", 20, 2013)
    (False, True)
    """
    decimals = len(digits.partition(".")[2])
    half_unit = Fraction(1, 2 * 10**decimals)
    return abs(Fraction(100 * events, n) - Fraction(digits)) <= half_unit


def fitting_events(digits: str, n: int) -> tuple[int, ...]:
    """Every numerator of `n` that rounds to the printed percentage.

    >>> fitting_events("0.5", 736), fitting_events("22.8", 409)
    ((4,), ())
    """
    middle = int(Fraction(digits) * n / 100)
    reach = n // 100 + 2  # half a percent of n is the widest a printed percentage can be off
    around = range(max(0, middle - reach), min(n, middle + reach) + 1)
    return tuple(events for events in around if agrees(digits, events, n))


def counts_conflict(printed: str, events: int, n: int) -> str:
    """One sentence on every printed percentage that the counts do not give; empty when all agree.

    >>> counts_conflict("1.5%", 20, 2013)
    'printed 1.5%, but 20/2013 = 0.99%'
    """
    wrong = [digits for digits in percentages(printed) if not agrees(digits, events, n)]
    return "; ".join(f"printed {digits}%, but {events}/{n} = {_shown(events, n, digits)}%" for digits in wrong)


def reach_conflict(printed: str, n: int) -> str:
    """One sentence on every printed percentage that no numerator of `n` gives; empty when all can be reached.

    >>> reach_conflict("22.8%", 409)
    'printed 22.8%, but no whole number of 409 gives it'
    """
    wrong = [digits for digits in percentages(printed) if not fitting_events(digits, n)]
    return "; ".join(f"printed {digits}%, but no whole number of {n} gives it" for digits in wrong)


def _shown(events: int, n: int, digits: str) -> str:
    """100 * events / n with one decimal more than was printed, so that the difference can be seen."""
    return f"{100 * events / n:.{len(digits.partition('.')[2]) + 1}f}"
