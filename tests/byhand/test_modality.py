"""The modality model on cases worked out on paper: what is looking and what is patients where the answer is known."""

import cProfile
import pstats
from math import inf

import numpy as np
import pytest

from sarcoid_epi.stats import modality as model
from sarcoid_epi.stats.meta import binomial_normal
from sarcoid_epi.stats.modality import modality_model

X = np.array([16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6])
N = np.array([17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10])
BY = np.arange(14) % 4
BELIEFS = ([0.3, 0.6, 0.8, 0.9], [20, 30, 40, 30], [0.99, 0.98, 0.99, 0.97], [200, 200, 300, 100])
SERIES = np.array([736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54])
FOUND = np.array([38, 47, 15, 20, 3, 24, 22, 10, 4, 14, 9, 30, 58, 6])
TWICE = [1000, 1000, 2000, 2000, 4000, 4000]


def known(sensitivity, specificity):
    return sensitivity, inf, specificity, inf


def test_with_perfect_known_looks_it_is_the_plain_model():
    """Tolerance: rounding; worst 1.2e-13 (log-likelihood)."""
    for x, n in ((FOUND, SERIES), (X, N)):
        fit = modality_model(x, n, BY, *known([1.0] * 4, [1.0] * 4))
        for ours, plain in zip(fit.true[:11], binomial_normal(x, n)[:11], strict=True):
            assert ours == pytest.approx(plain, rel=1e-11, abs=1e-12)


def test_where_all_spread_is_looking_none_is_left_for_the_patients():
    """True share 0.2 everywhere, sensitivity 0.25, 0.5 or 1, 20 000 patients: apparent 0.05, 0.1, 0.2. With tau = 0
    the looking variance is that of the three logits, -2.944, -2.197, -1.386 (divisor 3): 0.4051."""
    fit = modality_model(TWICE, 20_000, [0, 0, 1, 1, 2, 2], *known([0.25, 0.5, 1], [1] * 3))
    assert fit.true.share == pytest.approx(0.2, abs=1e-9)
    assert fit.true.tau == pytest.approx(0, abs=1e-6)
    assert fit.plain.tau == pytest.approx(0.4051**0.5, rel=0.01)
    assert fit.looking > 0.995
    assert fit.spread_looking == pytest.approx(0.4051, abs=2e-3)


def test_where_all_look_alike_the_spread_is_the_patients():
    """Two modalities of equal known sensitivity: the looking variance is 0, whatever the series."""
    fit = modality_model(FOUND, SERIES, BY % 2, *known([0.7, 0.7], [1.0, 1.0]))
    assert fit.looking == pytest.approx(0, abs=1e-20)
    assert "priors decide" in fit.note


def test_series_each_looked_at_in_another_way_give_no_split():
    """Three levels for three series leave none to tell the patients by; a fourth series, or known levels, do."""
    beliefs = [0.5, 0.7, 0.9], 20, [0.99] * 3, 200
    alone = modality_model([20, 15, 30], [400, 150, 200], [0, 1, 2], *beliefs)
    assert alone.note == model.NO_REPEAT
    assert np.isnan([alone.looking, alone.looking_low, alone.spread_looking, alone.spread_patients]).all()
    assert alone.low < alone.share < alone.high
    again = modality_model([20, 15, 30, 18], [400, 150, 200, 300], [0, 1, 2, 0], *beliefs)
    assert again.looking_low < again.looking < again.looking_high
    assert modality_model([20, 15, 30], [400, 150, 200], [0, 1, 2], *known([0.5, 0.7, 0.9], [0.99] * 3)).looking > 0


def test_one_modality_gives_no_split_but_a_corrected_share():
    """With Se = 0.5 known and Sp = 1, pi = 2 AP; for small shares the logit moves by log 2, tau hardly."""
    x = np.array([2, 5, 9, 4, 12, 7])
    fit = modality_model(x, 1000, [0] * 6, *known(0.5, 1.0))
    assert fit.note == model.ONE_MODALITY
    assert np.isnan([fit.looking, fit.looking_low, fit.spread_patients]).all()
    assert fit.true.share == pytest.approx(2 * fit.plain.share, rel=1e-3)
    assert fit.true.tau == pytest.approx(fit.plain.tau, rel=0.02)


