"""What bites in statsmodels and lifelines does not bite here: bool outcomes, unused levels, tied competing risks.

Each trap is sprung first, so that a mended peer is noticed and this page can go.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from lifelines import AalenJohansenFitter

from sarcoid_epi.estimators import adjusted
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.risk_table import risk_table
from sarcoid_epi.strata import whole

COUNTS = {(True, True): 30, (True, False): 20, (False, True): 20, (False, False): 60}  # exposed, with the outcome
LOG_ODDS = np.log(30 * 60 / (20 * 20))
MODEL = Model(name="made", label="Made", outcome="osseous_recorded", exposures=("lofgren_broad",))


def patients(kind):
    rows = [pair for pair, count in COUNTS.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=["lofgren_broad", "osseous_recorded"]).astype(kind)


def ours(frame, model=MODEL):
    answers = adjusted(whole(frame), model)
    return np.log(answers.estimate[0, answers.terms.index("odds_ratio[lofgren_broad=yes]")])


def test_a_bool_outcome_turns_the_sign_in_statsmodels_and_not_here():
    frame = patients(bool)
    theirs = smf.glm("osseous_recorded ~ lofgren_broad", frame, family=sm.families.Binomial()).fit()
    assert theirs.params.iloc[1] == pytest.approx(-LOG_ODDS)  # the trap: it models False
    for kind in (bool, "boolean"):
        assert ours(patients(kind)) == pytest.approx(LOG_ODDS, rel=1e-9)


def test_a_level_that_nobody_has_breaks_a_design_and_not_ours():
    frame = patients("boolean").assign(
        ancestry=pd.Categorical(["white", "black"] * 65, categories=["white", "black", "other"])
    )
    design = pd.get_dummies(frame["ancestry"], drop_first=True)
    assert not design["other"].any()  # the trap: a column of zeros, and no inverse
    used = frame.assign(ancestry=frame["ancestry"].cat.remove_unused_categories())
    given = MODEL.model_copy(update={"adjust": ("ancestry",)})
    assert ours(frame, given) == pytest.approx(ours(used, given), rel=1e-12)


def test_tied_competing_events_are_moved_by_chance_in_lifelines_and_counted_here():
    time = np.repeat([1.0, 2.0, 3.0], 20)
    event = np.tile([1, 1, 2, 0], 15)
    event[np.flatnonzero((time == 2) & (event == 2))[1:]] = 0  # one alone of its kind among tied ones calls the jitter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines says that it moves ties
        fits = [AalenJohansenFitter(seed=seed).fit(time, event, event_of_interest=1) for seed in (1, 2)]
    last = [float(fit.cumulative_density_.iloc[-1, 0]) for fit in fits]
    assert last[0] != last[1]  # the trap
    # By hand: 60, 40 and 20 are at risk; at each time ten have the event, and five, one and five the other.
    by_hand, free = 0.0, 1.0
    for at_risk, others in ((60, 5), (40, 1), (20, 5)):
        by_hand += free * 10 / at_risk
        free *= 1 - (10 + others) / at_risk
    rng = np.random.default_rng(5)
    for order in (np.arange(60), rng.permutation(60)):
        found = cumulative_incidence(risk_table(time[order], event[order])).incidence
        assert found[..., 0, -1].item() == pytest.approx(by_hand, rel=1e-12)
