"""The joint synthesis and its sampler: known posteriors, and simulation-based calibration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logit, ndtri
from scipy.stats import beta, kstest

from sarcoid_epi.estimators.believing import drawn
from sarcoid_epi.estimators.joint import Series, expected, joint, leaned, predicted, symptomatic_on_record, without
from sarcoid_epi.estimators.synthesis import published_series
from sarcoid_epi.gathering import gathered
from sarcoid_epi.scenario import load_prior
from sarcoid_epi.stats.importance import importance_sample, sobol
from sarcoid_epi.stats.weighted import summary, weighted_quantile

#: Data sets drawn from the prior. Each is one importance sample of 2 048 points.
CALIBRATIONS = 100


@pytest.fixture(scope="module")
def prior():
    return load_prior("open")


@pytest.fixture(scope="module")
def series():
    strata = gathered().strata()
    return published_series(strata.table("study", "met", "looked", "tally")[0])


def test_the_sampler_finds_a_known_posterior_in_ten_dimensions():
    """Ten independent shares, Beta(1 + x, 1 + n - x) each. Tolerances: the worst error of a mean is 5e-4 of a standard
    deviation of 0.02 to 0.1, of a limit 3e-3, with 2^14 points worth some thousands."""
    x, n = np.arange(10) * 3.0, np.full(10, 60.0)
    answer = importance_sample(lambda u: (x * np.log(u) + (n - x) * np.log1p(-u)).sum(axis=-1), 10)
    told = summary(answer.places.T, answer.weights)
    exact = beta(1 + x, 1 + n - x)
    assert answer.effective > 2_000
    assert_allclose(told.mean, exact.mean(), atol=1e-3)
    assert_allclose(told.low, exact.ppf(0.025), atol=5e-3)
    assert_allclose(told.high, exact.ppf(0.975), atol=5e-3)


def test_impossible_data_have_no_weight():
    answer = importance_sample(lambda u: np.full(len(u), -np.inf), 2, 1024)
    assert answer.effective == 0.0
    assert np.isnan(answer.weights).all()


def test_points_are_the_same_each_time(prior, series):
    one, other = (joint(series, prior, 2**12) for _ in range(2))
    assert one.weights.tobytes() == other.weights.tobytes()


def test_without_data_the_posterior_is_the_prior(prior, series):
    """A series of nobody. The sampler's own error: worst 2 % of a standard deviation."""
    nothing = Series(*(np.zeros(1) for _ in range(6)))
    answer = joint(nothing, prior, 2**13)
    for name, before in answer.prior.items():
        assert abs(answer.posterior[name].mean - before.mean) < 0.05 * before.sd, name
        assert abs(answer.contraction[name]) < 0.1, name


def test_simulation_based_calibration(prior, series):
    """Truths drawn from the prior, counts from the model, posteriors of both: the truth's place in its posterior is
    uniform. Kolmogorov-Smirnov for the eight quantities that the data can move; 0.001 for each, fixed seed."""
    rng = np.random.default_rng(20260)
    parameters = prior.parameters()
    watched = ("patients.osseous", "patients.new", "patients.between", "symptoms.symptomatic", "routine.imaged_silent",
               "routine.specificity", "pet.sensitivity", "underdiagnosis")  # fmt: skip
    places: dict[str, list[float]] = {name: [] for name in watched}
    for _ in range(CALIBRATIONS):
        truth = drawn(parameters, rng.uniform(size=(1, len(parameters))))
        share, finds, clears = expected(series, truth)
        true = expit(logit(share) + truth["patients.between"][:, None] * rng.standard_normal(share.shape))
        chance = (true * finds + (1 - true) * (1 - clears))[0]
        counts = series._replace(
            events=rng.binomial(series.n.astype(int), chance).astype(float),
            symptomatic=rng.binomial(series.symptomatic_n.astype(int), symptomatic_on_record(truth)[0]).astype(float),
        )
        answer = joint(counts, prior, 2**11)
        s = truth["symptoms.symptomatic"]
        looked_at = s * truth["routine.imaged_symptomatic"] + (1 - s) * truth["routine.imaged_silent"]
        truth["underdiagnosis"] = 1 - looked_at * truth["routine.seen"]
        for name in watched:
            places[name].append(float(answer.weights @ (answer.draws[name] < truth[name][0])))
    for name, found in places.items():
        assert kstest(found, "uniform").pvalue > 0.001, name


def test_pet_is_where_the_true_share_comes_from(prior, series):
    """Without the two PET series and the spine MRI the records leave the share wide open, as they must."""
    answer = joint(series, prior, 2**13)
    blind = joint(without(without(without(series, 6), 5), 2), prior, 2**13)
    wide, narrow = (one.posterior["patients.osseous"] for one in (blind, answer))
    assert wide.high / wide.low > 1.5 * narrow.high / narrow.low
    assert answer.contraction["patients.osseous"] > 0.8
    assert abs(answer.contraction["pet.sensitivity"]) < 0.2  # no series tells how much PET misses


def test_a_series_left_out_is_predicted_with_room_for_chance(prior, series):
    mean, low, high = predicted(series, 1, prior, 2**12)
    assert 0 <= low < mean < high <= 926


def test_leaning_on_a_prior_shows(prior, series):
    """A PET that finds less needs more disease behind the same counts."""
    low, high = leaned(joint(series, prior, 2**13), "patients.osseous")["pet.sensitivity"]
    assert low > high


def test_quasi_random_points_fill_each_dimension_evenly():
    points = sobol(256, 20)
    assert_allclose(
        np.sort(points, axis=0), np.broadcast_to((np.arange(256)[:, None] + 0.5) / 256, points.shape), atol=1 / 256
    )
    assert_allclose(weighted_quantile(ndtri(points.T), np.full(256, 1 / 256), [0.5]), np.zeros((20, 1)), atol=0.02)
