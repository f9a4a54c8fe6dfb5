"""Estimators of association on cohorts so small that the answer can be worked on paper, and on odd ones."""

from math import exp, log, sqrt

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.estimators import (
    CATALOGUE,
    adjusted,
    ask,
    exposure_tests,
    model_diagnostics,
    standardised_risks,
    unadjusted,
)
from sarcoid_epi.estimators.association import ALIKE, ELSEWHERE, FEW, REFERENCE, SEPARATED
from sarcoid_epi.estimators.diagnostics import EMPTY_TENTH, NO_MORE_THAN_CHANCE, NOTHING_VARIES, UNWEIGHTED
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.standardisation import FLIC
from sarcoid_epi.estimators.terms import FEW_CLUSTERS, LEFT_OUT, UNCLUSTERED
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.discrimination import ONE_KIND
from sarcoid_epi.stats.sandwich import ONE_CLUSTER
from sarcoid_epi.strata import by, whole
from small import limits, note, told

Z = 1.959963984540054
SEX = ("female", "male")
ANCESTRY = ("white", "black", "other")

#: Exposed 30 of 60, the others 20 of 80: odds ratio 3, ratio of shares 2.
FOUR = {(1, 1): 30, (1, 0): 30, (0, 1): 20, (0, 0): 60}

#: Women: odds 1/4 and 3/4; men: odds 1 and 3. Within each the odds ratio is 3.
STRATA = {
    (0, 1, "female"): 20, (0, 0, "female"): 80, (1, 1, "female"): 30, (1, 0, "female"): 40,
    (0, 1, "male"): 30, (0, 0, "male"): 30, (1, 1, "male"): 75, (1, 0, "male"): 25,
}  # fmt: skip

EXPOSED = "lofgren_broad=yes"

#: Why a model may hold what the causal graph forbids.
WHY = "to show what it does"


def model(family="logistic", exposures=("lofgren_broad",), adjust=(), **more):
    return Model(
        name="small",
        label="Small",
        outcome="osseous_recorded",
        exposures=exposures,
        adjust=adjust,
        family=family,
        **more,
    )


def table(cells, **constant):
    """Patients from counts of (exposed, outcome, sex); None is missing."""
    rows = [cell for cell, count in cells.items() for _ in range(count)]
    frame = pd.DataFrame(
        {
            "lofgren_broad": pd.array([None if row[0] is None else bool(row[0]) for row in rows], dtype="boolean"),
            "osseous_recorded": pd.array([None if row[1] is None else bool(row[1]) for row in rows], dtype="boolean"),
        }
    )
    if rows and len(rows[0]) > 2:
        frame["sex"] = pd.Categorical([row[2] for row in rows], categories=SEX)
    return frame.assign(**constant)


def centres(**tables):
    """Tables one below the other, each a centre of its own."""
    frame = pd.concat([one.assign(centre=name) for name, one in tables.items()], ignore_index=True)
    return frame.assign(centre=pd.Categorical(frame["centre"], categories=list(tables)))


def wald(ratio, variance):
    return pytest.approx((ratio * exp(-Z * sqrt(variance)), ratio * exp(Z * sqrt(variance))), rel=1e-9)


# Ratios


@pytest.mark.parametrize("estimator", [unadjusted, adjusted], ids=lambda one: one.name)
def test_an_odds_ratio_of_four_cells(estimator):
    answers = estimator(whole(table(FOUR)), model())
    assert told(answers)[f"odds_ratio[{EXPOSED}]"] == pytest.approx(3, rel=1e-9)
    assert limits(answers, f"odds_ratio[{EXPOSED}]") == wald(3, 1 / 30 + 1 / 30 + 1 / 20 + 1 / 60)
    assert note(answers, f"odds_ratio[{EXPOSED}]") == ""


def test_each_level_has_its_patients_and_events_and_the_reference_the_ratio_one():
    answers = adjusted(whole(table(FOUR)), model())
    assert answers.terms == ("odds_ratio[lofgren_broad=no]", f"odds_ratio[{EXPOSED}]")
    assert answers.n[0].tolist() == [80, 60]
    assert answers.events[0].tolist() == [20, 30]
    assert (answers.estimate[0, 0], answers.note[0, 0]) == (1, REFERENCE)
    assert np.isnan(answers.low[0, 0])
    assert np.isnan(answers.std_error[0, 0])


