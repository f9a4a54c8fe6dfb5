"""Regressions within clusters, of ordered and of several kinds of outcome, against R (R/families.R).

Public data as the functions take them, and a made cohort as the estimators do: an outcome of True and False, patients
whose exposure is missing, levels that nobody has, a factor of one level.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import chdtrc

from sarcoid_epi.estimators import clustered, multinomial_ratios, proportional_odds_ratios, unadjusted_ratios
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.brant import brant
from sarcoid_epi.stats.exchangeable import exchangeable_sandwich
from sarcoid_epi.stats.ordered_logistic import ordered_logistic
from sarcoid_epi.strata import whole

REFERENCE = {
    name: np.array(values, dtype=float)
    for name, values in json.loads(Path(__file__).with_name("families.json").read_text(encoding="utf-8")).items()
    if name != "source"
}


def of(name, *columns):
    return [REFERENCE[f"{name}_{column}"] for column in columns]


def close(ours, theirs, rtol, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def dummies(codes):
    return [(codes == code).astype(float) for code in np.unique(codes)[1:]]


def respiratory():
    centre, active, male, age, baseline = of("resp", "centre", "active", "male", "age", "baseline")
    rows = np.column_stack([np.ones_like(age), centre == 2, active, male, age, baseline])
    return rows, REFERENCE["resp_outcome"], np.ones_like(age), REFERENCE["resp_patient"]


def herds():
    period, ill, size, herd = of("cbpp", "period", "incidence", "size", "herd")
    return np.column_stack([np.ones_like(period), *dummies(period)]), ill, size, herd


@pytest.mark.parametrize("name", ["resp", "cbpp"])
def test_errors_within_clusters_equal_geepack_and_the_matrices_written_out(name):
    """At R's coefficients and correlation, so that only the covariance is looked at."""
    rows, events, n, cluster = respiratory() if name == "resp" else herds()
    at = REFERENCE[f"{name}_estimate"], cluster, float(REFERENCE[f"{name}_correlation"][0])
    close(exchangeable_sandwich(rows, events, n, *at, corrected=False).std_error, REFERENCE[f"{name}_robust"], 1e-8)
    close(exchangeable_sandwich(rows, events, n, *at).std_error, REFERENCE[f"{name}_mancl"], 1e-8)


def housing():
    """A row for each kind of flat, its tenants by satisfaction."""
    sat, influence, kind, contact, tenants = of("housing", "Sat", "Infl", "Type", "Cont", "Freq")
    rows = np.column_stack([np.ones_like(sat), *dummies(influence), *dummies(kind), *dummies(contact)])
    counts = np.zeros((sat.size, 3))
    counts[np.arange(sat.size), sat.astype(int)] = tenants
    return rows, counts


def test_proportional_odds_of_counts_equal_vglm_lrm_and_polr():
    """vglm and lrm stop by their own rules, polr's errors are by differences."""
    fit = ordered_logistic(*housing())
    assert fit.note == ""
    close(fit.estimate[1:], REFERENCE["housing_vglm"], 1e-8)
    close(fit.estimate[1:], REFERENCE["housing_lrm"], 1e-7)
    close(fit.estimate[1:], REFERENCE["housing_polr"], 1e-7)
    close(fit.std_error[1:], REFERENCE["housing_lrm_error"], 1e-8)
    close(fit.std_error[1:], REFERENCE["housing_polr_error"], 1e-6)
    close(fit.log_likelihood, REFERENCE["housing_value"][0], 1e-12)


def test_the_test_of_one_odds_ratio_equals_that_of_car_and_is_near_the_ratio_of_likelihoods():
    rows, counts = housing()
    test = brant(rows, counts, range(1, rows.shape[1]))
    close([test.statistic, test.df], REFERENCE["housing_brant"], 1e-8)
    assert abs(test.statistic / REFERENCE["housing_free"][0] - 1) < 0.02


