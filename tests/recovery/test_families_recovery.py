"""Truths found again: of made populations within clusters, over ordered levels, of kinds; and of the default world."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from made import K, cohort
from sarcoid_epi.cohort import replicates
from sarcoid_epi.estimators import clustered, multinomial_ratios, proportional_odds_ratios
from sarcoid_epi.estimators.engines import Patients, clustered_fit
from sarcoid_epi.scenario import Model, load_design, load_model, load_world
from sarcoid_epi.stats.exchangeable import exchangeable_sandwich
from sarcoid_epi.strata import replicated, whole

REPLICATES = 300


def found(estimator, asked, frames, terms):
    """Log odds ratios (replicates, terms) and whether their limits hold the truths."""
    told = [estimator(whole(frame), asked) for frame in frames]
    places = [told[0].terms.index(term) for term in terms]
    return [np.log(np.array([getattr(a, part)[0, places] for a in told])) for part in ("estimate", "low", "high")]


def near(estimate, low, high, truth, coverage=0.95):
    """Means within K Monte Carlo errors of the truth, and limits that hold it as often as they say."""
    assert np.isfinite(low).all()
    runs = len(estimate)
    bias = estimate.mean(axis=0) - truth
    assert (np.abs(bias) < K * estimate.std(axis=0, ddof=1) / np.sqrt(runs) + 0.01 * np.abs(truth)).all(), bias
    held = ((low <= truth) & (truth <= high)).mean(axis=0)
    assert (np.abs(held - coverage) < K * np.sqrt(coverage * (1 - coverage) / runs)).all(), held


def patients(rng, n):
    return pd.DataFrame(
        {"flag": rng.random(n) < 0.4, "sex": pd.Categorical.from_codes(rng.integers(0, 2, n), ["female", "male"])}
    )


def linear(frame, flag, male):
    return flag * frame["flag"].to_numpy() + male * (frame["sex"] == "male").to_numpy()


TERMS = ("odds_ratio[flag=yes]", "odds_ratio[sex=male]")
BOTH = {"name": "m", "label": "m", "exposures": ("flag", "sex")}


def test_one_odds_ratio_for_all_cuts_is_found_again():
    rng = np.random.default_rng(21)
    cuts = np.array([-1.0, 0.5, 2.0])
    frames = []
    for _ in range(REPLICATES):
        frame = patients(rng, 400)
        latent = linear(frame, 0.8, -0.5) + rng.logistic(size=400)
        frames.append(frame.assign(stage=pd.Categorical.from_codes(np.digitize(latent, cuts), list("abcd"))))
    asked = Model(outcome="stage", family="proportional_odds", **BOTH)
    near(*found(proportional_odds_ratios, asked, frames, TERMS), np.array([0.8, -0.5]))
    p = [proportional_odds_ratios(whole(frame), asked) for frame in frames]
    p = np.array([one.estimate[0, one.terms.index("p_proportional[stage]")] for one in p])
    assert abs((p < 0.05).mean() - 0.05) < K * np.sqrt(0.05 * 0.95 / REPLICATES)


def test_odds_ratios_of_each_kind_are_found_again():
    rng = np.random.default_rng(22)
    frames = []
    for _ in range(REPLICATES):
        frame = patients(rng, 600)
        odds = np.exp(np.column_stack([np.zeros(600), linear(frame, 0.7, 0.3), linear(frame, -0.4, 0.6) - 0.2]))
        kind = (rng.random(600)[:, None] > np.cumsum(odds / odds.sum(1, keepdims=True), axis=1)).sum(axis=1)
        frames.append(frame.assign(kind=pd.Categorical.from_codes(kind, list("abc"))))
    terms = [f"{term[:-1]} on kind={kind}]" for kind in "bc" for term in TERMS]
    asked = Model(outcome="kind", family="multinomial", **BOTH)
    near(*found(multinomial_ratios, asked, frames, terms), np.array([0.7, 0.3, -0.4, 0.6]))


@pytest.mark.parametrize(("centres", "plainly"), [(5, 0.9), (12, 0.93)])
def test_few_centres_that_differ_in_outcome_and_exposure(centres, plainly):
    """The truth is of all centres there could be; without the correction, and by z, limits hold it too seldom."""
    rng = np.random.default_rng(centres)

    def drawn(many, each):
        n = many * each
        centre = np.repeat(np.arange(many), each)
        frame = patients(rng, n).assign(flag=rng.random(n) < rng.uniform(0.1, 0.6, many)[centre])
        had = rng.random(n) < expit(linear(frame, 0.7, -0.4) - 0.5 + rng.normal(0, 0.6, many)[centre])
        return frame.assign(had=had, centre=pd.Categorical.from_codes(centre, [str(c) for c in range(many)]))

    asked = Model(outcome="had", family="gee", cluster="centre", **BOTH)
    truth = found(clustered, asked, [drawn(3000, 30)], TERMS)[0][0]
    assert (np.abs(truth) < [0.7, 0.4]).all()  # of all centres: nearer to 1 than within one
    frames = [drawn(centres, 60) for _ in range(REPLICATES)]
    estimate, low, high = found(clustered, asked, frames, TERMS)
    # Few centres leave the estimate a bias of their own, in the direction of the ratio within a centre.
    assert (np.abs(estimate.mean(axis=0) - truth) < K * estimate.std(axis=0) / np.sqrt(REPLICATES) + 0.04).all()
    held = ((low <= truth) & (truth <= high)).mean(axis=0)
    assert (np.abs(held - 0.95) < K * np.sqrt(0.05 * 0.95 / REPLICATES)).all(), held
    errors = np.array([plain_errors(frame) for frame in frames])
    assert ((np.abs(estimate - truth) < 1.96 * errors).mean(axis=0) < plainly).all()


def plain_errors(frame):
    """Robust errors without the correction for few clusters."""
    n, male = np.ones(len(frame)), (frame["sex"] == "male").to_numpy()
    rows, had = np.column_stack([n, frame["flag"], male]), frame["had"].to_numpy().astype(int)
    centre = frame["centre"].cat.codes.to_numpy()
    fit, correlation = clustered_fit(Patients(rows, had, n, centre))
    return exchangeable_sandwich(rows, had, n, fit.estimate, centre, correlation, corrected=False).std_error[1:]


MODELS = {"therapy_by_centre": clustered, "stage": proportional_odds_ratios, "stage_by_kind": multinomial_ratios}
COLUMNS = ("systemic_therapy", "lofgren_broad", "age_at_diagnosis", "sex", "ancestry", "centre", "scadding_stage")


@pytest.fixture(scope="module")
def many():
    made = replicates(load_world("evidence"), load_design("incident_clinic"), 1000, 100, 8, COLUMNS)
    return list(replicated(made).frames())


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("therapy_by_centre", "odds_ratio[lofgren_broad=yes]"),
        ("stage", "odds_ratio[ancestry=black]"),
        ("stage_by_kind", "odds_ratio[ancestry=black on scadding_stage=IV]"),
    ],
)
def test_shipped_models_find_in_samples_what_they_find_in_the_population(many, name, term):
    asked = load_model(name)
    told = MODELS[name](whole(cohort("incident_clinic").patients), asked)
    at = told.terms.index(term)
    truth, error = np.log(told.estimate[0, at]), told.std_error[0, at] / told.estimate[0, at]
    estimate, low, high = found(MODELS[name], asked, many, [term])
    # The population has an error of its own; ratios of few are a little too far from 1.
    spread = np.sqrt(estimate.var(axis=0, ddof=1) / len(many) + error**2)
    assert np.abs(estimate.mean(axis=0) - truth) < K * spread + 0.03 * np.abs(truth)
    held = ((low <= truth) & (truth <= high)).mean()
    assert held > 0.95 - K * np.sqrt(0.05 * 0.95 / len(many))