def test_another_reference_turns_the_ratio_round():
    answers = adjusted(whole(table(FOUR)), model(reference={"lofgren_broad": "yes"}))
    assert told(answers)["odds_ratio[lofgren_broad=no]"] == pytest.approx(1 / 3, rel=1e-9)


@pytest.mark.parametrize("family", ["prevalence_ratio", "log_binomial"])
def test_a_ratio_of_shares_of_four_cells(family):
    """The variance of the logarithm is 1/30 - 1/60 + 1/20 - 1/80 by either family."""
    answers = adjusted(whole(table(FOUR)), model(family))
    assert told(answers)[f"prevalence_ratio[{EXPOSED}]"] == pytest.approx(2, rel=1e-8)
    found = limits(answers, f"prevalence_ratio[{EXPOSED}]")
    assert found == pytest.approx(wald(2, 1 / 30 - 1 / 60 + 1 / 20 - 1 / 80).expected, rel=1e-7)


def test_crude_and_adjusted_part_where_strata_differ():
    """Three in either sex; the crude ratio is 105 * 110 / (65 * 50)."""
    frame = whole(table(STRATA))
    given = model(adjust=("sex",))
    assert told(adjusted(frame, given))[f"odds_ratio[{EXPOSED}]"] == pytest.approx(3, rel=1e-9)
    assert told(unadjusted(frame, given))[f"odds_ratio[{EXPOSED}]"] == pytest.approx(105 * 110 / 65 / 50, rel=1e-9)


def test_standardised_risks_of_two_strata():
    """Women are 170 of 330: 3/7 and 1/5 of them, 3/4 and 1/2 of the men."""
    found = told(standardised_risks(whole(table(STRATA)), model(adjust=("sex",))))
    women = 170 / 330
    one, zero = women * 3 / 7 + (1 - women) * 3 / 4, women / 5 + (1 - women) / 2
    expected = {"risk": one, "reference_risk": zero, "risk_difference": one - zero, "risk_ratio": one / zero}
    assert found == pytest.approx({f"{name}[{EXPOSED}]": value for name, value in expected.items()}, rel=1e-9)


def test_standardised_risks_without_adjustment_are_the_shares():
    answers = standardised_risks(whole(table(FOUR)), model())
    assert told(answers)[f"risk_difference[{EXPOSED}]"] == pytest.approx(1 / 4, rel=1e-9)
    assert answers.std_error[0, 2] ** 2 == pytest.approx(0.25 / 60 + 3 / 16 / 80, rel=1e-8)


def two_by_centre():
    """Four centres of 20 exposed and 20 not, in which 2, 4, 6, 8 and 1, 3, 5, 11 of them have the outcome."""
    exposed, others = (2, 4, 6, 8), (1, 3, 5, 11)
    cells = zip(exposed, others, strict=True)
    return exposed, others, centres(
        **{f"c{at}": table({(1, 1): a, (1, 0): 20 - a, (0, 1): b, (0, 0): 20 - b}) for at, (a, b) in enumerate(cells)}
    )  # fmt: skip


def test_standardised_risks_have_errors_of_clusters():
    """Shares of equal centres: the variance of the mean of four, c / (c - 1) that of the sum of squares."""
    exposed, others, frame = two_by_centre()
    answers = standardised_risks(whole(frame), model(cluster="centre"))
    for name, seen in (("risk", exposed), ("reference_risk", others)):
        at = answers.terms.index(f"{name}[{EXPOSED}]")
        assert answers.estimate[0, at] == pytest.approx(sum(seen) / 80)
        assert answers.std_error[0, at] == pytest.approx(np.std(np.array(seen) / 20, ddof=1) / 2)
    at = answers.terms.index(f"risk_difference[{EXPOSED}]")
    apart = (np.array(exposed) - np.array(others)) / 20
    assert answers.std_error[0, at] == pytest.approx(np.std(apart, ddof=1) / 2)


@pytest.mark.parametrize("family", ["firth", "log_binomial"])
def test_likeness_within_clusters_is_held_or_told_to_be_left_out(family):
    frame = two_by_centre()[2]
    assert adjusted(whole(frame), model(cluster="centre")).note[0, 1].startswith("4 clusters: ")
    plain, said = (adjusted(whole(frame), model(family, cluster=cluster)) for cluster in ("", "centre"))
    assert limits(plain, plain.terms[1]) == pytest.approx(limits(said, said.terms[1]), rel=1e-9)
    assert (plain.note[0, 1], said.note[0, 1]) == ("", UNCLUSTERED)
    if family == "firth":
        assert standardised_risks(whole(frame), model(family, cluster="centre")).note[0, 0] == f"{FLIC}; {UNCLUSTERED}"


