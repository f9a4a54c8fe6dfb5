"""Do two lists, and frequencies of listing, find again how many cases there were? 10 000 replicates a world, all in one
call; bands are k = 4 Monte Carlo standard errors, plus what a docstring says and why."""

import numpy as np
import pytest

from sarcoid_epi.stats.capture import (
    by_dependence,
    chapman,
    lincoln_petersen,
    stratified,
    without_false_records,
)
from sarcoid_epi.stats.listings import chao, zelterman

REPLICATES = 10_000
K = 4
COVERED = (0.95 * 0.05 / REPLICATES) ** 0.5


def overlap(first, second, odds_ratio):
    """The probability of being on both lists."""
    if odds_ratio == 1:
        return first * second
    excess = odds_ratio - 1
    middle = 1 + excess * (first + second)
    return (middle - np.sqrt(middle**2 - 4 * excess * odds_ratio * first * second)) / (2 * excess)


def cells(first, second, odds_ratio=1.0):
    both = overlap(first, second, odds_ratio)
    return np.array([both, first - both, second - both, 1 - first - second + both])


def lists(cases, shares, seed=1):
    """Counts m, a, b of each replicate."""
    return np.random.default_rng(seed).multinomial(cases, shares, size=REPLICATES).T[:3]


def coverage(answer, truth):
    return ((answer.low <= truth) & (truth <= answer.high)).mean()


def within(values, truth, extra=0.0):
    return abs(values.mean() - truth) < K * values.std(ddof=1) / values.size**0.5 + extra


@pytest.mark.parametrize(
    ("cases", "first", "second"), [(100, 0.4, 0.3), (300, 0.3, 0.2), (1000, 0.5, 0.1), (1000, 0.2, 0.2)]
)
def test_independent_lists_find_the_number(cases, first, second):
    """Chapman: no bias beyond 0.1 % (lists shorter together than the number of cases). Its standard error is that of
    the estimates within 4 %. Limits cover 0.95 within 0.01: they can only fall on a few places. Lincoln-Petersen is
    too high by about 1/m of the number unseen; the limits are the same."""
    counts = lists(cases, cells(first, second))
    answer, plain = chapman(*counts), lincoln_petersen(*counts)
    assert within(answer.cases, cases, 0.001 * cases)
    assert (answer.std_error**2).mean() == pytest.approx(answer.cases.var(), rel=0.08)
    assert abs(coverage(answer, cases) - 0.95) < 0.01 + K * COVERED
    assert plain.cases.mean() > answer.cases.mean()
    np.testing.assert_array_equal(plain.low, answer.low)


def test_with_three_patients_on_both_lists_limits_still_cover():
    """100 cases, lists of 20 and 15, three shared on average, none in 5 % of replicates, whose upper limit is infinite:
    0.93, and Chapman is too low by 4 %: its correction cannot make up for what is never drawn."""
    answer = chapman(*lists(100, cells(0.2, 0.15)))
    assert 0.92 < coverage(answer, 100) < 0.96
    assert 0.94 < answer.cases.mean() / 100 < 0.98


@pytest.mark.parametrize(
    ("cases", "first", "second", "odds_ratio"),
    [(300, 0.4, 0.3, 3.0), (300, 0.4, 0.3, 0.4), (1000, 0.2, 0.2, 2.0), (1000, 0.3, 0.15, 4.0)],
)
def test_dependence_biases_as_the_odds_ratio_says_and_the_true_one_mends_it(cases, first, second, odds_ratio):
    """Lincoln-Petersen tends to seen + unseen / odds ratio, not to the truth, and its limits cover under 0.1. With the
    true odds ratio limits cover 0.95 within 0.01, and the number is right but for the usual bias of a ratio, 1/m."""
    shares = cells(first, second, odds_ratio)
    counts = lists(cases, shares)
    wrong, right = lincoln_petersen(*counts), by_dependence(*counts, odds_ratio)
    limit = cases * (1 - shares[3] + shares[3] / odds_ratio)
    few = 1.5 / (cases * shares[0])  # relative bias of 1/m, and room
    assert within(wrong.cases, limit, few * limit)
    assert coverage(wrong, cases) < 0.1
    assert within(right.cases, cases, few * cases)
    assert abs(coverage(right, cases) - 0.95) < 0.01 + K * COVERED


