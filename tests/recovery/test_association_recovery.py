"""Association: each estimand's own truth is recovered, and crude, marginal and conditional ratios are told apart."""

import numpy as np
import pytest
from scipy.special import expit

from made import K, off
from sarcoid_epi.estimators import adjusted, model_diagnostics, standardised_risks, unadjusted
from sarcoid_epi.estimators.association import FEW, SEPARATED
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.calibration import heuristic_shrinkage
from sarcoid_epi.stats.logistic import logistic, logistic_ratio_test
from sarcoid_epi.strata import replicated

REPLICATES, SIZE, MANY = 1500, 500, 2_000_000
EXPOSED = "lofgren_broad=yes"
#: Log odds: constant, of the exposure, of a covariate that bears strongly on the outcome.
CONSTANT, OF_EXPOSURE, OF_SEX = -1.8, np.log(2.5), 3.0
#: Log shares: the same of a world whose ratio of shares is one number.
LOG_SHARES = -1.8, np.log(1.6), 0.7
MALE = 0.5
#: Who is exposed, women and men: by chance alone, or men more often.
WORLDS = {"by_chance": (0.4, 0.4), "confounded": (0.25, 0.65)}


def model(family="logistic", adjust=("sex",)):
    return Model(
        name="made", label="Made", outcome="osseous_recorded", exposures=("lofgren_broad",), adjust=adjust,
        family=family,
    )  # fmt: skip


def share(exposed, male, log_link=False):
    constant, of_exposure, of_sex = LOG_SHARES if log_link else (CONSTANT, OF_EXPOSURE, OF_SEX)
    eta = constant + of_exposure * exposed + of_sex * male
    return np.exp(eta) if log_link else expit(eta)


def made(world, replicates, size, seed, log_link=False, constant=0.0):
    rng = np.random.default_rng(seed)
    male = rng.random((replicates, size)) < MALE
    exposed = rng.random((replicates, size)) < np.where(male, *WORLDS[world][::-1])
    p = share(exposed, male, log_link)
    p = expit(np.log(p / (1 - p)) + constant) if constant else p
    outcome = rng.random((replicates, size)) < p
    return replicated({"lofgren_broad": exposed, "sex": male.astype(np.int8), "osseous_recorded": outcome})


def odds(p):
    return p / (1 - p)


def truths(world):
    """The crude and the conditional odds ratio, both standardised risks, their difference and their ratio."""
    women, men = WORLDS[world]

    def among(exposed):
        weight = np.array([1 - MALE, MALE]) * ([women, men] if exposed else [1 - women, 1 - men])
        return weight @ share(exposed, np.array([0, 1])) / weight.sum()

    one, zero = ((1 - MALE) * share(e, 0) + MALE * share(e, 1) for e in (1, 0))
    return {
        "crude": odds(among(1)) / odds(among(0)), "conditional": np.exp(OF_EXPOSURE),
        "marginal": odds(one) / odds(zero), "risk": one, "reference_risk": zero, "risk_difference": one - zero,
        "risk_ratio": one / zero,
    }  # fmt: skip


def found(answers, name):
    at = answers.terms.index(name)
    return (part[:, at] for part in (answers.estimate, answers.low, answers.high, answers.std_error))


def look(answers, name, truth):
    """On average the truth, and limits that hold it as often as they say."""
    estimate, low, high, _ = found(answers, name)
    scale = np.log if name.startswith(("odds_ratio", "prevalence_ratio", "risk_ratio")) else np.asarray
    assert np.isfinite(estimate).all()
    values = scale(estimate)
    # a logarithm's own bias, of the order of its variance, is allowed for
    allowed = K * values.std(ddof=1) / REPLICATES**0.5 + values.var() / 2
    assert abs(values.mean() - scale(truth)) < allowed
    held = ((low <= truth) & (truth <= high)).mean()
    assert abs(held - 0.95) < off(0.95, REPLICATES)


@pytest.fixture(scope="module", params=WORLDS)
def world(request):
    return request.param, made(request.param, REPLICATES, SIZE, seed=4), truths(request.param)


def test_crude_ratios_are_recovered(world):
    _, strata, truth = world
    look(unadjusted(strata, model()), f"odds_ratio[{EXPOSED}]", truth["crude"])


def test_conditional_ratios_are_recovered(world):
    _, strata, truth = world
    look(adjusted(strata, model()), f"odds_ratio[{EXPOSED}]", truth["conditional"])


@pytest.mark.parametrize("name", ["risk", "reference_risk", "risk_difference", "risk_ratio"])
def test_marginal_risks_are_recovered(world, name):
    _, strata, truth = world
    look(standardised_risks(strata, model()), f"{name}[{EXPOSED}]", truth[name])


@pytest.mark.parametrize("family", ["prevalence_ratio", "log_binomial"])
def test_conditional_ratios_of_shares_are_recovered(family):
    """In a world of a log link, with confounding."""
    strata = made("confounded", REPLICATES, SIZE, seed=6, log_link=True)
    look(adjusted(strata, model(family)), f"prevalence_ratio[{EXPOSED}]", np.exp(LOG_SHARES[1]))