def test_few_events_with_clusters_say_both():
    frame = centres(one=table({(1, 1): 3, (1, 0): 7, (0, 0): 9}), two=table({(0, 1): 2, (0, 0): 5, (1, 0): 4}))
    assert adjusted(whole(frame), model(cluster="centre")).note[0, 1] == f"{FEW}; {UNCLUSTERED}"


def test_who_tells_the_rest_is_named_only_where_it_is_asked():
    frame = table(STRATA)
    pair = {"adjust": ("sex",), "interactions": (("lofgren_broad", "sex"),)}
    assert note(adjusted(whole(frame), model(**pair)), f"odds_ratio[{EXPOSED}]") == f"where sex is female; {ELSEWHERE}"
    shares = adjusted(whole(frame), model("prevalence_ratio", **pair))
    assert note(shares, f"prevalence_ratio[{EXPOSED}]") == "where sex is female"


def test_diagnostics_of_a_model_with_weights_say_that_they_are_of_the_model_without():
    frame = table(FOUR).assign(weight=1.0)
    answers = model_diagnostics(whole(frame), model(weights="weight"))
    assert note(answers, "c_statistic[osseous_recorded]") == UNWEIGHTED
    assert told(answers) == pytest.approx(told(model_diagnostics(whole(frame), model())), nan_ok=True)


def test_few_events_call_for_half_a_patient_in_each_cell():
    """Nine events for one coefficient; profile limits, which are not symmetrical."""
    cells = {(1, 1): 7, (1, 0): 13, (0, 1): 2, (0, 0): 18}
    answers = adjusted(whole(table(cells)), model())
    ratio = 7.5 * 18.5 / 13.5 / 2.5
    assert told(answers)[f"odds_ratio[{EXPOSED}]"] == pytest.approx(ratio, rel=1e-9)
    assert note(answers, f"odds_ratio[{EXPOSED}]") == FEW
    low, high = limits(answers, f"odds_ratio[{EXPOSED}]")
    assert log(high / ratio) > 1.1 * log(ratio / low)
    again = adjusted(whole(table(cells)), model("firth"))
    assert limits(again, f"odds_ratio[{EXPOSED}]") == pytest.approx((low, high), rel=1e-12)


def test_ten_events_for_each_coefficient_are_enough():
    cells = {(1, 1): 7, (1, 0): 13, (0, 1): 3, (0, 0): 17}
    answers = adjusted(whole(table(cells)), model())
    assert (told(answers)[f"odds_ratio[{EXPOSED}]"], note(answers, f"odds_ratio[{EXPOSED}]")) == (
        pytest.approx(7 * 17 / 13 / 3, rel=1e-9), "",
    )  # fmt: skip


def test_separated_cells_have_a_finite_ratio_and_say_so():
    cells = {(1, 1): 30, (1, 0): 30, (0, 1): 0, (0, 0): 40}
    answers = adjusted(whole(table(cells)), model())
    assert told(answers)[f"odds_ratio[{EXPOSED}]"] == pytest.approx(30.5 * 40.5 / 30.5 / 0.5, rel=1e-9)
    assert note(answers, f"odds_ratio[{EXPOSED}]") == SEPARATED
    assert note(standardised_risks(whole(table(cells)), model()), f"risk[{EXPOSED}]") == FLIC


def test_ratios_of_shares_of_nobody_are_not_told():
    cells = {(1, 1): 30, (1, 0): 30, (0, 1): 0, (0, 0): 40}
    for family in ("prevalence_ratio", "log_binomial"):
        answers = adjusted(whole(table(cells)), model(family))
        assert np.isnan(told(answers)[f"prevalence_ratio[{EXPOSED}]"])
        assert "finite maximum" in note(answers, f"prevalence_ratio[{EXPOSED}]")


# Odd cohorts


def test_those_who_lack_a_value_are_left_out_of_all_and_counted():
    """Crude, too: among those of whom the sex is known."""
    frame = table({**STRATA, (1, 1, None): 5, (None, 1, "male"): 2, (0, None, "male"): 1})
    for estimator in (adjusted, unadjusted, standardised_risks):
        answers = estimator(whole(frame), model(adjust=("sex",)))
        without = estimator(whole(table(STRATA)), model(adjust=("sex",)))
        np.testing.assert_allclose(answers.estimate, without.estimate, rtol=1e-12)
        assert answers.note[0, -1] == LEFT_OUT.format(8, 338)
    assert told(model_diagnostics(whole(frame), model(adjust=("sex",))))["left_out[osseous_recorded]"] == 8


