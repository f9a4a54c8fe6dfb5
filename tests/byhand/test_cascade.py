"""The detection cascade and weighted draws, worked out on paper."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import beta

from sarcoid_epi.estimators.cascade import burden
from sarcoid_epi.estimators.underdiagnosis import believed_prevalence
from sarcoid_epi.scenario import load_belief
from sarcoid_epi.stats.cascade import detection, log_binomial, share_given_detection, truth_behind
from sarcoid_epi.stats.weighted import effective, normalised, summary, weighted_quantile
from sarcoid_epi.strata import FLAG, TallyStrata

#: Two modalities, two kinds of lesion: with symptoms 1 - (1 - 0.5)(1 - 0.2 * 0.5), and so on.
IMAGED = [[0.5, 0.1], [0.2, 0.0]]
SEEN = [[1.0, 0.0], [0.5, 1.0]]


def test_every_case_goes_somewhere():
    parts = detection(0.25, [0.4, 0.6], IMAGED, SEEN, 0.9)
    assert_allclose(sum(part.sum() for part in parts), 1.0)


def test_two_modalities_and_two_kinds_by_hand():
    """Symptoms (a quarter): phalangeal seen 1 - 0.5 * 0.9 = 0.55, axial 0.2; 0.4 * 0.55 + 0.6 * 0.2 = 0.34. Without:
    phalangeal 0.1, axial 0; 0.04. Never imaged: 0.5 * 0.8 = 0.4 of the first, 0.9 of the others. Written: nine in
    ten."""
    parts = detection(0.25, [0.4, 0.6], IMAGED, SEEN, 0.9)
    assert_allclose(parts.recorded, [0.25 * 0.34 * 0.9, 0.75 * 0.04 * 0.9])
    assert_allclose(parts.not_imaged, [0.25 * 0.4, 0.75 * 0.9])
    assert_allclose(parts.not_seen, [0.25 * (0.66 - 0.4), 0.75 * (0.96 - 0.9)])
    assert_allclose(parts.not_written, [0.25 * 0.34 * 0.1, 0.75 * 0.04 * 0.1])


def test_arrays_of_beliefs_broadcast():
    many = detection(np.full(7, 0.25), [0.4, 0.6], np.broadcast_to(IMAGED, (7, 2, 2)), SEEN, 0.9)
    assert many.recorded.shape == (7, 2)
    assert_allclose(many.recorded[3], detection(0.25, [0.4, 0.6], IMAGED, SEEN, 0.9).recorded)


def test_kinds_that_are_not_all_kinds_are_refused():
    with pytest.raises(ValueError, match="kinds must add up to 1"):
        detection(0.5, [0.4, 0.4], IMAGED, SEEN, 1.0)


def test_many_truths_leave_one_record():
    """True share, PPV, U, symptomatic share and detection of silent cases, worked out once by hand to two digits."""
    table = [
        (0.05, 1.00, 0.42, 0.52, 0.57), (0.05, 0.68, 0.60, 0.35, 0.29), (0.08, 1.00, 0.64, 0.32, 0.25),
        (0.14, 1.00, 0.79, 0.18, 0.12), (0.14, 0.68, 0.86, 0.13, 0.08), (0.20, 1.00, 0.85, 0.13, 0.08),
    ]  # fmt: skip
    share, predictive, *expected = map(np.array, zip(*table, strict=True))
    truth = truth_behind(27 / 926, 0.53, share, predictive, 0.6)
    for found, printed in zip(truth[:3], expected, strict=True):
        assert_allclose(found, printed, atol=0.005)  # two printed digits
    # Each row gives back the record: pi [s d1 + (1 - s) d0] is what is truly on record, and q its symptomatic part.
    on_record = share * (truth.symptomatic * 0.6 + (1 - truth.symptomatic) * truth.detected_silent)
    assert_allclose(on_record, 27 / 926 * predictive)
    assert_allclose(share * truth.symptomatic * 0.6 / on_record, 0.53)


@pytest.mark.parametrize(
    ("prevalence", "detected", "note"),
    [(0.02, 0.6, "fewer true cases"), (0.03, 0.4, "more symptomatic cases"), (0.03, 0.55, "more than once")],
)
def test_a_truth_that_cannot_leave_the_record_is_nan_with_a_note(prevalence, detected, note):
    truth = truth_behind(27 / 926, 0.53, prevalence, 1.0, detected)
    assert np.isnan(truth.underdiagnosis)
    assert note in str(truth.note)


def test_a_perfect_record_gives_the_beta_posterior():
    u = np.array([0.025, 0.5, 0.975])
    share, logs = share_given_detection(3, 10, np.ones(3), np.ones(3), u)
    assert_allclose(share, beta(4, 8).ppf(u))
    assert_allclose(np.exp(logs), 1 / 11)  # the marginal likelihood of a uniform share: 1 / (n + 1)


def test_half_a_record_gives_the_cut_beta_stretched_to_twice_its_share():
    """Se = 1/2, Sp = 1: AP is Beta(4, 8) cut to [0, 1/2], pi = 2 AP; the evidence is I_(1/2)(4, 8) / (11 / 2)."""
    share, logs = share_given_detection(3, 10, np.array([0.5]), np.array([1.0]), np.array([0.5]))
    inside = beta(4, 8).cdf(0.5)
    assert_allclose(share, 2 * beta(4, 8).ppf(0.5 * inside))
    assert_allclose(np.exp(logs), inside / 5.5)


def test_detection_worse_than_chance_keeps_the_weight_that_bayes_gives_it():
    """Se = 0.05, Sp = 0.9: AP = 0.1 - 0.05 pi, Beta(4, 8) cut to [0.05, 0.1]; its evidence over 11 times the width."""
    share, logs = share_given_detection(3, 10, np.array([0.05]), np.array([0.9]), np.array([0.5]))
    low, high = beta(4, 8).cdf([0.05, 0.1])
    assert_allclose(np.exp(logs), (high - low) / (11 * 0.05))
    assert_allclose(share, (0.1 - beta(4, 8).ppf((low + high) / 2)) / 0.05)


def test_detection_at_chance_tells_nothing_of_the_share_and_is_left_out():
    share, logs = share_given_detection(3, 10, np.array([0.5]), np.array([0.5]), np.array([0.5]))
    assert np.isnan(share[0])
    assert logs[0] == -np.inf


@pytest.mark.parametrize(("events", "n"), [(0, 926), (1, 926), (27, 926)])
@pytest.mark.parametrize("belief", ["vague", "clinical"])
def test_draws_and_quadrature_give_the_same_true_share(events, n, belief):
    """One belief and one record, two roads: the burden's draws and the exact posterior. Worst seen: 5.3 % of a limit
    (nobody on record, vague: the upper limit hangs on the poorest detection believed)."""
    believed = load_belief(belief)
    record = TallyStrata(("all",), (("osseous_recorded", FLAG),), np.array([[n - events, events]]))
    exact, drawn = believed_prevalence(record, believed), burden(record, believed)
    at = drawn.terms.index("osseous")
    for name, tolerance in (("estimate", 0.03), ("low", 0.06), ("high", 0.06)):
        assert getattr(drawn, name)[0, at] == pytest.approx(getattr(exact, name)[0, 0], rel=tolerance)


def test_a_binomial_of_nothing_is_certain():
    assert log_binomial(np.array(0.0), np.array(0.0), np.array(0.0)) == 0.0
    assert log_binomial(np.array(0.0), np.array(5.0), np.array(0.0)) == 0.0
    assert log_binomial(np.array(1.0), np.array(5.0), np.array(0.0)) == -np.inf


def test_weighted_quantiles_of_even_weights_are_those_between_middles():
    """Three draws of a third each have their middles at 1/6, 1/2 and 5/6."""
    values, weights = np.array([[3.0, 1.0, 2.0]]), np.full((1, 3), 1 / 3)
    assert_allclose(weighted_quantile(values, weights, [1 / 6, 1 / 3, 0.5, 0.99]), [[1.0, 1.5, 2.0, 3.0]])


def test_a_draw_without_weight_does_not_count():
    told = summary(np.array([1.0, 2.0, 99.0]), np.array([0.5, 0.5, 0.0]))
    assert_allclose((told.mean, told.sd, told.high), (1.5, 0.5, 2.0))


def test_weights_are_worth_what_they_share():
    assert effective(normalised([0.0, 0.0, -np.inf])) == pytest.approx(2.0)
    assert np.isnan(normalised([-np.inf, -np.inf])).all()
