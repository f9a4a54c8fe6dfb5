"""Corrected shares against printed examples."""

import pytest

from sarcoid_epi.stats.misclassification import lang_reiczigel, rogan_gladen_known
from sarcoid_epi.stats.proportion import wilson


@pytest.mark.parametrize(
    ("apparent", "sensitivity", "specificity", "low", "high", "digits"),
    [
        # lang2014, the worked examples; limits as printed. Example 3 prints its apparent share as 6 % of 11 862.
        ((4060, 11284), (178, 179), (358, 359), 0.349, 0.372, 3),
        ((51, 2971), (32, 33), (20, 20), 0, 0.053, 3),
        ((712, 11862), (8, 10), (12, 12), 0, 0.147, 3),
        ((259, 509), (84, 127), (96, 109), 0.58, 0.87, 2),
        ((51, 509), (23, 41), (187, 195), 0.037, 0.195, 3),
    ],
)
def test_lang_reiczigel_2014_examples(apparent, sensitivity, specificity, low, high, digits):
    answer = lang_reiczigel(*apparent, *sensitivity, *specificity)
    assert (answer.low, answer.high) == pytest.approx((low, high), abs=0.5 * 10**-digits)


def test_epir_manual_wilson():
    """The manual of epiR's epi.prev: 23 of 150 with Se = 0.96 and Sp = 0.89, 5.1 per 100; its call with Wilson's limits
    prints -0.66 and 12.89 per 100: it does not cut either."""
    low, high = rogan_gladen_known(wilson(23, 150), 0.96, 0.89)
    assert (low, high) == pytest.approx((-0.0066, 0.1289), abs=0.00005)