def test_an_exposure_in_which_all_are_alike_has_no_ratio_and_spoils_no_other():
    frame = whole(table(FOUR, fever=pd.array([False] * 140, dtype="boolean")))
    answers = adjusted(frame, model(exposures=("lofgren_broad", "fever"), accept={"fever": WHY, "lofgren_broad": WHY}))
    assert np.isnan(told(answers)["odds_ratio[fever=yes]"])
    assert note(answers, "odds_ratio[fever=yes]") == NOBODY
    assert told(answers)[f"odds_ratio[{EXPOSED}]"] == pytest.approx(3, rel=1e-9)
    everybody = adjusted(whole(table(FOUR, fever=pd.array([True] * 140, dtype="boolean"))), model(exposures=("fever",)))
    assert note(everybody, "odds_ratio[fever=yes]") == ALIKE


def test_a_level_that_nobody_has_is_a_row_without_a_number():
    frame = table(STRATA, ancestry=pd.Categorical(["white", "black"] * 165, categories=ANCESTRY))
    answers = adjusted(whole(frame), model(exposures=("lofgren_broad", "ancestry"), accept={"lofgren_broad": WHY}))
    assert np.isnan(told(answers)["odds_ratio[ancestry=other]"])
    assert note(answers, "odds_ratio[ancestry=other]") == NOBODY
    kept = frame.assign(ancestry=frame["ancestry"].cat.remove_unused_categories())
    alone = adjusted(whole(kept), model(exposures=("lofgren_broad", "ancestry"), accept={"lofgren_broad": WHY}))
    assert told(answers)["odds_ratio[ancestry=black]"] == pytest.approx(told(alone)["odds_ratio[ancestry=black]"])


def test_a_factor_of_one_level_adjusts_for_nothing():
    frame = table(FOUR, ancestry=pd.Categorical(["white"] * 140, categories=["white"]))
    answers = adjusted(whole(frame), model(adjust=("ancestry",)))
    assert told(answers)[f"odds_ratio[{EXPOSED}]"] == pytest.approx(3, rel=1e-9)
    found = model_diagnostics(whole(frame), model(adjust=("ancestry",)))
    assert "vif[ancestry]" not in found.terms  # no column of its own
    assert told(found)["vif[lofgren_broad]"] == pytest.approx(1)


def test_an_outcome_of_python_bools_is_that_of_nullable_ones():
    frame = table(FOUR)
    plain = frame.astype({"osseous_recorded": bool, "lofgren_broad": bool})
    for estimator in (adjusted, standardised_risks, model_diagnostics):
        ours, theirs = (estimator(whole(one), model()) for one in (frame, plain))
        np.testing.assert_array_equal(ours.estimate, theirs.estimate)


def test_a_number_with_two_values_is_a_flag_by_the_step():
    frame = table(FOUR)
    frame["age_at_diagnosis"] = np.where(frame["lofgren_broad"], 50, 40)
    answers = adjusted(whole(frame), model(exposures=("age_at_diagnosis",)))
    assert told(answers) == {"odds_ratio[age_at_diagnosis]": pytest.approx(3**0.1, rel=1e-9)}
    bent = adjusted(whole(frame), model(exposures=("age_at_diagnosis",), splines={"age_at_diagnosis": 3}))
    assert np.isnan(told(bent)["odds_ratio[age_at_diagnosis]"])  # a number with a spline has a curve, no one ratio
    assert bent.note[0, 0].startswith("no one ratio for each unit")
    assert standardised_risks(whole(frame), model(exposures=("age_at_diagnosis",))).terms == ()


def test_a_column_that_follows_from_another_has_no_ratio():
    frame = table(FOUR)
    frame["fever"] = frame["lofgren_broad"]
    answers = adjusted(whole(frame), model(adjust=("fever",), accept={"fever": WHY}))
    assert np.isnan(told(answers)[f"odds_ratio[{EXPOSED}]"])
    assert note(answers, f"odds_ratio[{EXPOSED}]") == "fever=yes follows from the columns before it: leave it out"
    found = model_diagnostics(whole(frame), model(adjust=("fever",), accept={"fever": WHY}))
    assert np.isnan(told(found)["vif[fever]"])


