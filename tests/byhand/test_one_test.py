"""The posterior of one test against closed forms, and against a brute integral with pi in closed form."""

import cProfile
import pstats
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.special import betainc, betaln, expit, log_expit, logit, xlogy
from scipy.stats import beta as beta_law
from scipy.stats import binom

from sarcoid_epi.stats.cloud import weighted_summary
from sarcoid_epi.stats.one_test import one_test_grid, one_test_posterior
from sarcoid_epi.stats.prior import beta, density, pert, point, quantile, uniform, weighed

QUANTITIES = ("prevalence", "sensitivity", "specificity", "undetected", "predictive")


@pytest.mark.parametrize(("x", "n"), [(7, 50), (0, 20), (20, 20), (30_000, 1_000_000)])
def test_a_perfect_test_leaves_the_beta_posterior(x, n):
    """Tolerance: quadrature, worst 2e-12."""
    answer, law = one_test_posterior(x, n, point(1), point(1)), beta_law(x + 1, n - x + 1)
    found = [answer.prevalence.mean, answer.prevalence.sd, answer.prevalence.median]
    assert found == pytest.approx([law.mean(), law.std(), law.median()], abs=1e-9)
    assert [answer.prevalence.low, answer.prevalence.high] == pytest.approx(law.ppf([0.025, 0.975]), abs=1e-9)
    assert answer.log_evidence == pytest.approx(-np.log(n + 1), abs=1e-8)
    assert answer.undetected.mean == answer.undetected.high == 0
    assert answer.predictive.low == answer.predictive.high == 1
    assert np.isnan(answer.contraction.sensitivity)
    assert answer.note == ""


def test_the_shortest_limits_have_equal_density_or_begin_at_the_end():
    law = beta_law(8, 44)
    short = one_test_posterior(7, 50, point(1), point(1)).prevalence
    assert law.cdf(short.shortest_high) - law.cdf(short.shortest_low) == pytest.approx(0.95, abs=1e-8)
    assert law.pdf(short.shortest_high) == pytest.approx(law.pdf(short.shortest_low), rel=1e-5)
    none = one_test_posterior(0, 50, point(1), point(1)).prevalence
    assert (none.shortest_low, none.shortest_high) == pytest.approx((0, 1 - 0.05 ** (1 / 51)), abs=1e-8)


@pytest.mark.parametrize(("x", "n", "c"), [(7, 50, 0.5), (40, 50, 0.6), (0, 12, 0.3)])
def test_a_known_sensitivity_and_no_false_positives_leave_a_truncated_beta(x, n, c):
    """pi Se has the density of Beta(x + 1, n - x + 1) on 0 to Se."""
    law, answer = beta_law(x + 1, n - x + 1), one_test_posterior(x, n, point(c), point(1))
    limits = law.ppf(np.array([0.025, 0.5, 0.975]) * law.cdf(c)) / c
    found = answer.prevalence
    # Tolerance: series, worst 1e-8.
    assert [found.low, found.median, found.high] == pytest.approx(limits, abs=1e-6)
    # The density of pi (1 - Se) ends abruptly at 1 - Se: worst 8e-6.
    assert answer.undetected.high == pytest.approx(limits[2] * (1 - c), abs=3e-5)


def nodes(prior, panels):
    """Many Gauss-Legendre panels over all but the far tails of a prior."""
    t, w = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(*quantile(prior, [1e-13, 1 - 1e-13]), panels + 1)
    x = (edges[:-1, None] + np.diff(edges)[:, None] * (t + 1) / 2).ravel()
    return x, (np.diff(edges)[:, None] * w / 2).ravel() * density(prior, x)


def brute_chance(x, n, se, sp, quantity, t):
    """Pr(quantity <= t) with pi, uniform, integrated in closed form: an incomplete beta in p."""
    (s, ws), (c, wc) = nodes(se, 30), nodes(sp, 160)  # no s meets a 1 - c
    s, f, weight = s[:, None], 1 - c[None], ws[:, None] * wc[None]
    if quantity == "prevalence":
        at = t
    elif quantity == "undetected":
        at = np.minimum(t / (1 - s), 1)
    else:
        at = t * f / (s * (1 - t) + t * f)
    law = (x + 1, n - x + 1)
    start = betainc(*law, f)
    weight = weight / (s - f)
    return (weight * (betainc(*law, f + at * (s - f)) - start)).sum() / (weight * (betainc(*law, s) - start)).sum()


