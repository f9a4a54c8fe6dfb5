"""Contrasts of two groups against R on real data (R/contrast.R).

Where no R program is exact the script solves the definition by halving, with no formula of ours: the score limits with
the constrained maximum found from the likelihood's slope, the exact odds ratio from sums of `dhyper`.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from sarcoid_epi.stats import odds_ratio, risk_difference, risk_ratio
from sarcoid_epi.stats.contrast import score_test
from sarcoid_epi.stats.cosinor import cosinor, cosinor_against
from sarcoid_epi.stats.exact_odds_ratio import exact_odds_ratio
from sarcoid_epi.stats.location import hodges_lehmann, welch_difference
from sarcoid_epi.stats.mantel_haenszel import (
    breslow_day,
    mantel_haenszel_difference,
    mantel_haenszel_odds_ratio,
    mantel_haenszel_ratio,
    mantel_haenszel_test,
)
from sarcoid_epi.stats.multiplicity import benjamini_hochberg, holm
from sarcoid_epi.stats.proportional_odds import proportional_odds
from sarcoid_epi.stats.season import rayleigh_against, rayleigh_test
from sarcoid_epi.stats.standardised_difference import standardised_multinomial_difference
from sarcoid_epi.stats.superiority import probability_of_superiority

REFERENCE = json.loads(Path(__file__).with_name("contrast.json").read_text(encoding="utf-8"))
DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def column(name):
    return np.array([np.nan if value is None else value for value in REFERENCE[name]], dtype=float)


TABLES = [column(name) for name in ("x1", "n1", "x0", "n0")]


def limits(name):
    """Low and high; JSON has no infinity, so an upper limit that is missing is one."""
    return column(f"{name}_low"), np.nan_to_num(column(f"{name}_high"), nan=np.inf)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("difference_corrected", risk_difference.score_difference),
        ("difference_plain", lambda *t: risk_difference.score_difference(*t, corrected=False)),
        ("ratio_plain", risk_ratio.score_ratio),
        ("ratio_corrected", lambda *t: risk_ratio.score_ratio(*t, corrected=True)),
        ("odds_corrected", odds_ratio.score_odds_ratio),
        ("odds_plain", lambda *t: odds_ratio.score_odds_ratio(*t, corrected=False)),
    ],
)
def test_score_limits_are_where_the_statistic_is_z(name, method):
    """Also with zero cells, on the side that has a limit. Tolerance: rounding, worst 2e-14."""
    low, high = limits(name)
    answer = method(*TABLES)
    np.testing.assert_allclose(answer.low, low, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(answer.high, high, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("newcombe", risk_difference.newcombe_difference),
        ("wald", risk_difference.wald_difference),
        ("mover_ratio", risk_ratio.mover_ratio),
        ("katz", risk_ratio.katz_ratio),
        ("mover_odds", odds_ratio.mover_odds_ratio),
        ("woolf", odds_ratio.woolf_odds_ratio),
    ],
)
def test_closed_limits_equal_r(name, method):
    """Epi::ci.pd, epitools::riskratio.wald and oddsratio.wald, and MOVER from prop.test; tables without a zero cell for
    the ratios, whose rules at the ends are ours (by hand). Tolerance: rounding, worst 3e-13."""
    x1, n1, x0, n0 = TABLES
    inner = np.ones(x1.size, bool) if name in ("newcombe", "wald") else (x1 > 0) & (x1 < n1) & (x0 > 0) & (x0 < n0)
    for mine, theirs in zip(method(*TABLES)[1:3], limits(name), strict=True):
        np.testing.assert_allclose(mine[inner], theirs[inner], rtol=1e-11, atol=1e-14)


def test_koopman_limits_equal_epir():
    """epiR 2.0.57, closed form: rounding, worst 4e-13. (Version 2.0.94 reads the table transposed.) Where all of a
    group have the event it steps by a factor of 1.0001 instead of solving: worst 9.4e-5."""
    x1, n1, x0, n0 = TABLES
    answer = risk_ratio.score_ratio(*TABLES)
    stepped = (x1 == n1) | (x0 == n0)
    for mine, theirs in zip(answer[1:3], limits("epir"), strict=True):
        np.testing.assert_allclose(mine[~stepped], theirs[~stepped], rtol=1e-11)
        np.testing.assert_allclose(mine[stepped], theirs[stepped], rtol=1.1e-4)


def test_the_uncorrected_score_test_is_pearsons():
    np.testing.assert_allclose(score_test(*TABLES, corrected=False).p_value, column("pearson_p"), rtol=1e-9)


def test_exact_odds_ratios_equal_sums_of_dhyper():
    """Tolerance: the roots' own, worst 1.1e-13; p values 2e-14."""
    answer = exact_odds_ratio(*TABLES)
    for name in ("estimate", "low", "high"):
        theirs = column(f"exact_{name}")
        np.testing.assert_allclose(getattr(answer, name), np.nan_to_num(theirs, nan=np.inf), rtol=1e-9)
    for name in ("mid_low", "mid_high"):
        np.testing.assert_allclose(getattr(answer, name), np.nan_to_num(column(name), nan=np.inf), rtol=1e-9)
    np.testing.assert_allclose(answer.fisher_p_value, column("fisher_p"), rtol=1e-8)
    np.testing.assert_allclose(answer.p_value, column("central_p"), rtol=1e-8)


def test_fisher_test_of_r_stops_short():
    """`fisher.test` leaves its root search at about 1e-4 and is near the same limits: worst 1.3e-3 and 3.4e-3."""
    answer = exact_odds_ratio(*TABLES)
    np.testing.assert_allclose(answer.low, column("fisher_test_low"), rtol=2e-3)
    np.testing.assert_allclose(answer.high, np.nan_to_num(column("fisher_test_high"), nan=np.inf), rtol=5e-3)