ODD = {
    "no_event": table({(1, 0, "male"): 12, (0, 0, "female"): 15, (1, 0, "female"): 3}),
    "all_events": table({(1, 1, "male"): 12, (0, 1, "female"): 15, (1, 1, "female"): 3}),
    "one_patient": table({(1, 1, "male"): 1}),
    "all_missing": table({(None, 1, "male"): 6, (1, None, "female"): 4}),
    "one_sex": table({(1, 1, "male"): 20, (1, 0, "male"): 11, (0, 1, "male"): 12, (0, 0, "male"): 30}),
    "separated": table({(1, 1, "male"): 30, (1, 0, "female"): 30, (0, 0, "male"): 20, (0, 0, "female"): 20}),
    "plain": table(STRATA),
}


@pytest.mark.parametrize(
    ("estimator", "family"),
    [
        pytest.param(one, family, id=f"{one.name}-{family}")
        for one in (adjusted, unadjusted, standardised_risks, model_diagnostics)
        for family in one.families
    ],
)
def test_odd_groups_are_told_as_if_alone_and_spoil_none(estimator, family):
    """Every row is a number or a note; and what one group is like changes no other."""
    given = model(family, adjust=("sex",))
    together = estimator(by(centres(**ODD), "centre"), given)
    for group, (name, frame) in enumerate(ODD.items()):
        alone = estimator(whole(frame), given)
        np.testing.assert_allclose(together.estimate[group], alone.estimate[0], rtol=1e-8, atol=1e-10, err_msg=name)
        assert together.note[group].tolist() == alone.note[0].tolist()
        assert (~np.isnan(alone.estimate[0]) | (alone.note[0] != "")).all(), name


def test_what_is_said_of_each_odd_group():
    answers = adjusted(by(centres(**ODD), "centre"), model(adjust=("sex",)))
    at = answers.terms.index(f"odds_ratio[{EXPOSED}]")
    notes = dict(zip(ODD, answers.note[:, at], strict=True))
    assert notes == {
        "no_event": SEPARATED, "all_events": SEPARATED, "one_patient": ALIKE,
        "all_missing": f"{NOBODY}; {LEFT_OUT.format(10, 10)}", "one_sex": "", "separated": SEPARATED, "plain": "",
    }  # fmt: skip
    # one sex: the crude ratio of the four cells
    assert answers.estimate[list(ODD).index("one_sex"), at] == pytest.approx(20 * 30 / 11 / 12, rel=1e-9)


def test_a_forbidden_model_is_refused_in_every_row_and_answered_with_a_reason():
    frame = whole(table(FOUR, bone_pain=pd.array([True, False] * 70, dtype="boolean")))
    given = model(adjust=("bone_pain",))
    for estimator in (adjusted, standardised_risks, model_diagnostics):
        answers = estimator(frame, given)
        assert np.isnan(answers.estimate).all()
        assert all(one.startswith("refused: ") for one in answers.note.ravel())
        accepted = estimator(frame, given.model_copy(update={"accept": {"bone_pain": WHY}}))
        assert accepted.terms == answers.terms
        assert not np.isnan(accepted.estimate[0, 0])


# Diagnostics


OF = "[osseous_recorded]"


def test_groups_of_a_common_effect_say_so():
    """Grouping by a collider conditions on it as holding it does; by sex, which causes both, it is no fault."""
    frame = table(STRATA).assign(bone_pain=pd.array([True, False] * 165, dtype="boolean"))
    for column, said in (
        ("bone_pain", "groups condition on what makes them: 'bone_pain' is a common effect"),
        ("sex", ""),
    ):
        answers = ask(CATALOGUE, by(frame, column), data="d", question="association", by=column, models=[model()])
        notes = [row.note for row in answers.rows if row.term == f"odds_ratio[{EXPOSED}]"]
        assert notes
        assert all(one.startswith(said) if said else one == "" for one in notes)


def test_tests_name_the_column_that_follows_from_others():
    frame = table(FOUR).assign(lofgren_strict=lambda it: it.lofgren_broad)
    both = {
        "exposures": ("lofgren_broad", "lofgren_strict"),
        "accept": dict.fromkeys(("lofgren_broad", "lofgren_strict"), WHY),
    }
    answers = exposure_tests(whole(frame), model(**both))
    assert note(answers, "p_ratio_test[lofgren_broad]").startswith("lofgren_strict=yes follows")


