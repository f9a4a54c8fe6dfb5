"""Limits of one proportion against printed tables."""

import pytest

from sarcoid_epi.stats.proportion import blaker, clopper_pearson, likelihood_ratio, mid_p, wilson

NEWCOMBE = [(81, 263), (15, 148), (0, 20), (1, 29)]
TABLE_1 = [  # newcombe1998, table I, methods 3, 5, 6 and 7, printed with four decimals
    (wilson, [(0.2553, 0.3662), (0.0624, 0.1605), (0, 0.1611), (0.0061, 0.1718)]),
    (clopper_pearson, [(0.2527, 0.3676), (0.0578, 0.1617), (0, 0.1684), (0.0009, 0.1776)]),
    (mid_p, [(0.2544, 0.3658), (0.0601, 0.1581), (0, 0.1391), (0.0017, 0.1585)]),
    (likelihood_ratio, [(0.2542, 0.3655), (0.0596, 0.1567), (0, 0.0916), (0.0020, 0.1432)]),
]


@pytest.mark.parametrize(("method", "printed"), TABLE_1, ids=lambda value: getattr(value, "__name__", ""))
def test_newcombe_1998_table_1(method, printed):
    for (events, n), limits in zip(NEWCOMBE, printed, strict=True):
        assert method(events, n) == pytest.approx(limits, abs=0.00005)  # half the last printed digit


@pytest.mark.parametrize(
    ("events", "n", "low", "high", "digits"),
    [
        # The documentation of BlakerCI (binom.blaker.limits), 95 %, as printed. In the last two, Blaker's own program,
        # which steps from Clopper-Pearson's limit, jumps over a short accepted interval and prints 0.3923087 (steps of
        # 1e-4) and 0.2085349 (steps of 1e-6) for the upper limit.
        (3, 10, 0.08726443, 0.61941066, 8),
        (29, 99, 0.2097022, 0.3929079, 7),
        (59, 355, 0.1300807, 0.2090809, 7),
    ],
)
def test_blaker_as_printed_by_its_best_program(events, n, low, high, digits):
    assert blaker(events, n) == pytest.approx((low, high), abs=0.5 * 10**-digits)
