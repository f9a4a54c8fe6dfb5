"""Prognosis: the truth is recovered within Monte Carlo error, with late entry and tied times as they come."""

import numpy as np
import pandas as pd
import pytest

from made import K, cohort
from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.courses import courses
from sarcoid_epi.scenario import load_model
from sarcoid_epi.strata import whole

BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}
MODEL = load_model("remission").model_copy(
    update={"start": 0.0, "adjust": ("sex",), "split": (1.0,), "cluster": "", "competing": ("died",)}
)
LOG_RATIO, OF_SEX, REPLICATES, SIZE = np.log(2.0), np.log(0.7), 250, 300


def replicate(rng, later=LOG_RATIO):
    """Patients with constant hazards, whose ratio becomes `later` after one year; met late; some die or leave."""
    exposed, male = rng.random(SIZE) < 0.4, rng.random(SIZE) < 0.5
    before = 0.3 * np.exp(LOG_RATIO * exposed + OF_SEX * male)
    after = 0.3 * np.exp(later * exposed + OF_SEX * male)
    cumulative = rng.exponential(1, SIZE)
    event = np.where(cumulative < before, cumulative / before, 1 + (cumulative - before) / after)
    death, left, met = rng.exponential(20, SIZE), rng.uniform(1, 8, SIZE), rng.uniform(0, 0.5, SIZE)
    death = met + death
    event, death, left, met = (np.round(part, 2) for part in (event, death, left, met))
    end = np.minimum(death, left)
    had = event <= end
    return pd.DataFrame(
        {
            "remission": had, "remission_years": np.where(had, event, np.nan), "follow_up_years": end,
            "years_since_diagnosis": met, "died": death <= left, "lofgren_broad": exposed,
            "sex": pd.Categorical(np.where(male, "male", "female")),
        }
    )  # fmt: skip


def looked(name, term, time=None, **making):
    """Logarithms of a ratio in all replicates, and whether the limits hold the truth they were made with."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(REPLICATES):
        answers = BY_NAME[name](whole(replicate(rng, **making)), MODEL)
        at = next(
            place
            for place, one in enumerate(answers.terms)
            if one == term and (time is None or answers.times[place] == time)
        )
        found.append([answers.estimate[0, at], answers.low[0, at], answers.high[0, at], answers.std_error[0, at]])
    return np.array(found)


def check(found, truth):
    logs, errors = np.log(found[:, 0]), found[:, 3] / found[:, 0]
    assert (
        abs(logs.mean() - truth) < K * logs.std(ddof=1) / REPLICATES**0.5 + 0.01
    )  # small-sample bias of the logarithm
    assert logs.std(ddof=1) == pytest.approx(np.sqrt((errors**2).mean()), rel=K / (2 * REPLICATES) ** 0.5)
    covered = ((np.log(found[:, 1]) <= truth) & (truth <= np.log(found[:, 2]))).mean()
    assert abs(covered - 0.95) < K * (0.95 * 0.05 / REPLICATES) ** 0.5


def test_the_adjusted_hazard_ratio_is_recovered():
    check(looked("adjusted_hazards", "hazard_ratio[lofgren_broad=yes]"), LOG_RATIO)


@pytest.mark.parametrize(("start", "truth"), [(0.0, LOG_RATIO), (1.0, 0.0)])
def test_a_ratio_that_vanishes_after_a_year_is_recovered_stretch_by_stretch(start, truth):
    check(looked("changing_hazards", "hazard_ratio[lofgren_broad=yes]", start, later=0.0), truth)


def test_leaving_out_the_time_before_patients_were_met_gives_the_curve_that_the_whole_history_gives():
    """In the world history is known: remission before the look too. Nobody dies before it, so the naive curve is right.

    The share still free at two years, of those free at 0.1, by delayed entry and by the whole history: they share the
    patients, so the error of the difference is no more than that of the first.
    """
    patients = cohort("incident_clinic").patients
    model = load_model("remission")
    late, known = (
        BY_NAME["event_free"](whole(patients), model.model_copy(update={"entry": entry}))
        for entry in ("years_since_diagnosis", "")
    )
    for place, term in enumerate(late.terms):
        if term.startswith("survival[lofgren_broad=no]") and late.times[place] in (1.0, 2.0, 5.0):
            assert abs(late.estimate[0, place] - known.estimate[0, place]) < K * late.std_error[0, place]


def test_every_patient_of_the_world_is_followed_or_counted_among_those_who_are_not():
    patients = cohort("incident_clinic").patients
    for name in ("remission", "relapse", "new_osseous_record", "death"):
        rows = courses(whole(patients), load_model(name))
        parts = rows.weight.sum() + rows.before + rows.left_out + rows.excluded + rows.never
        assert parts.tolist() == [len(patients)]
