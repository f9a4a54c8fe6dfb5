"""The shipped studies: what their reports hold is what their cases give again, and what theory says."""

from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from sarcoid_epi.scenario import load_study, shipped
from sarcoid_epi.simulation.making import replicates
from sarcoid_epi.simulation.running import units
from sarcoid_epi.simulation.stated import cases_of, state
from sarcoid_epi.simulation.stored import is_of
from sarcoid_epi.simulation.summary import of_case, rows
from sarcoid_epi.simulation.summary import units as units_of_runs
from sarcoid_epi.simulation.terms import by_term
from sarcoid_epi.stats import proportion

STUDIES = Path(__file__).parents[2] / "reports" / "studies"

#: A case of each study, none of them the first.
AGAIN = {
    "underdiagnosis_sensitivity": 400,
    "interval_coverage": 9,
    "study_planning": 100,
    "misspecification": 50,
    "lofgren_collider": 8,
}


def table(study, name):
    return pd.read_csv(STUDIES / study / f"{name}.csv")


def test_every_shipped_study_has_its_report_and_is_short():
    assert set(shipped("study")) == AGAIN.keys() == {path.name for path in STUDIES.iterdir()}
    for name in AGAIN:
        assert is_of(load_study(name), STUDIES / name)
        file = Path(__file__).parents[2] / "src/sarcoid_epi/scenario/studies" / f"{name}.toml"
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.parametrize("name", AGAIN)
def test_a_case_made_again_has_the_numbers_of_the_report(name):
    stated = state(load_study(name))
    case = cases_of(stated)[AGAIN[name]]
    parts = [replicates(stated, unit) for unit in units(stated.study, case)]
    again = pd.DataFrame(rows(of_case(case, by_term(parts), units_of_runs(stated.study))))
    told = table(name, "summary")
    told = told[told["case"] == case.number].reset_index(drop=True)
    assert list(again["run"] + again["term"]) == list(told["run"] + told["term"])
    for column in told.select_dtypes("number"):
        # Files hold 8 digits, and another processor may round the last bits otherwise.
        np.testing.assert_allclose(again[column].astype(float), told[column], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("interval", ["wilson", "clopper_pearson", "mid_p", "jeffreys", "agresti_coull", "blaker",
                                      "likelihood_ratio"])  # fmt: skip
def test_coverage_of_every_interval_is_that_of_the_binomial_distribution(interval):
    """Coverage of x of n is known: the sum of the chances of the x whose limits hold the share."""
    summary = table("interval_coverage", "summary").merge(table("interval_coverage", "cases"), on="case")
    summary = summary[summary["run"] == f"recorded_{interval}"]
    assert len(summary) == 24
    for row in summary.itertuples():
        x = np.arange(row.size + 1)
        low, high = getattr(proportion, interval)(x, np.full(x.shape, row.size))
        exact = binom.pmf(x, row.size, row.truth)[(low <= row.truth) & (row.truth <= high)].sum()
        # Worst of 168: 3.4 errors.
        assert abs(row.coverage - exact) <= 4 * sqrt(exact * (1 - exact) / row.used)


def test_referral_bends_the_odds_ratio_upwards_with_both_slopes():
    told = table("lofgren_collider", "summary").merge(table("lofgren_collider", "cases"), on="case")
    for run, here in told.groupby("run"):
        bias = here.pivot_table(index="referral_by_acute_onset", columns="referral_by_burden", values="bias")
        assert (np.diff(bias.to_numpy(), axis=1) > 0).all(), run  # with burden, whatever acute onset does
        # Without any referral by either, what is left is chance of two populations of four millions and of few cases.
        assert abs(bias.loc[0.0, 0.0]) < 0.06 < 0.2 < bias.loc[-2.4, 1.5]


def test_the_underdiagnosis_study_is_as_large_as_it_says():
    told = table("underdiagnosis_sensitivity", "summary")
    assert told["case"].nunique() >= 500
    assert (told["attempted"] == 2000).all()