def test_diagnostics_of_four_cells():
    """The rarer of 50 events and 90 without; c from 50 * 90 pairs; G of the table; a patient's leverage is 1/m."""
    answers = model_diagnostics(whole(table(FOUR)), model())
    found = told(answers)
    assert found[f"events_per_coefficient{OF}"] == 50
    assert found[f"without_estimate{OF}"] == 0
    assert found[f"left_out{OF}"] == 0
    pairs = 30 * 60 + (30 * 30 + 20 * 60) / 2
    assert found[f"c_statistic{OF}"] == pytest.approx(pairs / (50 * 90), rel=1e-9)
    observed, margin = np.array([[30, 30], [20, 60]]), np.array([[60, 80], [50, 90]])
    g = 2 * (observed * np.log(observed / np.outer(margin[0], margin[1]) * 140)).sum()
    assert found[f"calibration_slope{OF}"] == pytest.approx(1 - 1 / g, rel=1e-9)
    # of the four kinds of patient the rarest in the smaller share: unexposed with the outcome
    assert found[f"cook{OF}"] == pytest.approx(max(3 * (1 / 80) / 2 / (79 / 80) ** 2, (1 / 60) / 2 / (59 / 60) ** 2))
    assert note(answers, f"cook{OF}") == "lofgren_broad=no, with the outcome"
    assert found["vif[lofgren_broad]"] == 1


def test_tenths_hold_patients_of_one_share_together():
    """Eighty of 140 have 1/4, their middle at 40/140; the others a half, their middle at 110/140."""
    answers = model_diagnostics(whole(table(FOUR)), model())
    found = told(answers)
    for measure in ("share_seen", "share_foretold"):
        told_of = {at: found[f"{measure}[risk_tenth={at}]"] for at in range(1, 11)}
        assert {at: value for at, value in told_of.items() if not np.isnan(value)} == {
            3: pytest.approx(1 / 4), 8: pytest.approx(1 / 2),
        }  # fmt: skip
    assert note(answers, "share_seen[risk_tenth=1]") == EMPTY_TENTH
    assert answers.n[0, answers.terms.index("share_seen[risk_tenth=8]")] == 60


def test_separation_is_told_by_column_and_direction():
    cells = {(1, 1, "male"): 30, (1, 0, "male"): 30, (0, 0, "male"): 20, (1, 1, "female"): 30, (0, 0, "female"): 25}
    answers = model_diagnostics(whole(table(cells)), model(adjust=("sex",)))
    assert told(answers)[f"without_estimate{OF}"] == 3
    assert note(answers, f"without_estimate{OF}") == (
        "quasi-complete separation: constant (downwards), lofgren_broad=yes (upwards), sex=male (downwards)"
    )
    assert note(answers, f"events_per_coefficient{OF}") == SEPARATED
    # shares foretold are Firth's with the constant corrected: their mean is the share seen
    seen = np.array([answers.terms.index(f"share_foretold[risk_tenth={at}]") for at in range(1, 11)])
    n = answers.n[0, seen]
    assert np.nansum(answers.estimate[0, seen] * n) == pytest.approx(60, rel=1e-6)


def test_few_events_are_told_with_the_rule_that_they_call_for():
    answers = model_diagnostics(whole(table({(1, 1): 7, (1, 0): 13, (0, 1): 2, (0, 0): 18})), model())
    assert told(answers)[f"events_per_coefficient{OF}"] == 9
    assert note(answers, f"events_per_coefficient{OF}") == FEW


def test_a_model_that_explains_nothing_promises_no_slope():
    answers = model_diagnostics(whole(table({(1, 1): 15, (1, 0): 30, (0, 1): 15, (0, 0): 30})), model())
    assert told(answers)[f"calibration_slope{OF}"] == 0
    assert note(answers, f"calibration_slope{OF}") == NO_MORE_THAN_CHANCE
    assert told(answers)[f"c_statistic{OF}"] == pytest.approx(0.5)


