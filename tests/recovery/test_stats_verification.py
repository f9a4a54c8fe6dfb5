"""Do limits from partly verified patients cover, do bounds hold, does the right odds ratio lead back to the truth?

20 000 replicates a world, one vectorised call each; the Monte Carlo standard error of a coverage of 0.95 is 0.0015.
"""

import numpy as np
import pytest

from sarcoid_epi.stats.bounds import misclassification_bounds, odds_bounds, selective_imaging_bounds
from sarcoid_epi.stats.inverse_probability import inverse_probability_share
from sarcoid_epi.stats.misclassification import apparent_from_true
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.verification import begg_greenes, not_at_random, stratified_share

REPLICATES = 20_000
SHARES = [0.005, 0.01, 0.02, 0.05, 0.15]
DESIGNS = [  # verified, weights, how the share differs between strata
    ((100, 100), (0.9, 0.1), (0.6, 4.6)),
    ((200, 200), (0.9, 0.1), (0.6, 4.6)),
    ((300, 100), (0.8, 0.2), (0.5, 3.0)),
    ((150, 150), (0.5, 0.5), (1.0, 1.0)),
    ((100, 100, 300), (0.7, 0.2, 0.1), (0.5, 1.5, 3.5)),
]
RECORDS = [  # sensitivity, specificity, patients, verified positives and negatives at most
    (0.4, 0.995, 1000, 100, 300),
    (0.8, 0.97, 1000, 100, 300),
    (0.4, 0.995, 5000, 100, 300),
    (0.6, 0.98, 2000, 50, 150),
]
# Wilson's interval for one proportion has this in it too: with one to three cases expected, what lies between two
# possible counts is covered by steps. 0.93 to 0.98, widened by four standard errors.
LEAST, MOST = 0.93 - 4 * 0.0018, 0.98 + 4 * 0.0010


def covered(low, high, true):
    return float(((low <= true + 1e-12) & (true - 1e-12 <= high)).mean())


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_stratified_limits_cover(design, share):
    """Found 0.936 to 0.966, mean 0.955; the table stands in docs/methods.md."""
    verified, weights, pattern = (np.array(each) for each in design)
    truth = share * pattern / (weights @ pattern)
    cases = np.random.default_rng(11).binomial(verified, truth, (REPLICATES, len(verified)))
    answer = stratified_share(cases, verified, weights * 10_000)
    assert LEAST < covered(answer.low, answer.high, share) < MOST
    error = answer.estimate.std(ddof=1) / REPLICATES**0.5
    assert abs(answer.estimate.mean() - share) < 4 * error


def drawn(record, share, odds=1.0, seed=12):
    """Counts as `begg_greenes` takes them; with odds, the unverified are drawn from the shares that these make."""
    sensitivity, specificity, patients, most_positive, most_negative = record
    rng = np.random.default_rng(seed)
    on_record = apparent_from_true(share, sensitivity, specificity)
    positive = rng.binomial(patients, on_record, REPLICATES)
    counts = []
    for n, theta, most in (
        (positive, share * sensitivity / on_record, most_positive),
        (patients - positive, share * (1 - sensitivity) / (1 - on_record), most_negative),
    ):
        verified = np.minimum(n, most)
        cases = rng.binomial(verified, theta)
        counts.append(
            (n, verified, cases, cases + rng.binomial(n - verified, odds * theta / (1 - theta + odds * theta)))
        )
    (n1, m1, y1, all1), (n0, m0, y0, all0) = counts
    return [each[:, None] for each in (n1, n0, m1, y1, m0, y0)], all1, all0


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_begg_greenes_limits_cover(record, share):
    """Sensitivity, specificity, prevalence and both predictive values; found 0.936 to 0.977, mean 0.955."""
    counts, _, _ = drawn(record, share)
    answer = begg_greenes(*counts)
    sensitivity, specificity = record[:2]
    positive = apparent_from_true(share, sensitivity, specificity)
    truth = {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "prevalence": share,
        "positive_predictive_value": share * sensitivity / positive,
        "negative_predictive_value": (1 - share) * specificity / (1 - positive),
        "underdiagnosis": 1 - sensitivity,
    }
    for name, true in truth.items():
        part = getattr(answer, name)
        known = ~np.isnan(part.low)  # no case among the verified, no sensitivity: 5 % of replicates at a share of 0.5 %
        assert known.mean() > 0.94
        assert LEAST < covered(part.low[known], part.high[known], true) < MOST, name


