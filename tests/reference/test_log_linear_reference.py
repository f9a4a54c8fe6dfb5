"""Log-linear models, their averages and profile limits against R's own glm, optimize and uniroot (R/log_linear.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats import log_linear as module
from sarcoid_epi.stats.capture import by_dependence
from sarcoid_epi.stats.log_linear import log_linear

REFERENCE = json.loads(Path(__file__).with_name("log_linear.json").read_text(encoding="utf-8"))
SETS = list(dict.fromkeys(REFERENCE["counts_set"]))


def column(name):
    return np.array(REFERENCE[name], dtype=np.float64)


def ours_and_rows(name):
    """Our fit, and for each model of R the place of ours."""
    fit = log_linear(column("counts")[np.array(REFERENCE["counts_set"]) == name])
    rows = np.flatnonzero(np.array(REFERENCE["set"]) == name)
    names = [model.name for model in fit.models]
    return fit, rows, [names.index(REFERENCE["name"][row]) for row in rows]


@pytest.mark.parametrize("name", SETS)
def test_every_model_is_that_of_glm(name):
    """Tolerances: where glm stops. Worst, relative: cases 4e-15, standard errors 3e-8, AIC and BIC 2e-14, absolute
    deviance 2e-12. `zeros` has 40 models that are refused, next test, and 37 at the edge, which equal glm's limit."""
    fit, rows, places = ours_and_rows(name)
    assert sorted(places) == list(range(len(fit.models)))
    given = np.isfinite(fit.cases[places])
    assert given.all() or name == "zeros"
    rows, places = rows[given], np.array(places)[given]
    for field, tolerance in (("cases", 1e-12), ("std_error", 1e-7), ("aic", 1e-12), ("bic", 1e-12)):
        np.testing.assert_allclose(getattr(fit, field)[places], column(field)[rows], rtol=tolerance)
    np.testing.assert_allclose(fit.deviance[places], column("deviance")[rows], atol=1e-10)


def test_where_glm_runs_off_we_refuse():
    """Four lists with five empty cells, 215 patients: glm gives 215 with a standard error of 0 or of thousands, or
    more than a million; the number unseen is 0 or infinite, or any number."""
    fit, rows, places = ours_and_rows("zeros")
    refused = np.isnan(fit.cases[places])
    assert refused.sum() == 40
    cases, error = column("cases")[rows[refused]], column("std_error")[rows[refused]]
    assert ((np.abs(cases - 215) < 0.01) | (cases > 1e6) | (error > 1e3)).all()
    assert (fit.note[np.array(places)[refused]] == module.NOT_ESTIMABLE).all()
    assert (fit.note == module.AT_THE_EDGE).sum() == 37


@pytest.mark.parametrize("row", range(len(REFERENCE["best_set"])))
def test_the_average_and_the_profile_limits_are_those_of_r(row):
    """Tolerance: uniroot on glm; worst limit 1e-10, mean 4e-12, its error 2e-9 (relative)."""
    fit, _, _ = ours_and_rows(REFERENCE["best_set"][row])
    average = fit.by_aic if REFERENCE["criterion"][row] == "aic" else fit.by_bic
    assert fit.models[average.best].name == REFERENCE["best_name"][row]
    assert average.best_low == pytest.approx(column("best_low")[row], rel=1e-9)
    assert average.best_high == pytest.approx(column("best_high")[row], rel=1e-9)
    assert average.cases == pytest.approx(column("mean")[row], rel=1e-9)
    assert average.std_error == pytest.approx(column("mean_error")[row], rel=1e-7)


def test_two_lists_with_an_odds_ratio_have_the_profile_limits_of_glm_with_an_offset():
    """Tolerance: uniroot on glm, worst 1e-11. One table has a list within the other: its lower limit is the count."""
    answer = by_dependence(column("both"), column("first_only"), column("second_only"), column("odds_ratio"))
    np.testing.assert_allclose(answer.low, column("two_low"), rtol=1e-9)
    np.testing.assert_allclose(answer.high, column("two_high"), rtol=1e-9)
