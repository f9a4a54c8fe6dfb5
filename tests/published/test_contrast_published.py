"""Contrasts of two groups against printed numbers."""

import pytest

from sarcoid_epi.stats.contrast import score_test
from sarcoid_epi.stats.exact_odds_ratio import exact_odds_ratio
from sarcoid_epi.stats.location import hodges_lehmann
from sarcoid_epi.stats.mantel_haenszel import mantel_haenszel_odds_ratio
from sarcoid_epi.stats.odds_ratio import score_odds_ratio
from sarcoid_epi.stats.risk_difference import newcombe_difference, score_difference, wald_difference
from sarcoid_epi.stats.risk_ratio import katz_ratio, mover_ratio, score_ratio

EPINEPHRINE = (7, 34, 1, 34)  # Perondi et al. 2004, high against standard dose
CHRNA4 = (0, 16, 15, 72)  # Ritland et al. 2007
GADA = (9, 13, 4, 14)  # Lampasona et al. 2013
TASTING = (3, 4, 1, 4)

#: As the authors' own program of fagerland2017 (R package contingencytables, tests/testthat/test-ch4.R) prints them.
PRINTED = [
    (wald_difference, EPINEPHRINE, 0.0292, 0.3238),
    (newcombe_difference, EPINEPHRINE, 0.0189, 0.3404),
    (lambda *t: score_difference(*t, corrected=False), EPINEPHRINE, 0.0284, 0.3439),
    (score_difference, CHRNA4, -0.3164, -0.0056),
    (katz_ratio, EPINEPHRINE, 0.9096, 53.8695),
    (score_ratio, EPINEPHRINE, 1.2209, 42.5757),
    (lambda *t: score_ratio(*t, corrected=True), EPINEPHRINE, 1.2086, 43.0330),
    (mover_ratio, EPINEPHRINE, 1.1537, 41.9763),
    (score_odds_ratio, GADA, 1.0934, 28.9419),
    (lambda *t: score_odds_ratio(*t, corrected=False), CHRNA4, 0.0000, 0.9532),
]


@pytest.mark.parametrize(("method", "table", "low", "high"), PRINTED)
def test_examples_of_fagerland_2017(method, table, low, high):
    assert method(*table)[1:3] == pytest.approx((low, high), abs=0.00005)  # half the last printed digit


def test_exact_examples_of_fagerland_2017():
    """Cornfield's mid-p limits of 3, 1 over 1, 3; Fisher's P of 0, 16 over 15, 57; Pearson's of 3, 1 over 1, 3.

    The same file prints 1.0226 to 31.5025 as Cornfield's *exact* limits of 9, 4 over 4, 10. Those are the mid-p limits:
    at 1.0226 P(X >= 9) is not 0.025, and `fisher.test` of R gives 0.847 to 40.4 (tests/reference)."""
    tasting = exact_odds_ratio(*TASTING)
    assert (tasting.mid_low, tasting.mid_high) == pytest.approx((0.3101, 308.5568), abs=0.00005)
    assert exact_odds_ratio(*CHRNA4).fisher_p_value == pytest.approx(0.06287, abs=0.000005)
    assert score_test(*TASTING, corrected=False).p_value == pytest.approx(0.15730, abs=0.000005)
    gada = exact_odds_ratio(*GADA)
    assert (gada.mid_low, gada.mid_high) == pytest.approx((1.0226, 31.5025), abs=0.00005)
    assert (gada.low, gada.high) == pytest.approx((0.847, 40.4), rel=0.002)


def test_koopmans_example():
    """36 of 40 against 16 of 80, remembered as 2.94 to 7.15 from koopman1984 (the paper was not at hand; epiR's closed
    form of the same limits is tested in tests/reference)."""
    assert score_ratio(36, 40, 16, 80)[1:3] == pytest.approx((2.94, 7.15), abs=0.005)


@pytest.mark.parametrize(
    ("table", "newcombe", "corrected"),
    [((56, 70, 48, 80), (0.0524, 0.3339), (0.0528, 0.3382)), ((9, 10, 3, 10), (0.1705, 0.8090), (0.1700, 0.8406))],
)
def test_newcombe_1998_table_2(table, newcombe, corrected):
    """Methods 10 and 6, remembered from newcombedifference1998 (the paper was not at hand); four decimals."""
    assert newcombe_difference(*table)[1:3] == pytest.approx(newcombe, abs=0.00005)
    assert score_difference(*table)[1:3] == pytest.approx(corrected, abs=0.00005)


def test_as_r_prints_in_its_help_pages():
    """`wilcox.test` on hollander1999, table 4.1; `mantelhaen.test(UCBAdmissions)`, men against women."""
    at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    shift = hodges_lehmann(at_term, [1.15, 0.88, 0.90, 0.74, 1.21])
    assert shift[:3] == pytest.approx((0.305, -0.15, 0.76), abs=1e-12)
    assert shift.p_value == pytest.approx(0.2544, abs=0.00005)
    admitted = [512, 353, 120, 138, 53, 22], [825, 560, 325, 417, 191, 373]
    women = [89, 17, 202, 131, 94, 24], [108, 25, 593, 375, 393, 341]
    assert mantel_haenszel_odds_ratio(*admitted, *women)[:3] == pytest.approx(
        (0.9046968, 0.7719074, 1.0603298), abs=5e-8
    )