@pytest.mark.parametrize("name", ["ucb", "esoph", "wcgs", "birthwt"])
def test_stratified_contrasts_equal_r(name):
    """mantelhaen.test and epi.2by2 (Greenland-Robins, Sato); Breslow-Day-Tarone by halving. Rounding, worst 2e-14."""
    strata = [column(f"{name}_{part}") for part in ("x1", "n1", "x0", "n0")]
    theirs = column(f"{name}_mh")
    np.testing.assert_allclose(mantel_haenszel_odds_ratio(*strata)[:3], theirs[:3], rtol=1e-10)
    np.testing.assert_allclose(mantel_haenszel_test(*strata)[:3:2], theirs[3:5], rtol=1e-9)
    np.testing.assert_allclose(mantel_haenszel_ratio(*strata)[:3], theirs[5:8], rtol=1e-10)
    np.testing.assert_allclose(breslow_day(*strata)[:3], theirs[8:11], rtol=1e-8)
    np.testing.assert_allclose(mantel_haenszel_difference(*strata)[:3], column(f"{name}_rd"), rtol=1e-10)


@pytest.mark.parametrize("name", ["sleep", "weight", "age", "faithful", "pressure", "membrane", "co2"])
def test_shifts_and_mean_differences_equal_r(name):
    """wilcox.test with tol.root = 1e-12: exact (membrane, co2), and asymptotic with ties (its search leaves 3e-12).
    The estimate is the median of all differences, which `wilcox.test` gives in the exact case only. t.test rounds."""
    one, zero = column(f"{name}_1"), column(f"{name}_0")
    theirs = column(f"{name}_wilcox")
    answer = hodges_lehmann(one, zero)
    np.testing.assert_allclose(answer[:3], theirs[:3], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(answer.p_value, theirs[3], rtol=1e-9)
    moments = [part for group in (one, zero) for part in (group.mean(), group.std(ddof=1), group.size)]
    np.testing.assert_allclose(welch_difference(*moments)[:6], column(f"{name}_welch"), rtol=1e-9)


@pytest.mark.parametrize("name", ["housing", "esoph_age", "visits"])
def test_ordered_outcomes_equal_r(name):
    """VGAM::vglm stops at 3e-8 in the log odds ratio; standard errors of MASS::polr, by optim, 4e-8; tests 2e-12;
    superiority by ranks, rounding."""
    one, zero = column(f"{name}_1"), column(f"{name}_0")
    beta, error, p_value, gap, df, gap_p = column(f"{name}_odds")
    answer = proportional_odds(one, zero)
    np.testing.assert_allclose(answer.log_odds_ratio, beta, rtol=1e-7)
    np.testing.assert_allclose(answer.std_error, error, rtol=1e-7)
    np.testing.assert_allclose(answer.p_value, p_value, rtol=1e-9)
    np.testing.assert_allclose(answer[6:9], (gap, df, gap_p), rtol=1e-10)
    theirs = column(f"{name}_superiority")
    np.testing.assert_allclose(probability_of_superiority(one, zero)[:6], theirs, rtol=1e-10)


def test_standardised_differences_equal_yang_and_daltons():
    """With one category left out and MASS::ginv, where we keep all: 1e-14."""
    pairs = [("housing_1", "housing_0"), ("esoph_age_1", "esoph_age_0"), ("race_1", "race_0")]
    mine = [standardised_multinomial_difference(column(one), column(zero)).estimate for one, zero in pairs]
    np.testing.assert_allclose(mine, column("smd"), rtol=1e-12)


def test_adjusted_p_values_equal_p_adjust():
    """Missing ones among them."""
    raw = column("p_raw")
    np.testing.assert_allclose(holm(raw), column("p_holm"), rtol=1e-14)
    np.testing.assert_allclose(benjamini_hochberg(raw), column("p_bh"), rtol=1e-14)


@pytest.mark.parametrize("name", ["lung", "accidents", "drivers", "killed"])
def test_waves_equal_glm(name):
    """Height, peak, both tests; the limits from glm's covariance. Worst 3e-9, the step at which our search
    ends; p values of 1e-220 to 2e-10."""
    counts, reference = column(f"{name}_counts"), column("drivers_counts")
    one, against = column(f"{name}_rayleigh")
    np.testing.assert_allclose(rayleigh_test(counts, DAYS).statistic, one, rtol=1e-8)
    np.testing.assert_allclose(rayleigh_against(counts, reference).statistic, against, rtol=1e-11, atol=1e-12)
    for answer, source in ((cosinor(counts, DAYS), "glm"), (cosinor_against(counts, reference), "logit")):
        a, b, aa, ab, _, bb, gain, gap = column(f"{name}_{source}")
        height = np.hypot(a, b)
        if height < 1e-10:  # drivers against themselves: no wave at all
            assert answer.peak_to_trough == pytest.approx(1, abs=1e-7)
            continue
        error = np.sqrt(a * a * aa + 2 * a * b * ab + b * b * bb) / height
        np.testing.assert_allclose(answer.peak_to_trough, np.exp(2 * height), rtol=1e-8)
        np.testing.assert_allclose(answer.high, np.exp(2 * (height + 1.959963984540054 * error)), rtol=1e-8)
        np.testing.assert_allclose(answer.peak, np.arctan2(b, a) * 6 / np.pi % 12, rtol=1e-8)
        np.testing.assert_allclose(answer.p_value, chi2.sf(gain, 2), rtol=1e-8, atol=1e-300)
        np.testing.assert_allclose(answer.misfit_p_value, chi2.sf(gap, 9), rtol=1e-8, atol=1e-300)