CASES = [  # x, n, Se, Sp, worst error of a chance found
    (60, 500, beta(81, 21), beta(191, 11), 1e-6),
    (142, 742, uniform(0.6, 1), uniform(0.75, 1), 1e-4),
    (8, 210, pert(0.3, 0.6, 0.9), pert(0.85, 0.95, 1.0), 1e-4),
    (321, 10_000, weighed(0.3, 40), weighed(0.99, 300), 5e-4),
    (30_000, 1_000_000, beta(80, 20), beta(198, 2), 2e-4),
]


@pytest.mark.parametrize(("x", "n", "se", "sp", "tolerance"), CASES)
@pytest.mark.parametrize("quantity", ["prevalence", "undetected", "predictive"])
def test_limits_have_the_chance_that_a_brute_integral_gives(x, n, se, sp, tolerance, quantity):
    """Another order of integration, 690 000 nodes. The tolerance is in chance, larger where densities end abruptly."""
    found = getattr(one_test_posterior(x, n, se, sp), quantity)
    for limit, wanted in ((found.low, 0.025), (found.median, 0.5), (found.high, 0.975)):
        assert brute_chance(x, n, se, sp, quantity, limit) == pytest.approx(wanted, abs=tolerance)


@pytest.mark.parametrize("shape", [0.05, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(("x", "n"), [(0, 40), (1, 40), (5, 40), (20, 40), (31, 40), (30, 1000)])
def test_a_prior_that_piles_up_at_zero_has_the_limits_of_a_fine_quadrature(shape, x, n):
    """Known Se and Sp; quad takes the power at 0 as its weight. Tolerance: in chance, worst 2e-9."""
    se, sp = 0.8, 0.98

    def likelihood(pi):
        return binom.pmf(x, n, pi * se + (1 - pi) * (1 - sp))

    def mass(t):
        edges = [0.0, *(t * np.array([0.02, 0.1, 0.3, 0.6, 1.0]))]
        first = quad(likelihood, 0, edges[1], weight="alg", wvar=(shape - 1, 0), epsabs=0, epsrel=1e-11)[0]
        rest = [
            quad(lambda pi: pi ** (shape - 1) * likelihood(pi), *ends, epsabs=0, epsrel=1e-11)[0]
            for ends in pairwise(edges[1:])
        ]
        return first + sum(rest)

    found = one_test_posterior(x, n, point(se), point(sp), beta(shape, 1)).prevalence
    whole = mass(1.0)
    for limit, wanted in ((found.median, 0.5), (found.high, 0.975), (found.low, 0.025)):
        if limit > 1e-12:  # below, the root is found to rounding only
            assert mass(limit) / whole == pytest.approx(wanted, abs=1e-7)
    outside = mass(found.shortest_low) / whole if found.shortest_low > 1e-12 else 0.0
    assert mass(found.shortest_high) / whole - outside == pytest.approx(0.95, abs=1e-7)
    assert found.shortest_high - found.shortest_low <= found.high - found.low


def logits(prior, count):
    """Places of a beta prior, equal steps v in arcsinh(logit / 2), as shares and 1 - shares, with log weights."""
    ends = np.arcsinh([-18 / min(prior.a, 2), 18 / min(prior.b, 2)])
    v = np.linspace(*ends, count)
    log = prior.a * log_expit(2 * np.sinh(v)) + prior.b * log_expit(-2 * np.sinh(v)) - betaln(prior.a, prior.b)
    return expit(2 * np.sinh(v)), expit(-2 * np.sinh(v)), log + np.log(np.cosh(v)), v


@pytest.mark.parametrize(
    ("x", "n", "se", "sp", "pi"),
    [
        (0, 40, beta(16, 4), beta(38, 2), beta(0.5, 0.5)),
        (5, 40, beta(16, 4), beta(38, 2), beta(0.1, 1)),
        (36, 40, beta(16, 4), beta(38, 2), beta(1, 0.3)),
        (5, 40, beta(20.5, 0.5), beta(40.5, 0.5), beta(1, 1)),
        (3, 200, beta(20.5, 0.1), beta(40.5, 0.1), beta(0.5, 3)),
        (5, 40, beta(0.3, 0.6), beta(0.5, 0.2), beta(0.7, 1)),
    ],
)
def test_priors_with_shapes_below_one_agree_with_a_trapezium_rule_in_the_logits(x, n, se, sp, pi):
    """1.6 million nodes. Tolerances are the rule's own error: means and sd, chances below limits (a spline through the
    marginal), and chances of the undetected share, summed node by node."""
    (p1, p0, lp, vp), (s1, s0, ls, vs), (c1, c0, lc, vc) = logits(pi, 200), logits(se, 80), logits(sp, 100)
    p1, p0, lp = (each[:, None, None] for each in (p1, p0, lp))
    s1, s0, ls = (each[:, None] for each in (s1, s0, ls))
    log = lp + ls + lc + xlogy(x, p1 * s1 + p0 * c0) + xlogy(n - x, p1 * s0 + p0 * c1)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    answer = one_test_posterior(x, n, se, sp, pi)
    marginals = (("prevalence", p1, vp, (1, 2)), ("sensitivity", s1, vs, (0, 2)), ("specificity", c1, vc, (0, 1)))
    for name, places, v, axes in marginals:
        at, part, found = places.ravel(), weight.sum(axis=axes), getattr(answer, name)
        assert found.mean == pytest.approx((part * at).sum(), abs=1e-5)
        assert found.sd == pytest.approx(np.sqrt((part * (at - found.mean) ** 2).sum()), abs=1e-5)
        below = CubicSpline(v, part / (v[1] - v[0])).antiderivative()
        for limit, wanted in ((found.low, 0.025), (found.median, 0.5), (found.high, 0.975)):
            if 1e-12 < limit < 1 - 1e-12:  # nearer to an end the root is found to rounding only
                assert below(np.arcsinh(logit(limit) / 2)) == pytest.approx(wanted, abs=5e-4), name
    joint, at = weight.sum(axis=2), p1.ravel()
    assert answer.undetected.mean == pytest.approx((joint * at[:, None] * s0.ravel()).sum(), abs=1e-5)
    below = CubicSpline(vs, joint.T / (vs[1] - vs[0])).antiderivative()
    for limit, wanted in ((answer.undetected.median, 0.5), (answer.undetected.high, 0.975)):
        least = np.clip(1 - limit / at, expit(2 * np.sinh(vs[0])), expit(2 * np.sinh(vs[-1])))
        above = joint.sum(axis=1) - np.diag(below(np.arcsinh(logit(least) / 2)))
        assert above.sum() == pytest.approx(wanted, abs=2e-3)  # two piles meet: worst 1.3e-3


@pytest.mark.parametrize(
    ("x", "n", "se", "sp", "pi"),
    [
        (8, 25, beta(46.4, 0.954), beta(107, 0.799), beta(96.4, 319)),
        (7, 280, beta(0.15, 1420), beta(0.181, 27.2), beta(222, 3.06)),
        (50, 500, beta(40, 60), beta(990, 10), beta(200, 800)),
    ],
)
def test_limits_under_a_firm_belief_of_the_prevalence_have_the_quantiles_of_its_moments(x, n, se, sp, pi):
    """Limits were taken from moments in which the nodes of pi, the same for all Se and Sp, were in step again."""
    found, at = one_test_posterior(x, n, se, sp, pi).prevalence, one_test_grid(x, n, se, sp, pi)
    # Tolerance: what the expansion leaves out; the limits were off by up to 0.3 standard deviations.
    skew = (at.weight * (at.prevalence - found.mean) ** 3).sum() / found.sd**3
    for limit, z in ((found.low, -1.959964), (found.median, 0.0), (found.high, 1.959964)):
        cornish_fisher = z + skew * (z**2 - 1) / 6 - skew**2 * (2 * z**3 - 5 * z) / 36
        assert (limit - found.mean) / found.sd == pytest.approx(cornish_fisher, abs=0.04)


@pytest.mark.parametrize("m", [1000, 1030, 1500, 10**6, 10**9])
@pytest.mark.parametrize("shape", [0.05, 0.5])
def test_a_test_found_right_in_all_of_many_has_an_answer_near_the_one_for_a_test_never_wrong(m, shape):
    """Beta(m, shape) has the mean 1 - shape/m: false positives move pi by no more than a few times that."""
    slack = 10 * shape / m + 1e-7  # 1e-7: rounding of shares near 1 to the power 1e9
    for se, sp, known in (
        (beta(4, 16), beta(m, shape), (beta(4, 16), point(1))),
        (beta(m, shape), beta(998, 2), (point(1), beta(998, 2))),
        (beta(m, shape), beta(m, shape), (point(1), point(1))),
    ):
        near, limit = one_test_posterior(27, 926, se, sp), one_test_posterior(27, 926, *known)
        assert near.note == ""
        assert near.prevalence.mean == pytest.approx(limit.prevalence.mean, abs=slack)
        # Limits: with a vague sensitivity the density of pi ends abruptly at 1; two series, worst 2e-6.
        assert near.prevalence.low == pytest.approx(limit.prevalence.low, abs=slack + 1e-5)
        assert near.prevalence.high == pytest.approx(limit.prevalence.high, abs=slack + 1e-5)


#: x, n, Se, Sp, and the mean of pi by a nested adaptive Gauss-Kronrod rule in the logits, another program (1e-6).
PILED_UP_BESIDE_MANY_PATIENTS = [
    (1, 926, beta(0.8, 3.2), beta(998, 2), 0.301445),
    (2, 926, beta(0.8, 3.2), beta(20.5, 0.5), 0.354042),
    (2700, 100_000, beta(0.8, 3.2), beta(998, 2), 0.410581),
    (500, 100_000, beta(0.8, 3.2), beta(998, 2), 0.279160),
    (10, 10_000, beta(0.8, 3.2), beta(9980, 0.2), 0.255457),
]


@pytest.mark.parametrize(("x", "n", "se", "sp", "mean"), PILED_UP_BESIDE_MANY_PATIENTS)
def test_no_mass_is_counted_twice_where_a_prior_piles_up_below_few_positives(x, n, se, sp, mean):
    """Boxes overlapped before: 0.45 for 0.28."""
    assert one_test_posterior(x, n, se, sp).prevalence.mean == pytest.approx(mean, abs=2e-6)


@pytest.mark.parametrize(("x", "n"), [(0, 926), (926, 926), (200, 200), (50, 50), (27, 926), (2700, 100_000)])
@pytest.mark.parametrize("law", [beta(1, 1), beta(0.3, 0.3)])
def test_where_nothing_is_known_of_a_test_its_counts_say_nothing_of_the_prevalence(x, n, law):
    """pi for 1 - pi and Se for 1 - Sp leave p as it is: the mean is one half. Tolerance: quadrature, worst 1e-9."""
    found = one_test_posterior(x, n, law, law, law)
    assert found.note == ""
    assert found.prevalence.mean == pytest.approx(0.5, abs=1e-7)
    assert found.prevalence.low + found.prevalence.high == pytest.approx(1.0, abs=1e-4)
    if (x, law.a) == (50, 0.3):
        assert found.prevalence.sd == pytest.approx(0.447, abs=5e-4)


@pytest.mark.parametrize(
    ("x", "n", "mean"), [(0, 926, 0.402790), (1, 926, 0.412430), (926, 926, 0.820229), (2700, 100_000, 0.459210)]
)
def test_a_test_believed_hardly_better_than_chance_has_an_answer(x, n, mean):
    """The nested Gauss-Kronrod rule again, for a sensitivity of 0.2 and a specificity of 0.85, worth four each."""
    found = one_test_posterior(x, n, weighed(0.2, 4), weighed(0.85, 4))
    assert found.prevalence.mean == pytest.approx(mean, abs=2e-5)


@pytest.mark.parametrize(
    ("n", "se", "sp", "pi", "mean"),
    [
        (50, beta(0.5, 2), beta(0.9, 0.1), beta(0.2, 0.2), 0.705328),
        (926, beta(4, 16), beta(1000.5, 0.5), beta(1, 1), 0.758666),
        (926, beta(4, 16), beta(998, 2), beta(1, 1), 0.464189),
        (926, beta(0.8, 3.2), beta(3.4, 0.6), beta(1, 1), 0.561183),
        (60, beta(0.05, 0.05), beta(0.05, 0.05), beta(0.05, 0.05), 0.5),
    ],
)
def test_with_none_on_record_the_share_true_turns_on_ratios_of_next_to_nothing_and_is_right(n, se, sp, pi, mean):
    """The nested Gauss-Kronrod rule, the last by symmetry; the first was 0.648, and its median 0.840."""
    found = one_test_posterior(0, n, se, sp, pi).predictive
    assert found.mean == pytest.approx(mean, abs=1e-5)  # tails cut, worst 4e-6
    if mean == 0.705328:
        # By a staircase of two million nodes, in the logits.
        assert found.median == pytest.approx(0.98445, abs=2e-4)
    assert found.low <= found.median <= found.high


def test_without_patients_the_posterior_is_the_prior():
    answer = one_test_posterior(0, 0, beta(4, 16), beta(98, 2), beta(2, 5))
    law = beta_law(2, 5)
    assert [answer.prevalence.low, answer.prevalence.high] == pytest.approx(law.ppf([0.025, 0.975]), abs=1e-6)
    assert answer.sensitivity.sd == pytest.approx(beta_law(4, 16).std(), abs=1e-7)
    assert list(answer.contraction) == pytest.approx([0, 0, 0], abs=1e-6)
    assert answer.log_evidence == pytest.approx(0, abs=1e-7)
    assert "prior" in answer.note


@pytest.mark.parametrize("x", [0, 60])
def test_nobody_and_everybody_positive_have_an_answer(x):
    answer = one_test_posterior(x, 60, uniform(0.5, 1), uniform(0.8, 1))
    assert all(np.isfinite(getattr(answer, q)).all() for q in QUANTITIES)
    assert (answer.prevalence.low < 0.01) if x == 0 else (answer.prevalence.high > 0.99)


def test_where_no_record_can_be_false_all_are_true_whatever_the_sensitivity():
    answer = one_test_posterior(5, 9995, beta(0.5, 0.5), point(1))
    assert (answer.predictive.low, answer.predictive.high) == (1, 1)
    assert 5 / 9995 < answer.prevalence.low < answer.prevalence.high < 1


def test_data_that_contradict_the_priors_are_called_so_and_get_no_numbers():
    none = one_test_posterior(0, 100_000, beta(90, 10), beta(900, 100))
    assert "contradict" in none.note
    assert np.isnan(none.prevalence).all()
    few = one_test_posterior(24, 1000, beta(90, 10), point(0.95))
    assert "disagree" in few.note
    assert np.isfinite(few.prevalence).all()


def test_a_prior_of_a_worthless_test_is_called_so():
    answer = one_test_posterior(30, 100, uniform(0.1, 0.4), uniform(0.2, 0.6))
    assert "no better than chance" in answer.note
    assert np.isfinite(answer.prevalence).all()


def test_everything_known_is_known():
    answer = one_test_posterior(12, 100, point(0.8), point(0.95), point(0.1))
    assert list(answer.prevalence) == [0.1, 0, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert answer.predictive.mean == pytest.approx(0.08 / 0.125)


def test_a_known_prevalence_makes_the_counts_speak_of_the_sensitivity():
    """pi = 1: x of n is a sample of Se, and Beta(2, 2) becomes Beta(x + 2, n - x + 2)."""
    answer = one_test_posterior(30, 100, beta(2, 2), beta(50, 5), point(1))
    law = beta_law(32, 72)
    assert [answer.sensitivity.low, answer.sensitivity.high] == pytest.approx(law.ppf([0.025, 0.975]), abs=1e-7)


def test_a_prevalence_nearly_known_among_a_million_is_refused_and_not_answered_badly():
    """The nodes would miss a ridge this thin: Se was off by 0.06 before this rule."""
    answer = one_test_posterior(60_000, 1_000_000, beta(8, 2), beta(97, 3), beta(50_000, 950_000))
    assert "too nearly known" in answer.note
    assert np.isnan(answer.sensitivity).all()
    assert one_test_posterior(600, 10_000, beta(8, 2), beta(97, 3), beta(50, 950)).note == ""
    known = one_test_posterior(500_000, 1_000_000, beta(1, 1), beta(1, 1), point(0.3))
    assert "taken as known" in known.note
    assert "too nearly" not in known.note


def test_the_grid_has_the_moments_and_the_limits_of_the_posterior():
    se, sp = beta(81, 21), beta(191, 11)
    at, answer = one_test_grid(60, 500, se, sp), one_test_posterior(60, 500, se, sp)
    undetected = at.prevalence * (1 - at.sensitivity)
    assert at.weight.sum() == pytest.approx(1)
    assert (at.weight * undetected).sum() == pytest.approx(answer.undetected.mean, rel=1e-9)
    again = weighted_summary(undetected, at.weight)
    # Two ranges for the same nodes, two series: worst 5e-7.
    assert list(again) == pytest.approx(list(answer.undetected), abs=3e-6)
    assert one_test_grid(0, 100_000, beta(90, 10), beta(900, 100)).weight.size == 0


def test_many_counts_at_once_are_the_counts_one_by_one():
    """Worst difference 1e-12: sums over other block lengths."""
    x, n = np.array([[0, 3, 3], [10, 60, 7]]), np.array([[60, 60, 60], [60, 60, 0 + 9]])
    se, sp = beta(6, 4), beta(58, 2)
    together = one_test_posterior(x, n, se, sp)
    for index in np.ndindex(x.shape):
        one = one_test_posterior(x[index], n[index], se, sp)
        assert together.note[index] == one.note
        for quantity in QUANTITIES:
            found = [field[index] for field in getattr(together, quantity)]
            assert found == pytest.approx(list(getattr(one, quantity)), rel=1e-7, abs=1e-9, nan_ok=True)


def calls(work):
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile).total_calls


def test_a_batch_is_no_loop_over_groups():
    """500 different counts take fewer function calls than a twentieth of 500 single ones."""
    x, priors = np.arange(500) % 250, (beta(6, 4), beta(58, 2))
    one = calls(lambda: one_test_posterior(20, 300, *priors))
    assert calls(lambda: one_test_posterior(x, 300 + x // 200, *priors)) < 500 * one / 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((3, 2, beta(1, 1), beta(1, 1)), "exceed"), ((-1, 2, beta(1, 1), beta(1, 1)), "negative")],
)
def test_broken_input_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        one_test_posterior(*arguments)
    with pytest.raises(ValueError, match="two numbers"):
        one_test_grid(np.array([1, 2]), 5, beta(1, 1), beta(1, 1))
    with pytest.raises(ValueError, match="level"):
        one_test_posterior(1, 2, beta(1, 1), beta(1, 1), level=1.0)


@pytest.mark.parametrize(("x", "n"), [(0, 926), (926, 926), (50, 50)])
def test_a_test_of_which_nothing_is_believed_still_has_an_answer(x, n):
    """Se, Sp and pi all uniform: whoever swaps diseased and healthy swaps Se and 1 - Sp, so that the median is 1/2."""
    answer = one_test_posterior(x, n, beta(1, 1), beta(1, 1))
    assert answer.prevalence.median == pytest.approx(0.5, abs=1e-6)
    assert answer.note == ""
