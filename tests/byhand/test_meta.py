"""The binomial-normal model where the answer is known without a fit, and what must hold for any fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, gammaln, logit

from sarcoid_epi.stats import meta
from sarcoid_epi.stats.maximum import climb
from sarcoid_epi.stats.meta import Pooled, binomial_normal, t_limits
from sarcoid_epi.stats.quadrature import binomial_normal_derivatives, logit_normal_mean

EVENTS = np.array([4, 10, 2, 7, 0, 22, 31, 5, 1, 9, 3, 12, 40, 6])
N = np.array([736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54])


def by_trapezium(mu, tau, events, n):
    """The log-likelihood by 40 001 equidistant points: slow, and nothing in common with the quadrature it checks."""
    u = np.linspace(-14, 14, 40_001)
    theta = mu + tau * u
    x, m = np.asarray(events, float)[:, None], np.asarray(n, float)[:, None]
    choose = gammaln(m + 1) - gammaln(x + 1) - gammaln(m - x + 1)
    integrand = np.exp(choose + x * theta - m * np.logaddexp(0, theta) - u**2 / 2) / np.sqrt(2 * np.pi)
    return np.log(integrand.sum(axis=1) * (u[1] - u[0])).sum()


def likelihood(mu, tau, events, n, nodes=151):
    x, m = np.atleast_2d(np.asarray(events, float)), np.atleast_2d(np.asarray(n, float))
    return binomial_normal_derivatives(np.array([mu]), np.array([tau]), x, m, nodes, np.zeros_like(x))


def test_equal_shares_leave_no_spread():
    """10 % everywhere: tau = 0, mu = logit(0.1) and its variance is 1 / (150 * 0.1 * 0.9)."""
    fit = binomial_normal([1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    assert fit.tau == 0
    assert fit.mu == pytest.approx(logit(0.1), rel=1e-12)
    assert fit.se_mu == pytest.approx(1 / np.sqrt(13.5), rel=1e-12)
    assert fit.share == fit.average == pytest.approx(0.1, rel=1e-12)
    assert fit.log_likelihood == pytest.approx(by_trapezium(logit(0.1), 0, [1, 2, 3, 4, 5], [10, 20, 30, 40, 50]))
    assert fit.converged
    assert fit.note == ""


def test_two_mirrored_studies_centre_at_one_half():
    """3 of 20 and 17 of 20: mu = 0; no degree of freedom is left for a prediction."""
    fit = binomial_normal([3, 17], [20, 20])
    assert fit.mu == pytest.approx(0, abs=1e-12)
    assert fit.average == pytest.approx(0.5, abs=1e-12)
    assert fit.tau > 1
    assert np.isnan([fit.prediction_low, fit.prediction_high]).all()
    assert fit.note == meta.TWO_STUDIES
    assert fit.converged


@pytest.mark.parametrize("size", [4, 16, 100, 10_000])
def test_just_as_much_spread_as_chance_gives_is_none(size):
    """size/2 -+ sqrt(size)/2: sum (x - n p)^2 equals sum n p (1 - p), the flattest top there is, at tau = 0."""
    off = round(size**0.5) // 2
    fit = binomial_normal([size // 2 - off, size // 2 + off], [size, size])
    assert (fit.mu, fit.tau) == (0, 0)
    assert fit.se_mu == pytest.approx((2 / size) ** 0.5)


def test_every_study_twice_changes_only_the_error():
    once, twice = binomial_normal(EVENTS, N), binomial_normal(np.tile(EVENTS, 2), np.tile(N, 2))
    assert (twice.mu, twice.tau) == pytest.approx((once.mu, once.tau), abs=1e-8)  # 25 points: 3e-9
    assert twice.se_mu == pytest.approx(once.se_mu / np.sqrt(2), rel=1e-8)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-12)


def test_limits_and_prediction_follow_from_the_fit():
    fit = binomial_normal(EVENTS, N, level=0.9)
    assert fit.tau2 == fit.tau**2
    assert (fit.low, fit.high) == pytest.approx(expit(fit.mu + np.array([-1, 1]) * 1.6448536269514722 * fit.se_mu))
    reach = 1.782287555649159 * np.hypot(fit.tau, fit.se_mu)  # t with 12 degrees of freedom, 0.95
    assert (fit.prediction_low, fit.prediction_high) == pytest.approx(expit(fit.mu + np.array([-1, 1]) * reach))
    assert t_limits(fit, 0.9) == pytest.approx(expit(fit.mu + np.array([-1, 1]) * 1.770933395986873 * fit.se_mu))
    assert fit.prediction_low < fit.low < fit.share < fit.average < fit.high < fit.prediction_high


@pytest.mark.parametrize(
    ("events", "n", "note", "known"),
    [
        ([0, 0], [0, 0], meta.NO_STUDY, {"studies": 0}),
        ([0, 0, 0], [10, 20, 30], meta.NO_EVENTS, {"mu": -np.inf, "share": 0, "log_likelihood": 0}),
        ([10, 20], [10, 20], meta.ONLY_EVENTS, {"mu": np.inf, "share": 1, "log_likelihood": 0}),
        ([0, 10, 0], [10, 10, 20], meta.ALL_OR_NONE, {}),
        ([0, 1, 1], [1, 1, 1], meta.ALL_OR_NONE, {}),
        ([3, 0], [10, 0], meta.ONE_STUDY, {"share": 0.3, "se_mu": 1 / np.sqrt(2.1), "studies": 1}),
        ([0], [10], meta.NO_EVENTS, {"share": 0}),
    ],
)
def test_what_cannot_be_estimated_is_nan_with_a_note(events, n, note, known):
    fit = binomial_normal(events, n)
    assert fit.note == note
    assert not fit.converged
    for name, value in known.items():
        assert getattr(fit, name) == pytest.approx(value)
    own = {"low", "high"} if note == meta.ONE_STUDY else set()
    unknown = set(Pooled._fields) - set(known) - own - {"note", "converged", "studies", "mu", "share", "log_likelihood"}
    assert {name for name in unknown if not np.isnan(getattr(fit, name))} == set()


def test_one_study_keeps_its_own_limits():
    fit = binomial_normal([30], [100])
    assert (fit.low, fit.high) == pytest.approx(expit(logit(0.3) + np.array([-1, 1]) * 1.959963984540054 / 21**0.5))


def test_a_study_without_patients_is_not_there():
    padded = binomial_normal(np.append(EVENTS, [0, 0]), np.append(N, [0, 0]))
    np.testing.assert_array_equal(padded.studies, 14)
    for mine, other in zip(padded[:11], binomial_normal(EVENTS, N)[:11], strict=True):
        assert mine == pytest.approx(other, rel=1e-12)


def test_no_groups_and_no_studies():
    assert binomial_normal(np.zeros((0, 3)), 5).mu.shape == (0,)
    fit = binomial_normal(np.zeros((2, 0)), np.zeros((2, 0)))
    np.testing.assert_array_equal(fit.note, [meta.NO_STUDY] * 2)
    assert np.isnan(fit.mu).all()


def test_a_batch_equals_its_groups():
    rng = np.random.default_rng(3)
    events = rng.binomial(N, expit(-3 + 1.2 * rng.standard_normal((4, 5, 14))))
    events[0, 0], events[1, 1, 1:] = 0, 0
    batch = binomial_normal(events, N)
    for i in np.ndindex(4, 5):
        alone = binomial_normal(events[i], N)
        for name, field in zip(Pooled._fields, batch, strict=True):
            assert field.shape == (4, 5)
            if name == "note":
                assert field[i] == alone.note
            else:  # numpy sums long and short arrays in another order: 1e-15 in the sums
                np.testing.assert_allclose(field[i], getattr(alone, name), rtol=1e-9, err_msg=name)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    studies=st.lists(
        st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=3, max_size=7
    )
)
def test_counting_the_others_mirrors_the_fit(studies):
    events, n = np.array(studies).T
    fit, mirror = binomial_normal(events, n), binomial_normal(n - events, n)
    assert fit.converged == mirror.converged
    if fit.converged:
        assert fit.mu == pytest.approx(-mirror.mu, abs=1e-5)
        assert fit.tau == pytest.approx(mirror.tau, abs=1e-5)
        assert fit.low <= fit.share <= fit.high
        assert fit.prediction_low <= fit.low
        assert fit.high <= fit.prediction_high


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.0, 3.0])
def test_the_quadrature_equals_a_plain_sum(tau):
    """Worst 2e-13 with 151 points."""
    assert likelihood(-3, tau, EVENTS, N).value[0] == pytest.approx(by_trapezium(-3, tau, EVENTS, N), abs=1e-10)


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.5])
def test_gradient_and_information_are_the_derivatives_of_the_value(tau):
    """Against central differences with step h = 1e-4: truncation h^2 = 1e-8, rounding 1e-14 / h^2 = 1e-6 of it."""
    h, at = 1e-4, np.array([-3.0, tau])
    exact = likelihood(*at, EVENTS, N)

    def value(*moves):
        return likelihood(*(at + h * np.array(moves)), EVENTS, N).value[0]

    gradient = [(value(1, 0) - value(-1, 0)) / 2 / h, (value(0, 1) - value(0, -1)) / 2 / h]
    np.testing.assert_allclose(exact.gradient[0], gradient, atol=2e-5)
    twice = [value(1, 0) + value(-1, 0), value(0, 1) + value(0, -1)]
    across = (value(1, 1) - value(1, -1) - value(-1, 1) + value(-1, -1)) / 4 / h**2
    expected = -np.array([[(twice[0] - 2 * value(0, 0)) / h**2, across], [across, (twice[1] - 2 * value(0, 0)) / h**2]])
    np.testing.assert_allclose(exact.information[0], expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("seed", range(12))
def test_no_neighbour_is_higher(seed):
    """Small, uneven studies with many zeros: the plain sum is nowhere higher around the fit, nor at no spread."""
    rng = np.random.default_rng(seed)
    n = rng.choice([2, 5, 20, 60, 300], 7)
    events = rng.binomial(n, expit(rng.choice([-3, -1]) + rng.choice([0, 1, 2]) * rng.standard_normal(7)))
    fit = binomial_normal(events, n)
    if fit.converged:
        top = by_trapezium(fit.mu, fit.tau, events, n)
        assert fit.log_likelihood == pytest.approx(top, abs=1e-6)
        for move in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01), (0.3, 0.3), (-0.3, 0.3), (0, 2), (0, -fit.tau)):
            assert by_trapezium(fit.mu + move[0], abs(fit.tau + move[1]), events, n) <= top + 1e-7


def test_a_negative_spread_is_the_same_model_mirrored():
    """The search may step through tau = 0: value and information stay, what is odd in tau changes sign."""
    here, there = likelihood(-3, 0.8, EVENTS, N), likelihood(-3, -0.8, EVENTS, N)
    assert there.value == here.value
    np.testing.assert_array_equal(there.gradient, here.gradient * [1, -1])
    np.testing.assert_array_equal(there.information, here.information * [[1, -1], [-1, 1]])


def test_uneven_syntheses_all_find_their_maximum():
    """Studies of 5 to 5 000 patients, shares from 0.1 % to 90 %: the search fails in none of 4 000."""
    rng = np.random.default_rng(0)
    for studies in (3, 6):
        n = rng.choice([5, 20, 60, 300, 5000], (2000, studies))
        mu, tau = rng.choice([-5, -3, -1], (2000, 1)), rng.choice([0, 0.5, 1, 2], (2000, 1))
        fit = binomial_normal(rng.binomial(n, expit(mu + tau * rng.standard_normal(n.shape))), n)
        assert not (fit.note == meta.NOT_CONVERGED).any()


@pytest.mark.parametrize(("mu", "tau"), [(-3.0, 0.0), (-3.0, 0.7), (-1.0, 2.5), (2.0, 6.0)])
def test_the_average_share_is_the_integral(mu, tau):
    u = np.linspace(-12, 12, 400_001)
    expected = (expit(mu + tau * u) * np.exp(-(u**2) / 2)).sum() / np.exp(-(u**2) / 2).sum()
    assert logit_normal_mean(np.array(mu), np.array(tau)) == pytest.approx(expected, rel=1e-12)


def test_few_points_still_converge():
    for nodes in (5, 7, 11):
        assert binomial_normal(EVENTS, N, nodes=nodes).mu == pytest.approx(-3.208, abs=0.005)


def test_climbing_reports_what_has_no_top():
    """A slope without end, and a bowl: neither ends in a maximum; a hill does."""

    def function(groups, at):
        bend = np.array([0.0, -1.0, 1.0])[groups]
        linear = np.array([1.0, 1.0, 0.0])[groups]
        x = at[:, 0]
        return linear * x - bend * x**2 / 2, (linear - bend * x)[:, None], bend[:, None, None]

    peak = climb(function, np.array([[0.0], [1.0], [1.5]]))
    np.testing.assert_array_equal(peak.converged, [False, False, True])
    assert peak.at[2, 0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: binomial_normal(3, 10), "events and n need an axis of studies, the last one; got single numbers"),
        (lambda: binomial_normal([3, 4], [10, 3]), "events must not exceed n; got 4 of 3"),
        (lambda: binomial_normal([3, 4], [10, 9], level=2), "level must lie between 0 and 1, both excluded; got 2"),
        (lambda: binomial_normal([3, 4], [10, 9], nodes=4), "nodes must be at least 5; got 4"),
    ],
)
def test_broken_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        call()
