"""Tables printed for tests without a gold standard."""

import numpy as np
import pytest

from sarcoid_epi.stats.hui_walter import hui_walter
from sarcoid_epi.stats.latent_class import latent_class, latent_class_random_effect

DENTISTRY = [1880, 789, 43, 75, 23, 63, 8, 22, 188, 191, 17, 67, 15, 85, 8, 56]
DENTISTRY += [22, 26, 6, 14, 1, 20, 2, 17, 2, 20, 6, 27, 3, 72, 1, 100]

#: Expected counts of the two-class model in the documentation of randomLCA, table "Observed and expected frequencies".
DENTISTRY_EXPECTED = [1836.3, 830.3, 61.9, 49.6, 28.6, 47.5, 4.0, 35.2, 213.9, 152.2, 12.1, 61.0, 11.2, 91.6, 8.1, 86.4]
DENTISTRY_EXPECTED += [21.2, 25.2, 2.1, 16.1, 2.5, 24.7, 2.2, 23.5, 6.0, 42.0, 3.7, 39.3, 5.7, 61.1, 5.4, 58.4]

#: Seven pathologists, 118 slides: pattern and number of slides (Landis and Koch).
CARCINOMA = """0000000 34 0000100 2 0100000 6 0100001 1 0100100 4 0100101 5 1000000 2 1010101 1 1100000 2 1100001 1
1100100 2 1100101 7 1100111 1 1101001 1 1101101 2 1101111 3 1110101 13 1110111 5 1111101 10 1111111 16"""


def carcinoma():
    words = CARCINOMA.split()
    table = np.zeros(128)
    table[[int(word, 2) for word in words[::2]]] = [int(word) for word in words[1::2]]
    return table


def test_tuberculin_tests_of_hui_and_walter():
    """Mantoux and tine test in two populations. The counts and estimates are quoted from the paper at second hand; the
    number of patients (1877) stands in the examples of the R package runjags, and the estimates come out of `optim`
    as well (tests/reference)."""
    fit = hui_walter([[[528, 9], [4, 14]], [[367, 37], [31, 887]]])
    np.testing.assert_allclose(fit.prevalence, [0.0268, 0.7168], atol=5e-5)
    np.testing.assert_allclose(fit.sensitivity, [0.9661, 0.9688], atol=5e-5)
    np.testing.assert_allclose(fit.specificity, [0.9933, 0.9841], atol=5e-5)
    assert abs(fit.deviance) < 1e-9


def test_pleural_thickening_of_dayton():
    """Output of the program LEM for three readings of 1692 films (UCLA's textbook examples): log-likelihood -891.14280,
    AIC 1796.2856, BIC 1834.3213 and shares to four digits. LEM stopped its EM iterations early: its shares are up to
    1.3e-4 off, those of `optim` in R agree with ours (tests/reference)."""
    fit = latent_class([1513, 23, 59, 12, 21, 19, 11, 34])
    assert fit.log_likelihood == pytest.approx(-891.14280, abs=5e-6)
    assert fit.aic == pytest.approx(1796.2856, abs=5e-5)
    assert fit.bic == pytest.approx(1834.3213, abs=5e-5)
    assert fit.prevalence == pytest.approx(0.0545, abs=2e-4)
    np.testing.assert_allclose(fit.sensitivity, [0.7490, 0.6434, 0.7650], atol=2e-4)
    np.testing.assert_allclose(fit.specificity, [0.9900, 0.9646, 0.9891], atol=2e-4)


def test_dentists_of_espeland_and_handelman():
    """Documentation of randomLCA: BIC 15021.6 and the expected counts."""
    fit = latent_class(DENTISTRY)
    assert fit.bic == pytest.approx(15021.6, abs=0.05)
    total = np.sum(DENTISTRY)
    ill = fit.posterior  # expected = observed split, so the marginal shares must agree too
    assert (ill * DENTISTRY).sum() / total == pytest.approx(fit.prevalence, abs=1e-8)
    deviance = 2 * sum(n * np.log(n / m) for n, m in zip(DENTISTRY, DENTISTRY_EXPECTED, strict=True))
    # Expected counts rounded to 0.1, some as small as 2: the deviance of the printed table is good to about 0.5.
    assert fit.deviance == pytest.approx(deviance, abs=0.5)


def test_dentists_with_a_random_effect():
    """Documentation of randomLCA: BIC 14944.7 with one loading for all dentists and both classes, probit."""
    fit = latent_class_random_effect(DENTISTRY)
    assert fit.bic == pytest.approx(14944.7, abs=0.05)
    assert fit.note == ""


def test_pathologists_of_landis_and_koch():
    """poLCA's printed fit of two classes. The patterns are written down from memory; that all fifteen shares, the
    log-likelihood and the deviance come out as printed says that they are right. poLCA counts the degrees of freedom
    from the number of slides (118 - 15), we from the number of patterns (127 - 15)."""
    fit = latent_class(carcinoma())
    assert fit.log_likelihood == pytest.approx(-317.2568, abs=5e-5)
    assert fit.aic == pytest.approx(664.5137, abs=5e-5)
    assert fit.bic == pytest.approx(706.0739, abs=1e-4)
    assert fit.deviance == pytest.approx(62.36543, abs=2e-5)
    assert fit.prevalence == pytest.approx(0.5012, abs=5e-5)
    np.testing.assert_allclose(fit.sensitivity, [1, 0.9831, 0.7609, 0.5411, 0.9786, 0.4227, 1], atol=5e-5)
    np.testing.assert_allclose(fit.specificity, [0.8835, 0.6456, 1, 1, 0.7771, 1, 0.8835], atol=5e-5)
