"""A known interaction, sum and product, and a known curve: estimates near the truth, limits that cover it."""

import numpy as np
import pytest
from scipy.special import expit, logit

from made import K
from sarcoid_epi.estimators import exposure_tests, interactions, ratio_curve
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.firth import firth
from sarcoid_epi.stats.interaction import attributable_limits, interaction
from sarcoid_epi.stats.splines import knots, restricted_cubic
from sarcoid_epi.strata import FLAG, TallyStrata, replicated

REPLICATES, SIZE, ALPHA = 1000, 6000, 0.05
PAIR = Model(
    name="own", label="own", outcome="osseous_recorded", exposures=("skin", "eye"), interactions=(("skin", "eye"),)
)
BOTH = "[skin=yes+eye=yes]"
CURVE = Model(
    name="own", label="own", outcome="osseous_recorded", exposures=("age_at_diagnosis",), adjust=("skin",),
    splines={"age_at_diagnosis": 4},
)  # fmt: skip


def cohorts(one, other, both, seed, base=0.03):
    """Replicates with odds ratios of either alone and of both, as counts: patients by skin, eye and outcome."""
    rng = np.random.default_rng(seed)
    n = np.array([[0.4, 0.2], [0.2, 0.2]]) * SIZE
    risk = expit(logit(base) + np.log([[1, other], [one, both]]))
    yes = rng.binomial(n.astype(int), risk, (REPLICATES, 2, 2))
    counts = np.stack([n.astype(int) - yes, yes], axis=-1)
    axes = tuple((name, FLAG) for name in ("skin", "eye", "osseous_recorded"))
    return TallyStrata(tuple(f"replicate={r}" for r in range(REPLICATES)), axes, counts)


def column(answers, term, field="estimate"):
    return getattr(answers, field)[:, answers.terms.index(term)]


def misses(answers, term, truth):
    """How often the lower limit lies above the truth, and the upper one below it."""
    return (column(answers, term, "low") > truth).mean(), (column(answers, term, "high") < truth).mean()


def chance(share=ALPHA):
    """How far a share of the replicates may be from what is expected."""
    return K * np.sqrt(share * (1 - share) / REPLICATES)


#: More than sum and product; the product, which is more than the sum; the sum, which is less than the product.
TRUTHS = {"both": (2.0, 1.5, 5.0), "product": (2.0, 1.5, 3.0), "sum": (2.0, 1.5, 2.5)}


@pytest.mark.parametrize("name", TRUTHS)
def test_interactions_are_recovered_with_their_limits(name):
    one, other, both = TRUTHS[name]
    answers = interactions(cohorts(one, other, both, 7), PAIR)
    truth = {
        f"product{BOTH}": both / one / other,
        f"odds_ratio{BOTH}": both,
        "odds_ratio[skin=yes@eye=no]": one,
        "odds_ratio[skin=yes@eye=yes]": both / other,
    }
    for term, value in truth.items():
        logs = np.log(column(answers, term))
        # a logarithm of odds is off by half the differences of one over the events: below 0.02 of those here
        assert abs(logs.mean() - np.log(value)) < K * logs.std() / np.sqrt(REPLICATES) + 0.02
        assert sum(misses(answers, term, value)) == pytest.approx(ALPHA, abs=chance())
    # the excess is right in the middle, and its limits fail on both sides alike, as those of the delta method do not
    excess = both - one - other + 1
    found = column(answers, f"excess{BOTH}")
    assert np.median(found) == pytest.approx(excess, abs=K * 1.26 * found.std() / np.sqrt(REPLICATES) + 0.05)
    below, above = misses(answers, f"excess{BOTH}", excess)
    assert below == pytest.approx(ALPHA / 2, abs=chance(ALPHA / 2))
    assert above == pytest.approx(ALPHA / 2, abs=chance(ALPHA / 2))
    assert sum(misses(answers, f"attributable{BOTH}", excess / both)) == pytest.approx(ALPHA, abs=chance())


def test_with_few_who_have_both_the_attributable_part_is_covered_and_agrees_with_the_excess():
    rng = np.random.default_rng(11)
    n, design = np.array([1800, 135, 1017, 48]), [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]]
    one, other, both = 1.7, 1.1, 3.2
    yes = rng.binomial(n, expit(logit(0.028) + np.log([1, one, other, both])), (REPLICATES, 4))
    fit = firth(design, yes, np.broadcast_to(n, yes.shape))
    parts = fit.estimate[:, 1:], fit.covariance[:, 1:, 1:]
    truth, (low, high) = (both - one - other + 1) / both, attributable_limits(*parts)
    assert (low > truth).mean() + (high < truth).mean() < ALPHA
    excess = interaction(*parts).excess
    assert ((low > 0) == (excess.mover_low > 0)).all()
    assert ((high < 0) == (excess.mover_high < 0)).all()
    # what it stands in for
    plain = interaction(*parts).proportion
    assert (plain.mover_high < truth).mean() > 0.07


def test_the_test_of_an_interaction_keeps_its_size_and_sees_what_is_there():
    at = "p_ratio_test[skin+eye]"
    size = (column(exposure_tests(cohorts(*TRUTHS["product"], 8), PAIR), at) < ALPHA).mean()
    power = (column(exposure_tests(cohorts(*TRUTHS["both"], 8), PAIR), at) < ALPHA).mean()
    assert size == pytest.approx(ALPHA, abs=chance())
    assert power > 0.3


AGES = np.repeat(np.arange(20.0, 81.0), 20)


def aged(truth, seed, replicates=300):
    """Replicates of the same patients, with the outcome drawn from log odds by age and skin."""
    rng = np.random.default_rng(seed)
    skin = np.arange(len(AGES)) % 2 == 0
    yes = rng.random((replicates, len(AGES))) < expit(truth + 0.5 * skin)
    same = {"age_at_diagnosis": AGES, "skin": skin}
    return replicated(
        {"osseous_recorded": yes, **{name: np.broadcast_to(values, yes.shape) for name, values in same.items()}}
    )


def test_a_known_curve_is_recovered_with_its_limits_and_bends_are_seen():
    """The curve has the knots of the model: what is left is chance."""
    basis = restricted_cubic(AGES, knots(AGES, 4))
    slopes = np.array([-0.06, 0.25, -0.5])
    answers = ratio_curve(aged(basis @ slopes, 9), CURVE)
    middle = restricted_cubic(50.0, knots(AGES, 4))
    for share, value in ((5, 23.0), (25, 35.0), (75, 65.0), (95, 77.0)):
        term = f"odds_ratio[age_at_diagnosis@{share}%]"
        assert set(column(answers, f"quantile[age_at_diagnosis@{share}%]")) == {value}
        truth = float((restricted_cubic(value, knots(AGES, 4)) - middle) @ slopes)
        logs = np.log(column(answers, term))
        assert abs(logs.mean() - truth) < K * logs.std() / np.sqrt(len(logs)) + 0.02
        assert sum(misses(answers, term, np.exp(truth))) == pytest.approx(ALPHA, abs=K * np.sqrt(0.05 * 0.95 / 300))


def test_the_test_of_a_straight_line_keeps_its_size_and_sees_a_bend():
    at = "p_linear[age_at_diagnosis]"
    straight = column(exposure_tests(aged(-2 + 0.02 * (AGES - 20), 10), CURVE), at)
    bent = column(exposure_tests(aged(-0.003 * (AGES - 50) ** 2, 10), CURVE), at)
    assert (straight < ALPHA).mean() == pytest.approx(ALPHA, abs=K * np.sqrt(0.05 * 0.95 / 300))
    assert (bent < ALPHA).mean() > 0.9
