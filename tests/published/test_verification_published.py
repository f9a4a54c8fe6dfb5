"""Printed examples of partial verification and of variance-based indices.

The hepatic scintigraphy data of drum1972 stand behind begg1983 and zhou1993. The four cells are typed from memory of
these papers; their margins (650 patients, 344 verified, 47.1 % not) are those printed in the documentation of the R
package PVBcorrect (data set hepatic_pvb). The corrected values are not claimed as printed: R recomputes them in
tests/reference.
"""

import numpy as np

from sarcoid_epi.stats.sensitivity import sobol_indices
from sarcoid_epi.stats.verification import begg_greenes

DISEASED_POSITIVE, DISEASED_NEGATIVE, HEALTHY_POSITIVE, HEALTHY_NEGATIVE = 231, 27, 32, 54
UNVERIFIED_POSITIVE, UNVERIFIED_NEGATIVE = 166, 140


def test_the_typed_cells_have_the_printed_margins():
    verified = DISEASED_POSITIVE + DISEASED_NEGATIVE + HEALTHY_POSITIVE + HEALTHY_NEGATIVE
    unverified = UNVERIFIED_POSITIVE + UNVERIFIED_NEGATIVE
    assert (verified, verified + unverified) == (344, 650)
    assert round(100 * unverified / 650, 1) == 47.1


def test_hepatic_scintigraphy_looks_more_sensitive_and_less_specific_among_the_verified():
    """Verified only: 231/258 = 0.895 and 54/86 = 0.628. Corrected: 0.836 and 0.738."""
    positive, negative = DISEASED_POSITIVE + HEALTHY_POSITIVE, DISEASED_NEGATIVE + HEALTHY_NEGATIVE
    answer = begg_greenes(
        positive + UNVERIFIED_POSITIVE,
        negative + UNVERIFIED_NEGATIVE,
        positive,
        DISEASED_POSITIVE,
        negative,
        DISEASED_NEGATIVE,
    )
    found = answer.sensitivity.estimate, answer.specificity.estimate
    np.testing.assert_allclose(found, [0.836, 0.738], atol=5e-4)  # three digits
    assert answer.sensitivity.high < 231 / 258
    assert answer.specificity.low > 54 / 86


def test_the_ishigami_function_has_its_exact_indices():
    """ishigami1990, a = 7 and b = 0.1: the variances by input are integrals in closed form, 0.3139, 0.4424, 0 and
    0.5576, 0.4424, 0.2437. Tolerance: five of the standard errors told, all below 0.005 with 1 024 points."""
    a, b, pi = 7, 0.1, np.pi
    one, two, together = 0.5 + b * pi**4 / 5 + b**2 * pi**8 / 50, a**2 / 8, 8 * b**2 * pi**8 / 225
    variance = one + two + together
    answer = sobol_indices(
        lambda x: np.sin(x[0]) + a * np.sin(x[1]) ** 2 + b * x[2] ** 4 * np.sin(x[0]), [lambda u: 2 * pi * u - pi] * 3
    )
    exact = np.array([one, two, 0]) / variance, np.array([one + together, two, together]) / variance
    for found, error, true in zip(answer[0:4:2], answer[1:4:2], exact, strict=True):
        assert (error < 0.005).all()
        assert (np.abs(found - true) < 5 * error).all()