def test_one_large_world_tells_the_three_ratios_apart():
    """Without confounding crude and marginal ratios are one, and the conditional is another; with it all three part."""
    for name in WORLDS:
        strata, truth = made(name, 1, MANY, seed=9), truths(name)
        crude, low, high, _ = (float(part[0]) for part in found(unadjusted(strata, model()), f"odds_ratio[{EXPOSED}]"))
        conditional, below, above, _ = (
            float(part[0]) for part in found(adjusted(strata, model()), f"odds_ratio[{EXPOSED}]")
        )
        answers = standardised_risks(strata, model())
        one, zero = (float(next(found(answers, f"{risk}[{EXPOSED}]"))[0]) for risk in ("risk", "reference_risk"))
        marginal = odds(one) / odds(zero)
        width = np.log(high / low) / 2 / 1.96
        for value, expected in ((crude, "crude"), (conditional, "conditional"), (marginal, "marginal")):
            assert abs(np.log(value / truth[expected])) < K * max(width, np.log(above / below) / 2 / 1.96)
        assert abs(np.log(conditional / marginal)) > 10 * width
        if name == "by_chance":
            assert truth["crude"] == pytest.approx(truth["marginal"])
        else:
            assert abs(np.log(crude / marginal)) > 10 * width
            assert abs(np.log(crude / conditional)) > 10 * width


def test_limits_hold_the_truth_where_events_are_few():
    """About twelve events in eighty patients: by Firth's rule, with profile limits; hardly a cohort has no answer."""
    strata = made("by_chance", REPLICATES, 80, seed=8, constant=-2.6)
    answers = adjusted(strata, model())
    estimate, low, high, _ = found(answers, f"odds_ratio[{EXPOSED}]")
    truth = np.exp(OF_EXPOSURE)
    some = np.isfinite(estimate)
    assert some.mean() > 0.99
    held = ((low <= truth) & (truth <= high))[some].mean()
    assert 0.95 - off(0.95, REPLICATES) < held < 0.99
    notes = answers.note[:, answers.terms.index(f"odds_ratio[{EXPOSED}]")]
    assert np.isin(notes, [FEW, SEPARATED]).mean() > 0.98


def test_the_slope_to_expect_is_about_what_new_patients_show():
    """150 cohorts of 400 patients with six columns; the slope in new ones by their true shares."""
    rng = np.random.default_rng(2)
    groups, size, columns = 150, 400, 6
    slopes = np.array([-1.5, 0.8, -0.8, 0.4, 0, 0, 0])
    rows = np.concatenate([np.ones((groups, size, 1)), rng.normal(size=(groups, size, columns))], axis=-1)
    events = rng.random((groups, size)) < expit(rows @ slopes)
    fit = logistic(rows, events, np.ones(size))
    statistic = logistic_ratio_test(rows, events, np.ones(size), columns=np.arange(1, columns + 1)).statistic
    expected = heuristic_shrinkage(statistic, columns)
    new = np.concatenate([np.ones((4000, 1)), rng.normal(size=(4000, columns))], axis=-1)
    predictor = fit.estimate @ new.T
    # ten thousand patients of each kind stand for their share
    counts = np.round(expit(new @ slopes) * 1e4)
    again = logistic(np.stack([np.ones_like(predictor), predictor], axis=-1), counts, np.full(4000, 1e4)).estimate[:, 1]
    apart = again - expected
    assert abs(apart.mean()) < K * apart.std() / groups**0.5 + 0.01
    assert 0.88 < expected.mean() < 0.96


def test_concordance_and_calibration_of_a_right_model_are_those_of_its_world():
    """A large world: every tenth has the share foretold, and c is that of the true shares."""
    strata = made("by_chance", 1, 200_000, seed=3)
    answers = model_diagnostics(strata, model())
    for at in range(1, 11):
        seen, low, high, _ = (float(part[0]) for part in found(answers, f"share_seen[risk_tenth={at}]"))
        foretold = float(next(found(answers, f"share_foretold[risk_tenth={at}]"))[0])
        if not np.isnan(seen):
            assert abs(seen - foretold) < K * (high - low) / 2 / 1.96
    kinds = [(e, m) for e in (0, 1) for m in (0, 1)]
    weight = np.array([(0.4 if e else 0.6) * MALE for e, _ in kinds])
    p = np.array([share(e, m) for e, m in kinds])
    yes, no = weight * p, weight * (1 - p)
    above = np.sign(p[:, None] - p[None, :]) / 2 + 0.5
    c = (yes[:, None] * no[None, :] * above).sum() / yes.sum() / no.sum()
    estimate, _, _, error = (float(part[0]) for part in found(answers, "c_statistic[osseous_recorded]"))
    assert abs(estimate - c) < K * error