def test_the_true_odds_lead_back_to_the_truth_and_odds_of_one_do_not():
    """Doctors verified those they worried about: the others have a quarter of the odds. Four standard errors."""
    counts, found, missed = drawn((0.6, 0.98, 5000, 100, 300), 0.05, odds=0.25)
    truth = (found + missed).mean() / 5000
    curve = not_at_random(*(each[:, None] for each in counts), odds=[0.25, 1.0])
    estimates = curve.prevalence.estimate
    error = estimates.std(axis=0, ddof=1) / REPLICATES**0.5
    # h is curved: the mean of h(theta) differs from h of the mean by less than 1 % of the share.
    assert abs(estimates[:, 0].mean() - truth) < 4 * error[0] + 0.01 * truth
    assert estimates[:, 1].mean() - truth > 50 * error[1]


@pytest.mark.parametrize("odds", [0.25, 3.0])
@pytest.mark.parametrize("share", SHARES)
def test_limits_at_the_true_odds_cover(share, odds):
    """What is covered is h at the cells' true shares. Found 0.952 to 0.975 of the prevalence, 0.948 to 0.960 of the
    sensitivity."""
    record = 0.6, 0.98, 5000, 100, 300
    counts, _, _ = drawn(record, share, odds)
    answer = not_at_random(*counts, odds=odds)
    on_record = apparent_from_true(share, *record[:2])
    cells = []
    for part, cases, most in ((on_record, share * 0.6, 100), (1 - on_record, share * 0.4, 300)):
        kept, theta = min(1, most / (5000 * part)), cases / part
        cells.append(part * (kept * theta + (1 - kept) * odds * theta / (1 - theta + odds * theta)))
    assert LEAST < covered(answer.prevalence.low, answer.prevalence.high, sum(cells)) < MOST
    known = ~np.isnan(answer.sensitivity.low)
    low, high = answer.sensitivity.low[known], answer.sensitivity.high[known]
    assert LEAST < covered(low, high, cells[0] / sum(cells)) < MOST


@pytest.mark.parametrize("share", [0.02, 0.05, 0.15])
def test_weighted_shares_cover_when_probabilities_vary(share):
    """400 patients, probabilities 0.2 to 0.9, higher where the disease is. Hajek's limits: found 0.944 to 0.949."""
    rng = np.random.default_rng(13)
    risk = share * np.linspace(0.2, 1.8, 400)
    probability = np.linspace(0.2, 0.9, 400)
    cases, verified = rng.random((5000, 400)) < risk, rng.random((5000, 400)) < probability
    answer = inverse_probability_share(cases, verified, probability)
    for part in answer[:2]:
        assert abs(part.estimate.mean() - share) < 4 * part.estimate.std(ddof=1) / 5000**0.5 + 0.01 * share
    assert 0.92 < covered(answer.hajek.low, answer.hajek.high, share) < 0.98


@pytest.mark.parametrize("share", SHARES)
def test_bounds_and_their_limits_contain_the_truth_under_their_assumption(share):
    """The outer limits hold in at least 0.95 of samples wherever in the range the truth is, four standard errors less.
    In the middle of a range both sides must fail, so that up to 1 is found; at its ends 0.963 and more. Where only one
    positive is expected among the imaged, Wilson's limits of q cover 0.943 themselves, and odds at an end 0.938."""
    rng = np.random.default_rng(14)
    floor = 0.95 - 4 * 0.0015
    for se, sp in ((0.3, 0.99), (0.9, 0.99), (0.3, 1.0), (0.6, 0.995), (0.9, 1.0)):
        events = rng.binomial(1000, apparent_from_true(share, se, sp), REPLICATES)
        answer = misclassification_bounds(events, 1000, (0.3, 0.9), (0.99, 1.0))
        assert covered(answer.low_limit, answer.high_limit, share) > floor
    for odds in (0.2, 1.0, 3.0):
        q = share
        true = 0.2 * q + 0.8 * odds * q / (1 - q + odds * q)
        imaged = rng.binomial(1000, 0.2, REPLICATES)
        positive = rng.binomial(imaged, q)
        answer = odds_bounds(positive, imaged, 1000, 0.2, 3.0)
        of_q = covered(*wilson(positive, imaged), q)
        floor = min(0.95, of_q) - 4 * 0.0017
        assert covered(answer.low_limit, answer.high_limit, true) > floor
        worst = selective_imaging_bounds(positive, imaged, 1000)
        assert covered(worst.low_limit, worst.high_limit, true) > floor
        assert covered(worst.low_limit, worst.high_limit, 0.2 * q) > floor
        assert covered(worst.low_limit, worst.high_limit, 0.2 * q + 0.8) > floor
