"""Two lists and frequencies against the output printed in the documentation of Rcapture and CARE1."""

import numpy as np
import pytest

from sarcoid_epi.stats.capture import chapman, lincoln_petersen
from sarcoid_epi.stats.listings import chao
from sarcoid_epi.stats.unseen import log_normal_limits

# bruno1994: A clinic or family doctor, B hospital, C prescriptions, D strips and syringes; cells 1 ... 15, bit i list i
DIABETES = np.array([0, 709, 74, 104, 182, 650, 20, 157, 10, 12, 7, 18, 8, 46, 14, 58])
# pair: Petersen, Chapman, its standard error, limits; rounded, from the example output of CARE1 (rdrr.io, man/Diabetes)
PAIRS = {
    (0, 1): (2353, 2351, 58, 2250, 2478),
    (0, 2): (2185, 2185, 22, 2146, 2233),
    (0, 3): (2264, 2261, 88, 2117, 2468),
    (1, 2): (2060, 2057, 77, 1922, 2224),
    (1, 3): (806, 803, 47, 725, 913),
    (2, 3): (1558, 1555, 67, 1445, 1712),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_pairs_of_diabetes_lists_are_those_printed_by_care1(pair):
    """CARE1 prints whole numbers, and limits that are log-normal in the number unseen (Chao 1987): `stratified` and the
    frequencies have these, the two lists themselves profile limits, which differ from them by up to 1 % here."""
    first, second = ((np.arange(16) >> i & 1) == 1 for i in pair)
    m, a, b = (DIABETES[cells].sum() for cells in (first & second, first & ~second, ~first & second))
    petersen, number, error, low, high = PAIRS[pair]
    answer = chapman(m, a, b)
    assert round(lincoln_petersen(m, a, b).cases) == petersen
    assert round(answer.cases) == number
    assert round(answer.std_error) == error
    printed = log_normal_limits(np.array(m + a + b), answer.unseen, answer.std_error, 0.95)
    assert [round(float(limit)) for limit in printed] == [low, high]
    assert (answer.low, answer.high) == pytest.approx((low, high), rel=0.01)


def test_two_samples_of_seber_are_those_printed_by_rcapture():
    """closedp.t of 167, 781 and 254 (Seber 1982, page 107): model Mt 2389.9, standard error 130.4."""
    answer = lincoln_petersen(167, 781, 254)
    assert (round(answer.cases, 1), round(answer.std_error, 1)) == (2389.9, 130.4)


def test_the_lower_bound_for_illegal_immigrants_is_that_printed_by_rcapture():
    """closedp.0(ill): 1880 seen, Mh Chao (LB) 9273.5, standard error 662.6. The frequencies 1645 and 183 are remembered
    (van der Heijden and others 2003), not printed there; they give the printed numbers to every digit."""
    answer = chao(1645, 183, 1880)
    assert (round(answer.cases, 1), round(answer.std_error, 1)) == (9273.5, 662.6)