def test_statsmodels_stops_short_of_the_maximum_that_this_finds():
    """Why the likelihood is climbed here: its search says that it has arrived."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rows, counts = housing()
    at, level = np.nonzero(counts)
    each = np.repeat(at, counts[at, level].astype(int))
    made = OrderedModel(np.repeat(level, counts[at, level].astype(int)), rows[each, 1:], distr="logit")
    theirs = made.fit(method="bfgs", disp=0)
    assert theirs.mle_retvals["converged"]
    ours = ordered_logistic(rows, counts).estimate[1:]
    gap = np.abs(theirs.params[:6] - REFERENCE["housing_vglm"]).max()
    assert 1e-6 < gap < 1e-3
    assert np.abs(ours - REFERENCE["housing_vglm"]).max() < gap / 100


# The estimators, on the made cohort

LEVELS = ("0", "1", "2", "3", "4")


def made():
    centre, flag, male, age, had, stage, kind = of("made", "centre", "flag", "male", "age", "had", "stage", "kind")
    return whole(
        pd.DataFrame(
            {
                "flag": pd.array([None if np.isnan(x) else x == 1 for x in flag], dtype="boolean"),
                "sex": pd.Categorical.from_codes(male.astype(int), ["female", "male"]),
                "age_at_diagnosis": age.astype(int),
                "ancestry": pd.Categorical(["white"] * age.size, ["white", "black", "other"]),
                "centre": pd.Categorical.from_codes(centre.astype(int), list("zabcdefghij")),
                "had": had == 1,
                "stage": pd.Categorical.from_codes(stage.astype(int), LEVELS),
                "kind": pd.Categorical.from_codes(kind.astype(int), ["usual", "second", "third", "rare"]),
            }
        )
    )


def model(**changes):
    plain = {"name": "m", "label": "m", "outcome": "had", "exposures": ("flag", "age_at_diagnosis")}
    return Model(**{**plain, "adjust": ("sex", "ancestry"), **changes})


def logs(answers, *terms):
    """Log odds ratio and its standard error of each term."""
    places = [answers.terms.index(term) for term in terms]
    ratio = answers.estimate[0, places]
    return np.log(ratio), answers.std_error[0, places] / ratio


WITHIN = model(family="gee", cluster="centre", exposures=("flag", "sex", "age_at_diagnosis"), adjust=("ancestry",))
OVER = model(family="proportional_odds", outcome="stage", exposures=WITHIN.exposures, adjust=("ancestry",))
OF_KINDS = model(family="multinomial", outcome="kind", exposures=WITHIN.exposures, adjust=("ancestry",))
TERMS = ("odds_ratio[flag=yes]", "odds_ratio[sex=male]", "odds_ratio[age_at_diagnosis]")


@pytest.fixture(autouse=True)
def silent():
    """No engine prints a warning of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_the_estimator_within_clusters_equals_geepack():
    answers = clustered(made(), WITHIN)
    estimate, error = logs(answers, *TERMS)
    close(estimate, REFERENCE["made_estimate"][1:], 1e-7)
    close(error, REFERENCE["made_mancl"][1:], 1e-7)
    place = answers.terms.index("working_correlation[centre]")
    close(answers.estimate[0, place], REFERENCE["made_correlation"][0], 1e-7)
    # t with 8 degrees of freedom
    close(np.log(answers.high[0, 1]), estimate[0] + 2.306004135 * error[0], 1e-8)
    assert str(answers.note[0, 1]).endswith("5 of 400 patients left out, who lack a value")


def test_the_estimator_of_ordered_levels_equals_vglm_and_lrm():
    answers = proportional_odds_ratios(made(), OVER)
    estimate, error = logs(answers, *TERMS)
    close(estimate, REFERENCE["made_vglm"], 1e-7)
    close(error, REFERENCE["made_lrm_error"], 1e-7)
    tested = answers.estimate[0, answers.terms.index("p_proportional[stage]")]
    close(tested, chdtrc(6.0, REFERENCE["made_brant"][0]), 1e-8)


def test_the_estimator_of_kinds_equals_vglm_and_multinom_and_firth_for_the_rare_kind():
    answers = multinomial_ratios(made(), OF_KINDS)
    theirs, errors, searched = (REFERENCE[f"made_{name}"] for name in ("multinomial", "multinomial_error", "multinom"))
    for place, kind in enumerate(("second", "third")):
        estimate, error = logs(answers, *(f"{term[:-1]} on kind={kind}]" for term in TERMS))
        close(estimate, theirs[place::2][1:], 1e-7)
        close(error, errors[place::2][1:], 1e-7)
        close(estimate, searched[place::2][1:], 1e-4)  # its own stopping rule
    rare, _ = logs(answers, *(f"{term[:-1]} on kind=rare]" for term in TERMS))
    close(rare, REFERENCE["made_rare"][1:], 1e-6)
    at = answers.terms.index("odds_ratio[flag=yes on kind=rare]")
    assert "fewer than 10 events for each coefficient; against the reference level alone" in answers.note[0, at]
    assert answers.n[0, at] == (REFERENCE["made_flag"] == 1).sum()
    assert answers.events[0, at] == ((REFERENCE["made_flag"] == 1) & (REFERENCE["made_kind"] == 3)).sum()


def test_kinds_of_the_public_data_equal_vglm():
    sat, influence, kind, contact, tenants = of("housing", "Sat", "Infl", "Type", "Cont", "Freq")
    each = np.repeat(np.arange(sat.size), tenants.astype(int))
    columns = {"sat": sat, "influence": influence, "kind": kind, "contact": contact}
    frame = pd.DataFrame(
        {name: pd.Categorical.from_codes(codes[each].astype(int), list("abcd")[: int(codes.max()) + 1])
         for name, codes in columns.items()}
    )  # fmt: skip
    asked = model(outcome="sat", exposures=("influence", "kind", "contact"), adjust=(), family="multinomial")
    answers = multinomial_ratios(whole(frame), asked)
    terms = ("influence=b", "influence=c", "kind=b", "kind=c", "kind=d", "contact=b")
    for place, level in enumerate("bc"):
        estimate, error = logs(answers, *(f"odds_ratio[{term} on sat={level}]" for term in terms))
        close(estimate, REFERENCE["housing_multinomial"][place::2][1:], 1e-7)
        close(error, REFERENCE["housing_multinomial_error"][place::2][1:], 1e-7)


def test_a_crude_ratio_is_the_model_without_the_others():
    for estimator, asked in ((clustered, WITHIN), (proportional_odds_ratios, OVER), (multinomial_ratios, OF_KINDS)):
        crude = unadjusted_ratios(made(), asked)
        known = made().frame.dropna()
        alone = estimator(whole(known), asked.model_copy(update={"exposures": ("flag",), "adjust": ()}))
        place = [alone.terms.index(term) for term in alone.terms if "flag=yes" in term]
        same = [crude.terms.index(alone.terms[at]) for at in place]
        close(crude.estimate[0, same], alone.estimate[0, place], 1e-12)
        close(crude.high[0, same], alone.high[0, place], 1e-12)
