"""Values that are missing not by chance alone, and patients who are selected: the truth is recovered, and covered."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from made import K, off
from sarcoid_epi.estimators.association import adjusted
from sarcoid_epi.estimators.imputation import imputed
from sarcoid_epi.estimators.selection import selection_weighted
from sarcoid_epi.scenario import Model
from sarcoid_epi.strata import whole

REPLICATES = 200
NAMES = ("lofgren_broad=yes", "serum_calcium_mmol_l", "ancestry=black", "ancestry=other")
TRUTH = np.array([0.8, 0.5, 0.7, -0.4])
LEVELS = ["white", "black", "other"]


def flag(values):
    return pd.array(values, dtype="boolean")


def model(exposures=("lofgren_broad",), **said):
    made = dict.fromkeys(exposures, "made patients")
    return Model(name="made", label="Made", outcome="remission", exposures=exposures, accept=made, **said)


def logs(answers, names):
    at = [answers.terms.index(f"odds_ratio[{name}]") for name in names]
    return np.log([answers.estimate[0, at], answers.low[0, at], answers.high[0, at]])


def covered(found, truth):
    return ((found[:, 1] <= truth) & (truth <= found[:, 2])).mean(axis=0)


def patients(rng, n=320):
    """Calcium is missing above all in the exposed with the outcome, ancestry above all in those without it."""
    exposed = rng.random(n) < 0.4
    calcium = rng.normal(0.5 * exposed, 1, n)
    black = rng.random(n) < expit(-0.8 + 0.6 * calcium)
    ancestry = np.where(black, 1, np.where(rng.random(n) < 0.3, 2, 0))
    chance = expit(-1 + 0.8 * exposed + 0.5 * calcium + 0.7 * (ancestry == 1) - 0.4 * (ancestry == 2))
    yes = rng.random(n) < chance
    full = pd.DataFrame(
        {
            "remission": yes,
            "lofgren_broad": exposed,
            "serum_calcium_mmol_l": calcium,
            "ancestry": pd.Categorical.from_codes(ancestry, LEVELS),
        }
    )
    seen = np.where(rng.random(n) < np.where(yes, 0.05, 0.35), -1, ancestry)
    part = full.assign(
        serum_calcium_mmol_l=np.where(rng.random(n) < np.where(yes & exposed, 0.6, 0.1), np.nan, calcium),
        ancestry=pd.Categorical.from_codes(seen, LEVELS),
    )
    return full, part


@pytest.fixture(scope="module")
def replicates():
    """Imputed, complete patients alone, and what would have been found had nothing been missing."""
    rng, said = np.random.default_rng(3), model(("lofgren_broad", "serum_calcium_mmol_l", "ancestry"))
    asked = said.model_copy(update={"missing": "impute", "imputations": 6})
    found = []
    for _ in range(REPLICATES):
        full, part = patients(rng)
        alone, everything = (logs(adjusted(whole(one), said), NAMES) for one in (part, full))
        found.append([logs(imputed(whole(part), asked), NAMES), alone, everything])
    return np.array(found).swapaxes(0, 1)


def test_imputed_ratios_are_those_of_patients_who_lack_nothing_and_hold_the_truth(replicates):
    drawn, _, full = replicates
    apart = drawn[:, 0] - full[:, 0]
    assert (np.abs(apart.mean(axis=0)) < K * apart.std(axis=0) / REPLICATES**0.5).all()
    assert (np.abs(apart.mean(axis=0)) < 0.06).all()
    assert (covered(drawn, TRUTH) > 0.95 - off(0.95, REPLICATES)).all()
    spread = drawn[:, 0].std(axis=0)
    said = ((drawn[:, 2] - drawn[:, 1]) / (2 * 1.96)).mean(axis=0)
    np.testing.assert_allclose(said, spread, rtol=0.2)  # limits of t, a little wider


def test_complete_patients_alone_have_the_wrong_ratio(replicates):
    """log(0.4 x 0.9 / (0.9 x 0.9)) too low by the calcium alone: limits that hold the truth in a minority."""
    _, alone, _ = replicates
    assert alone[:, 0, 0].mean() == pytest.approx(0.8 + np.log(0.4 / 0.9), abs=0.1)
    assert covered(alone, TRUTH)[0] < 0.5


def test_what_an_outcome_is_imputed_from_besides_mends_what_the_model_alone_cannot():
    """The outcome is missing by a sign of it, more so in the exposed; nothing else is, so one round is all it takes."""
    rng = np.random.default_rng(5)
    plain = model(missing="impute", imputations=6)
    beside = plain.model_copy(update={"impute_with": ("fever",)})
    found = []
    for _ in range(REPLICATES):
        n = 500
        exposed = rng.random(n) < 0.5
        yes = rng.random(n) < expit(-0.5 + 0.8 * exposed)
        fever = rng.random(n) < np.where(yes, 0.85, 0.15)
        lost = rng.random(n) < np.where(fever & exposed, 0.7, 0.1)
        frame = pd.DataFrame({"lofgren_broad": exposed, "remission": flag(yes), "fever": fever})
        frame.loc[lost, "remission"] = pd.NA
        found.append([logs(imputed(whole(frame), said), NAMES[:1])[:, 0] for said in (beside, plain)])
    found = np.array(found).swapaxes(0, 1)
    error = found[0, :, 0].std() / REPLICATES**0.5
    assert abs(found[0, :, 0].mean() - 0.8) < K * error
    assert (covered(found[0], 0.8)) > 0.95 - off(0.95, REPLICATES)
    assert found[1, :, 0].mean() < 0.5  # what complete patients say, too


def test_selection_weights_give_back_the_ratio_of_everybody():
    """Bone pain goes with the outcome, and who has it or back pain is imaged: back pain would seem to protect."""
    rng, found, alone, wider = np.random.default_rng(7), [], [], []
    said = model(
        ("chronic_back_pain",), selected="imaging_fdg_pet",
        selected_by=("chronic_back_pain", "bone_pain", "chronic_back_pain x bone_pain"),
    )  # fmt: skip
    for _ in range(300):
        n = 1500
        back, yes = rng.random(n) < 0.4, rng.random(n) < 0.3
        pain = rng.random(n) < np.where(yes, 0.7, 0.2)
        imaged = rng.random(n) < np.where(pain, np.where(back, 0.6, 0.7), np.where(back, 0.5, 0.1))
        frame = pd.DataFrame(
            {"chronic_back_pain": back, "remission": flag(yes), "bone_pain": pain, "imaging_fdg_pet": imaged}
        )
        frame.loc[~imaged, "remission"] = pd.NA
        weighted = selection_weighted(whole(frame), said)
        found.append(logs(weighted, ("chronic_back_pain=yes",))[:, 0])
        alone.append(logs(adjusted(whole(frame), said), ("chronic_back_pain=yes",))[:, 0])
        wider.append(weighted.estimate[0, weighted.terms.index("weights_error[chronic_back_pain=yes]")])
    found, alone = np.array(found), np.array(alone)
    assert abs(found[:, 0].mean()) < K * found[:, 0].std() / 300**0.5
    assert covered(found, 0.0) == pytest.approx(0.95, abs=off(0.95, 300))
    assert alone[:, 0].mean() < -0.4
    assert covered(alone, 0.0) < 0.5
    # Errors that take the weights as known are too wide: the true spread is that of the stacked equations.
    said_error = ((found[:, 2] - found[:, 1]) / (2 * 1.959964)).mean()
    assert np.mean(wider) < 0.98
    assert abs(said_error / found[:, 0].std() - 1) < abs(said_error / np.mean(wider) / found[:, 0].std() - 1) + 0.02