@pytest.mark.parametrize("family", ["prevalence_ratio", "log_binomial"])
def test_diagnostics_of_a_ratio_of_shares_in_four_cells(family):
    """Saturated: the shares are those seen, whatever the link; T by the likelihood, or by the robust variance."""
    answers = model_diagnostics(whole(table(FOUR)), model(family))
    found = told(answers)
    assert found[f"c_statistic{OF}"] == pytest.approx((30 * 60 + (30 * 30 + 20 * 60) / 2) / 4500, rel=1e-7)
    assert found["share_foretold[risk_tenth=8]"] == pytest.approx(1 / 2, rel=1e-7)
    t = log(2) ** 2 / (1 / 30 - 1 / 60 + 1 / 20 - 1 / 80)
    if family == "log_binomial":
        logistic = told(model_diagnostics(whole(table(FOUR)), model()))
        assert found[f"calibration_slope{OF}"] == pytest.approx(logistic[f"calibration_slope{OF}"], rel=1e-7)
    else:
        assert found[f"calibration_slope{OF}"] == pytest.approx(1 - 1 / t, rel=1e-7)


def test_diagnostics_say_why_there_is_nothing_to_say():
    answers = model_diagnostics(by(centres(**ODD), "centre"), model(adjust=("sex",)))
    at = {name: list(ODD).index(name) for name in ODD}
    c, left = answers.terms.index(f"c_statistic{OF}"), answers.terms.index(f"left_out{OF}")
    assert answers.note[at["no_event"], c] == ONE_KIND
    assert answers.note[at["one_patient"], c] == NOTHING_VARIES
    assert answers.note[at["all_missing"], c] == NOBODY
    assert answers.estimate[at["all_missing"], left] == 10
    assert answers.note[at["one_sex"], answers.terms.index("vif[sex]")] == ALIKE


def of_centres(many):
    """The patients of `STRATA`, dealt out to centres one by one."""
    frame = table(STRATA)
    names = [f"c{at:02}" for at in range(many)]
    frame["centre"] = pd.Categorical.from_codes(np.arange(len(frame)) % many, categories=names)
    return whole(frame)


@pytest.mark.parametrize("family", ["logistic", "prevalence_ratio"])
def test_few_clusters_are_told_beside_limits_that_need_many(family):
    for many, said in ((3, FEW_CLUSTERS.format(3)), (39, FEW_CLUSTERS.format(39)), (40, "")):
        found = adjusted(of_centres(many), model(family, adjust=("sex",), cluster="centre"))
        assert note(found, found.terms[-1]) == said
    alone = adjusted(of_centres(1), model(family, adjust=("sex",), cluster="centre"))
    assert np.isnan(limits(alone, alone.terms[-1])).all()
    assert ONE_CLUSTER in note(alone, alone.terms[-1])


@pytest.mark.parametrize("family", ["firth", "log_binomial"])
def test_a_likelihood_that_knows_nothing_of_clusters_says_so(family):
    clustered, plain = (
        adjusted(of_centres(30), model(family, adjust=("sex",), **more)) for more in ({"cluster": "centre"}, {})
    )
    assert note(clustered, clustered.terms[-1]) == UNCLUSTERED
    assert limits(clustered, clustered.terms[-1]) == pytest.approx(limits(plain, plain.terms[-1]))


def test_standardised_shares_have_the_errors_of_clusters():
    """One exposure, whole centres with it or without: the variance of a share among c centres is that of a mean."""
    cells = [(1, (6, 4)), (1, (3, 7)), (1, (9, 1)), (0, (2, 8)), (0, (5, 5)), (0, (2, 8))]
    rows = [
        (x, y, at)
        for at, (x, yes_no) in enumerate(cells)
        for y, n in zip((1, 0), yes_no, strict=True)
        for _ in range(n)
    ]
    frame = table(dict.fromkeys([(x, y) for x, y, _ in rows], 0)).iloc[:0]
    frame = pd.DataFrame(
        {name: pd.array([bool(row[k]) for row in rows], dtype="boolean") for k, name in enumerate(frame)}
    )
    frame["centre"] = pd.Categorical.from_codes([row[2] for row in rows], categories=list("abcdef"))
    found = standardised_risks(whole(frame), model(cluster="centre"))
    difference = f"risk_difference[{EXPOSED}]"
    assert told(found)[difference] == pytest.approx(0.6 - 0.3)
    # Sum over the centres of (10 (share of the centre - share of the arm) / 30)^2, times 6 / 5.
    spread = sum((10 * d / 30) ** 2 for d in (0, -0.3, 0.3, -0.1, 0.2, -0.1)) * 6 / 5
    assert found.std_error[0, found.terms.index(difference)] == pytest.approx(sqrt(spread))
    assert FEW_CLUSTERS.format(6) in note(found, difference)