@pytest.mark.parametrize(
    ("x", "n", "note"),
    [
        ([0, 0, 0, 0], [0, 0, 0, 0], model.NO_STUDY),
        ([3, 0, 0, 0], [30, 0, 0, 0], model.ONE_STUDY),
        ([0, 0, 0, 0], [30, 20, 10, 50], model.NO_EVENTS),
        ([30, 20, 10, 50], [30, 20, 10, 50], model.ONLY_EVENTS),
    ],
)
def test_what_cannot_be_estimated_is_nan_with_a_note(x, n, note):
    fit = modality_model(x, n, [0, 0, 1, 1], [0.5, 0.9], 20, [0.99, 0.99], 100)
    assert fit.note == note
    assert np.isnan(fit.true.mu)
    assert np.isnan(fit.share)
    assert np.isnan(fit.sensitivity).all()


def test_a_modality_no_better_than_chance_refuses_the_fit():
    fit = modality_model(FOUND, SERIES, BY % 2, [0.5, 0.25], 20, [0.99, 0.75], 100)
    assert fit.note == model.CHANCE
    assert np.isnan(fit.true.mu)
    assert fit.plain.share == binomial_normal(FOUND, SERIES).share


def test_series_below_the_false_positives_have_no_maximum():
    """2 % found where 5 % false positives are certain: the likelihood rises as the share goes to 0."""
    fit = modality_model([20, 19, 21, 20], 1000, [0, 0, 1, 1], *known([0.8, 0.8], [0.95, 0.95]))
    assert fit.note == model.NOT_CONVERGED
    assert np.isnan(fit.true.share)


def test_beliefs_of_no_weight_to_learn_from_are_said_to_decide():
    firm = modality_model(FOUND, SERIES, BY, BELIEFS[0], 5000, BELIEFS[2], 50_000)
    assert firm.note == model.UNLEARNT
    assert (np.abs(firm.sensitivity_learnt) < 0.1).all()
    vague = modality_model(FOUND, SERIES, BY, *BELIEFS)
    assert vague.note == ""
    assert vague.sensitivity_learnt.max() > 0.1


def test_a_modality_nobody_used_keeps_its_belief():
    """Mean 0.9 and standard deviation sqrt(0.09/31) of Beta(27, 3). Tolerance: quadrature, worst 2e-3 of the spread."""
    fit = modality_model(FOUND, SERIES, BY % 3, *BELIEFS)
    assert fit.sensitivity[3] == pytest.approx(0.9, abs=1e-3)
    assert fit.sensitivity_sd[3] == pytest.approx((0.09 / 31) ** 0.5, rel=0.01)
    assert np.isfinite(fit.apparent[3])


def test_a_batch_equals_the_groups_one_by_one():
    rng = np.random.default_rng(4)
    x = rng.binomial(SERIES, 0.1 * rng.uniform(0.3, 1.5, (6, 14)))
    x[2] = 0
    batch = modality_model(x.reshape(2, 3, 14), SERIES, BY, *BELIEFS)
    for g, row in enumerate(x):
        single = modality_model(row, SERIES, BY, *BELIEFS)
        at = np.unravel_index(g, (2, 3))
        assert batch.note[at] == single.note
        for ours, alone in zip(batch[2:-1], single[2:-1], strict=True):
            np.testing.assert_allclose(ours[at], alone, rtol=1e-7)
        for ours, alone in zip(batch.true[:-1], single.true[:-1], strict=True):
            np.testing.assert_allclose(ours[at], alone, rtol=1e-7)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"modality": [0, 1, 2, 4] * 3 + [0, 1]}, "modality must give"),
        ({"modality": [0, 1]}, "modality must give"),
        ({"sensitivity": [0.3, 0.6, 0.8, 1.9]}, "sensitivity must lie"),
        ({"sensitivity_weight": 0}, "sensitivity_weight must be above 0"),
        ({"specificity": [0.9, 0.9]}, "as many sensitivities"),
        ({"tau_scale": 0}, "tau_scale must be above 0"),
        ({"level": 1}, "level must lie"),
    ],
)
def test_broken_input_is_refused_by_name(change, sentence):
    given = dict(zip(("sensitivity", "sensitivity_weight", "specificity", "specificity_weight"), BELIEFS, strict=True))
    if "specificity" in change:
        given["specificity_weight"] = 100
    with pytest.raises(ValueError, match=sentence):
        modality_model(FOUND, SERIES, **({"modality": BY} | given | change))


def test_a_batch_does_not_loop_over_its_groups():
    """Function calls: 256 groups in one call take fewer than a fiftieth of those of 256 calls."""

    def calls(x):
        profile = cProfile.Profile()
        profile.runcall(modality_model, x, SERIES, BY, *BELIEFS)
        return pstats.Stats(profile).total_calls

    assert calls(np.tile(FOUND, (256, 1))) < 256 * calls(FOUND) / 50