def test_strata_mend_a_dependence_that_comes_from_them():
    """150 cases with symptoms, on each list with 0.6; 350 without, with 0.3: pooled 11 % too low and covering under
    0.6, within strata right, covering 0.943."""
    rng = np.random.default_rng(2)
    groups = [rng.multinomial(n, cells(p, p), size=REPLICATES) for n, p in ((150, 0.6), (350, 0.3))]
    counts = np.stack(groups, axis=1)
    answer = stratified(counts[..., 0], counts[..., 1], counts[..., 2])
    pooled = chapman(*counts.sum(1).T[:3])
    assert within(answer.cases, 500, 0.5)
    assert abs(coverage(answer, 500) - 0.95) < 0.01 + K * COVERED
    assert pooled.cases.mean() < 450
    assert coverage(pooled, 500) < 0.6


def test_false_records_taken_off_leave_the_number_of_true_cases():
    """400 cases on lists of 0.4 and 0.3, and 40 false records on each: a quarter too high or more; with the true
    predictive values right, within 1/m."""
    m, a, b = lists(400, cells(0.4, 0.3))
    raw = lincoln_petersen(m, a + 40, b + 40)
    counts = without_false_records(m, a + 40, b + 40, (m + a) / (m + a + 40), (m + b) / (m + b + 40))
    corrected = lincoln_petersen(*counts[:3])
    assert raw.cases.mean() > 500
    np.testing.assert_allclose(corrected.cases, lincoln_petersen(m, a, b).cases, rtol=1e-12)
    assert abs(coverage(corrected, 400) - 0.95) < 0.01 + K * COVERED


@pytest.mark.parametrize(("cases", "number", "share"), [(300, 4, 0.3), (1000, 5, 0.15), (300, 5, 0.1)])
def test_chao_is_right_where_all_are_equally_likely_to_be_listed(cases, number, share):
    """A lower bound that is reached there, but for the bias of a ratio (1 % to 4 %); limits cover 0.95 within 0.01."""
    listed = np.random.default_rng(3).binomial(number, share, size=(REPLICATES, cases))
    answer = chao((listed == 1).sum(1), (listed == 2).sum(1), (listed > 0).sum(1), number)
    assert within(answer.cases, cases, 0.05 * cases)
    assert abs(coverage(answer, cases) - 0.95) < 0.01 + K * COVERED


def test_chao_is_a_lower_bound_where_they_are_not():
    """Half of 1000 cases listed 0.2 times on average, half 1.2 times: Chao gives about 870, Zelterman more."""
    rng = np.random.default_rng(4)
    listed = np.concatenate([rng.poisson(rate, size=(2000, 500)) for rate in (0.2, 1.2)], axis=1)
    frequencies = (listed == 1).sum(1), (listed == 2).sum(1), (listed > 0).sum(1)
    bound, robust = chao(*frequencies), zelterman(*frequencies)
    assert (listed > 0).sum(1).mean() < bound.cases.mean() < robust.cases.mean() < 1000


@pytest.mark.parametrize(("cases", "rate"), [(300, 0.8), (1000, 0.5)])
def test_zelterman_and_chao_find_the_number_of_poisson_listings(cases, rate):
    """Both too high by at most 2 % (a ratio), limits cover 0.95 within 0.01, standard errors those of the estimates
    within 8 %."""
    listed = np.random.default_rng(5).poisson(rate, size=(REPLICATES, cases))
    for estimator in (chao, zelterman):
        answer = estimator((listed == 1).sum(1), (listed == 2).sum(1), (listed > 0).sum(1))
        assert within(answer.cases, cases, 0.02 * cases)
        assert abs(coverage(answer, cases) - 0.95) < 0.01 + K * COVERED
        assert (answer.std_error**2).mean() == pytest.approx(answer.cases.var(), rel=0.16)
