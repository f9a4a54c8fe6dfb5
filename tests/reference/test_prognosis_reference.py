"""Estimators of prognosis on one cohort against survival and etm (R/prognosis.R).

The cohort has tied times, left truncation, competing deaths, deaths after the event, a factor of one level that two
further levels are declared of, bool outcomes, and patients whose exposure is missing: all that some engine trips over.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.prognosis import YEARS
from sarcoid_epi.scenario import Model
from sarcoid_epi.strata import by, whole

REFERENCE = {
    name: np.array(values, dtype=float)
    for name, values in json.loads(Path(__file__).with_name("prognosis.json").read_text(encoding="utf-8")).items()
    if name != "source"
}
BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}
MODEL = Model(
    name="remission", label="Remission", outcome="remission", time="remission_years", entry="years_since_diagnosis",
    competing=("died",), exposures=("lofgren_broad",), adjust=("sex", "age_at_diagnosis", "ancestry"), family="cox",
    split=(1.0, 3.0),
)  # fmt: skip
ARMS = ("lofgren_broad=no", "lofgren_broad=yes")
MISSING = 7


def cohort():
    """The patients of R, and seven in whom Löfgren syndrome is not known, all of one centre."""
    r = REFERENCE
    had, n = r["had"] == 1, len(r["had"])
    after = np.where(had, 1.5, 0.0)  # whoever had the event is followed on, and some die then
    frame = pd.DataFrame(
        {
            "remission": had,
            "remission_years": np.where(had, r["exit"], np.nan),
            "follow_up_years": r["exit"] + after,
            "years_since_diagnosis": r["entry"],
            "died": (r["code"] == 2) | (had & (np.arange(n) % 3 == 0)),
            "lofgren_broad": pd.array(r["arm"] == 1, dtype="boolean"),
            "sex": pd.Categorical.from_codes(r["sex"].astype(int), ["female", "male"]),
            "age_at_diagnosis": r["age"].astype(int),
            "ancestry": pd.Categorical(["white"] * n, ["white", "black", "other"]),
            "centre": pd.Categorical.from_codes(r["centre"].astype(int), list("abcd")),
            "weight": r["weight"],
        }
    )
    unknown = frame.iloc[:MISSING].copy()
    unknown["lofgren_broad"] = pd.array([None] * MISSING, dtype="boolean")
    unknown["centre"] = pd.Categorical(["d"] * MISSING, list("abcd"))
    return pd.concat([frame, unknown], ignore_index=True)


def asked(name, **changes):
    return BY_NAME[name](whole(cohort()), MODEL.model_copy(update=changes))


def row(answers, term, time=None):
    """Estimate, limits and error of a term."""
    at = [
        place
        for place, name in enumerate(answers.terms)
        if name == term and (time is None or answers.times[place] == time)
    ]
    (one,) = at
    parts = (answers.estimate, answers.low, answers.high, answers.std_error)
    return [float(part[0, one]) for part in parts]


def rows(answers, measure, arm):
    return np.array([row(answers, f"{measure}[{arm}]", year) for year in YEARS])


def same(ours, theirs, rtol):
    known = np.isfinite(theirs)
    assert known.any()
    np.testing.assert_allclose(np.asarray(ours)[known], theirs[known], rtol=rtol)


@pytest.mark.parametrize("arm", [0, 1])
def test_curves_with_late_entry_equal_survfit(arm):
    """Worst 4e-16; at S = 0 R has no limits.

    With late entry limits need not fall: the lower one of arm 1 is 0.482 from the first event on, at 0.1, then rises to
    0.487 at 0.6 and falls. It is below a half from 0.1 on, which is the lower limit of the median; R says 0.6.
    """
    answers = asked("event_free")
    ours = rows(answers, "survival", ARMS[arm])
    for column, name in enumerate(("km", "km_low", "km_high", "km_error")):
        same(ours[:, column], REFERENCE[f"{name}_{arm}"], 1e-12)
    kept = [0, 1, 2] if arm == 0 else [0, 2]
    same(np.array(row(answers, f"median_time[{ARMS[arm]}]"))[kept], REFERENCE[f"median_{arm}"][kept], 1e-12)


@pytest.mark.parametrize("arm", [0, 1])
def test_incidence_with_late_entry_equals_etm_and_with_weights_survfit(arm):
    """Worst 1e-14."""
    ours = rows(asked("incidence"), "incidence", ARMS[arm])
    same(ours[:, 0], REFERENCE[f"cif_{arm}"], 1e-11)
    same(ours[:, 3], REFERENCE[f"cif_error_{arm}"], 1e-11)
    weighted = rows(asked("incidence", weights="weight"), "incidence", ARMS[arm])
    same(weighted[:, 0], REFERENCE[f"weighted_cif_{arm}"], 1e-11)
    same(weighted[:, 3], REFERENCE[f"weighted_cif_error_{arm}"], 1e-11)


@pytest.mark.parametrize("arm", [0, 1])
def test_mean_times_and_rates_equal_survfit_and_poisson_test(arm):
    estimate, _, _, error = row(asked("restricted_means"), f"restricted_mean[{ARMS[arm]}]")
    same([estimate, error], REFERENCE[f"mean_{arm}"], 1e-11)
    same(row(asked("incidence_rates"), f"rate[{ARMS[arm]}]")[:3], REFERENCE[f"rate_{arm}"], 1e-9)


@pytest.mark.parametrize(
    ("estimator", "changes", "name", "factor"),
    [
        ("unadjusted_hazards", {}, "crude", 1.0),
        ("adjusted_hazards", {}, "adjusted", 1.0),
        # Three clusters; R has no factor for so few, the errors here have c / (c - 1).
        ("adjusted_hazards", {"cluster": "centre"}, "clustered", 1.5**0.5),
        ("adjusted_hazards", {"strata": ("sex",), "adjust": ("age_at_diagnosis",)}, "stratified", 1.0),
    ],
)
def test_hazard_ratios_equal_coxph(estimator, changes, name, factor):
    """Worst 1e-13 in the logarithm: coxph itself stops at 1e-13."""
    estimate, low, high, error = row(asked(estimator, **changes), "hazard_ratio[lofgren_broad=yes]")
    log, own = REFERENCE[name][0], factor * REFERENCE[f"{name}_error"][0]
    assert np.log(estimate) == pytest.approx(log, abs=1e-10)
    assert error / estimate == pytest.approx(own, rel=1e-8)
    assert np.log([low, high]) == pytest.approx([log - 1.959963985 * own, log + 1.959963985 * own], abs=1e-7)


def test_the_test_of_proportional_hazards_equals_cox_zph():
    """Worst 1e-12; a factor of one level has no part in it."""
    answers = asked("proportionality")
    names = ("lofgren_broad", "sex", "age_at_diagnosis", "whole_model")
    ours = [row(answers, f"p_proportional_hazards[{name}]")[0] for name in names]
    same(ours, REFERENCE["zph"], 1e-9)
    assert np.isnan(row(answers, "p_proportional_hazards[ancestry]")[0])


@pytest.mark.parametrize(
    ("cluster", "name", "factor"), [("", "stretches", 1.0), ("centre", "stretches_clustered", 1.5**0.5)]
)
def test_ratios_by_stretch_equal_coxph_on_split_rows(cluster, name, factor):
    answers = asked("changing_hazards", cluster=cluster)
    for place, start in enumerate((0.0, 1.0, 3.0)):
        estimate, _, _, error = row(answers, "hazard_ratio[lofgren_broad=yes]", start)
        assert np.log(estimate) == pytest.approx(REFERENCE[name][place], abs=1e-10)
        assert error / estimate == pytest.approx(factor * REFERENCE[f"{name}_error"][place], rel=1e-8)


@pytest.mark.parametrize("arm", [0, 1])
def test_standardised_curves_are_the_mean_of_survfit_over_all_patients(arm):
    ours = rows(asked("standardised_curves"), "standardised_survival", ARMS[arm])
    same(ours[:, 0], REFERENCE[f"standardised_{arm}"], 1e-9)


def test_a_group_without_any_exposure_known_says_so_in_every_row_and_leaves_the_others_alone():
    groups = by(cohort(), "centre")
    for name, estimator in BY_NAME.items():
        if "cox" in estimator.families:
            answers = estimator(groups, MODEL)
            last = groups.labels.index("centre=d")
            assert np.isnan(answers.estimate[last]).all(), name
            assert all("7 patients left out" in note for note in answers.note[last]), name
            assert np.isfinite(answers.estimate[0]).any(), name
