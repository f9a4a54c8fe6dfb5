"""Do the models without a gold standard find again what tables were drawn from? Tolerances are Monte Carlo standard
errors, or a band stated with its reason."""

import numpy as np
import pytest
from scipy.stats import kstest

from sarcoid_epi.stats.hui_walter import hui_walter
from sarcoid_epi.stats.hui_walter_bayes import FEW_POINTS, hui_walter_posterior
from sarcoid_epi.stats.latent_class import latent_class
from sarcoid_epi.stats.two_classes import patterns

REPLICATES = 2_000


def chances(prevalence, se, sp, covariance=0.0):
    """Chance of each pattern; `covariance` of the first two tests in the diseased."""
    result = patterns(len(se))
    one, nought = np.where(result == 1, se, 1 - np.array(se)), np.where(result == 1, 1 - np.array(sp), sp).prod(1)
    pair = one[:, 0] * one[:, 1] + covariance * np.where(result[:, 0] == result[:, 1], 1, -1)
    return prevalence * pair * one[:, 2:].prod(1) + (1 - prevalence) * nought


@pytest.mark.parametrize(("prevalence", "band"), [(0.15, 0.005), (0.05, 0.02)])
def test_limits_cover_the_truth(prevalence, band):
    """Three tests, 2 000 patients. Within 4 Monte Carlo standard errors of 0.95, and a band beside: logit limits of a
    sensitivity that rests on 100 diseased cover a little more or less than said, the more so the fewer they are.
    Seen: 0.945 to 0.966 at 15 %, 0.919 to 0.960 at 5 %, the least
    for the best sensitivity, where 9 % of the replicates are at an edge, have no limits and are left out."""
    se, sp = [0.8, 0.7, 0.9], [0.95, 0.9, 0.97]
    counts = np.random.default_rng(7).multinomial(2000, chances(prevalence, se, sp), REPLICATES)
    fit = latent_class(counts)
    assert (np.char.find(fit.note, "flat") < 0).all()
    for name, truth in (("prevalence", prevalence), ("sensitivity", se), ("specificity", sp)):
        low, high = (getattr(fit, f"{name}_{side}").reshape(REPLICATES, -1) for side in ("low", "high"))
        known = np.isfinite(low)
        covered = ((low <= truth) & (truth <= high) & known).sum(0) / known.sum(0)
        assert (np.abs(covered - 0.95) < band + 4 * np.sqrt(0.95 * 0.05 / known.sum(0))).all(), (name, covered)


def test_dependence_left_out_biases_and_put_in_does_not():
    """Five tests, two of which miss the same patients: taken as independent their sensitivities come out too high and
    the prevalence too low (Vacek: error rates underestimated); with the pair named all come back within 4 standard
    errors and 0.005 for the bias of maximum likelihood."""
    se, sp = [0.7, 0.7, 0.8, 0.75, 0.7], [0.95, 0.93, 0.96, 0.94, 0.95]
    counts = np.random.default_rng(8).multinomial(3000, chances(0.15, se, sp, 0.12), 300)
    naive, named = latent_class(counts), latent_class(counts, diseased_pairs=[(0, 1)])
    error = named.sensitivity.std(0) / 300**0.5
    assert (np.abs(named.sensitivity.mean(0) - se) < 0.005 + 4 * error).all()
    assert abs(named.prevalence.mean() - 0.15) < 0.003 + 4 * named.prevalence.std() / 300**0.5
    assert abs(named.covariance_diseased[:, 0, 1].mean() - 0.12) < 0.005
    assert (naive.sensitivity.mean(0)[:2] > 0.72).all()
    assert naive.prevalence.mean() < 0.149
    assert (naive.deviance > named.deviance).all()


def test_hui_walter_finds_its_parameters():
    """Two populations of 1 000 with 10 % and 50 %: coverage within 4 Monte Carlo standard errors and 0.01."""
    se, sp = [0.8, 0.9], [0.95, 0.9]
    chance = np.stack([chances(p, se, sp) for p in (0.1, 0.5)])
    rng = np.random.default_rng(9)
    counts = np.stack([rng.multinomial(1000, row, REPLICATES) for row in chance], axis=1).reshape(-1, 2, 2, 2)
    fit = hui_walter(counts)
    for name, truth in (("prevalence", [0.1, 0.5]), ("sensitivity", se), ("specificity", sp)):
        low, high = getattr(fit, f"{name}_low"), getattr(fit, f"{name}_high")
        known = np.isfinite(low)
        covered = ((low <= truth) & (truth <= high)).sum(0) / known.sum(0)
        assert (np.abs(covered - 0.95) < 0.01 + 4 * np.sqrt(0.95 * 0.05 / known.sum(0))).all(), (name, covered)


@pytest.mark.parametrize("populations", [1, 2])
def test_posterior_limits_hold_what_they_say_when_truth_is_drawn_from_the_belief(populations):
    """Simulation-based calibration, 300 worlds: truths drawn from the prior, data from the truths. The limits at every
    level must hold the truth that often, within 4 standard errors, and the place of the truth among all limits and the
    median must be uniform. A few posteriors (4 %) are hard to integrate, and say so."""
    rng = np.random.default_rng(10)
    size = 300
    pi = rng.beta(2, 6, (size, populations))
    se, sp = rng.beta([8, 12], [3, 3], (size, 2)), rng.beta([20, 9], [2, 2], (size, 2))
    results = patterns(2)
    one = np.where(results == 1, se[:, None], 1 - se[:, None]).prod(-1)[:, None]
    nought = np.where(results == 1, 1 - sp[:, None], sp[:, None]).prod(-1)[:, None]
    counts = rng.multinomial(200, pi[..., None] * one + (1 - pi[..., None]) * nought).reshape(size, populations, 2, 2)
    rank = np.zeros((size, populations + 4))
    truth = np.concatenate([pi, se, sp], axis=1)
    levels = np.array([0.5, 0.8])
    for level in levels:
        fit = hui_walter_posterior(counts, 2, 6, [8, 12], [3, 3], [20, 9], [2, 2], level=level)
        low, high = (
            np.concatenate([getattr(fit, f"{name}_{side}") for name in ("prevalence", "sensitivity", "specificity")], 1)
            for side in ("low", "high")
        )
        inside = ((low < truth) & (truth < high)).mean(0)
        assert (np.abs(inside - level) < 4 * np.sqrt(level * (1 - level) / size)).all(), (level, inside)
        rank += (truth > low).astype(float) + (truth > high)
    median = np.concatenate([fit.prevalence_median, fit.sensitivity_median, fit.specificity_median], axis=1)
    rank += truth > median
    # The cell between two limits that holds the truth, and a random place in it.
    tails = np.sort(np.concatenate([(1 - levels) / 2, (1 + levels) / 2, [0.5]]))
    edges = np.concatenate([[0], tails, [1]])
    place = rng.uniform(edges[rank.astype(int)], edges[rank.astype(int) + 1])
    assert min(kstest(column, "uniform").pvalue for column in place.T) > 1e-4
    assert (fit.effective > 500).mean() > 0.95
    assert ((fit.effective < 500) == (np.char.find(fit.note, FEW_POINTS) >= 0)).all()
