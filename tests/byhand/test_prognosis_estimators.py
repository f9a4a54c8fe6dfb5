"""Estimators of prognosis on cohorts so small that the answer can be worked on paper, and on every edge.

Six patients, as in the validation vignette of R's survival:

years       9  1  1   6  6  8          at 1: 6 at risk, 1 event, 1 censored
remission   1  1  0   1  1  0          at 6: 4 at risk, 2 events
Löfgren     0  1  1   1  0  0          at 8: 2, 1 censored; at 9: 1, the last event
"""

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.errors import DataError
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.estimators.association import ALIKE
from sarcoid_epi.estimators.courses import NOBODY, courses
from sarcoid_epi.estimators.cox import CURVE, FEW
from sarcoid_epi.estimators.hazards_over_time import INDEPENDENT, NO_LEVELS, NO_SPLIT, STRATIFIED
from sarcoid_epi.estimators.prognosis import NOBODY_LEFT, NOT_STARTED, NOT_YET, ONE_ARM, UNLIMITED, WEIGHTED
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.cox_root import ALIASED, MONOTONE, NO_EVENT, NOTHING_SAID, cox_root
from sarcoid_epi.stats.cox_sandwich import ONE_CLUSTER, cox_sandwich, score_residuals
from sarcoid_epi.strata import by, whole

BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}
COX = [estimator.name for estimator in CATALOGUE if "cox" in estimator.families]
MODEL = Model(
    name="remission", label="Remission", outcome="remission", time="remission_years", entry="years_since_diagnosis",
    exposures=("lofgren_broad",), family="cox",
)  # fmt: skip
RIVALS = MODEL.model_copy(update={"competing": ("died",)})
YES, NO = "lofgren_broad=yes", "lofgren_broad=no"


def table(exit, event, lofgren, entry=0.0, died=0, **more):
    """Patients from what happened to them; `died` says who, of those without remission, left by death."""
    event = np.asarray(event)
    frame = {
        "remission": event == 1,
        "remission_years": np.where(event == 1, exit, np.nan),
        "follow_up_years": np.asarray(exit, dtype=float),
        "years_since_diagnosis": np.broadcast_to(np.asarray(entry, dtype=float), event.shape),
        "died": np.broadcast_to(np.asarray(died) == 1, event.shape),
        "lofgren_broad": np.asarray(lofgren) == 1,
    }
    return pd.DataFrame(frame | more)


SIX = table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0], [0, 1, 1, 1, 0, 0])
ALL_ALIKE = SIX.assign(lofgren_broad=False)


def answer(name, frame, model=MODEL, group=0):
    """By term and time: estimate, limits, error, n, events and note."""
    answers = BY_NAME[name](whole(frame) if isinstance(frame, pd.DataFrame) else frame, model)
    parts = (answers.estimate, answers.low, answers.high, answers.std_error, answers.n, answers.events, answers.note)
    times = answers.times or (np.nan,) * len(answers.terms)
    return {
        (term, time) if np.isfinite(time) else term: tuple(part[group, at] for part in parts)
        for at, (term, time) in enumerate(zip(answers.terms, times, strict=True))
    }


# Curves, means and rates


def test_the_share_free_of_the_event_is_five_sixths_then_five_twelfths():
    """Greenwood's error at 1 is sqrt(5/216); at 6 two of four: 5/12. At 10 nobody is followed, but all had it."""
    found = answer("event_free", ALL_ALIKE)
    assert found[f"survival[{NO}]", 1.0][0] == pytest.approx(5 / 6)
    assert found[f"survival[{NO}]", 1.0][3] == pytest.approx((5 / 216) ** 0.5)
    assert found[f"survival[{NO}]", 5.0][0] == pytest.approx(5 / 6)
    assert found[f"survival[{NO}]", 10.0][0] == 0.0
    assert found[f"median_time[{NO}]"][0] == 6.0
    assert [found[f"at_risk[{NO}]", year][0] for year in (0.5, 1.0, 2.0, 5.0, 10.0)] == [6, 6, 4, 4, 0]
    assert found[f"at_risk[{NO}]", 5.0][5] == 1


def test_nobody_has_a_level_that_nobody_has():
    found = answer("event_free", ALL_ALIKE)
    assert np.isnan(found[f"survival[{YES}]", 1.0][0])
    assert found[f"survival[{YES}]", 1.0][6] == NOBODY
    assert np.isnan(found[f"at_risk[{YES}]", 1.0][0])


def test_a_patient_counts_from_the_day_the_study_met_him():
    """At 1 only five are at risk: one came at 3. Four fifths, then two of five at 6: 4/5 times 3/5."""
    late = SIX.assign(lofgren_broad=False, years_since_diagnosis=[0, 0, 0, 0, 0, 3.0])
    late.loc[2, "follow_up_years"] = 7.0
    found = answer("event_free", late)
    assert found[f"survival[{NO}]", 1.0][0] == pytest.approx(4 / 5)
    assert found[f"survival[{NO}]", 10.0][0] == 0
    assert courses(whole(late), MODEL).table().at_risk[0, 0].tolist() == [0, 5, 4, 5, 3, 2, 1]


def test_who_had_left_before_the_study_met_him_is_told_in_every_row():
    early = SIX.assign(years_since_diagnosis=[0, 2.0, 0, 0, 0, 0])
    for name in COX:
        assert all("1 patients had left before the study met them" in row[6] for row in answer(name, early).values()), (
            name
        )


def test_times_before_anybody_and_after_everybody_have_a_note_and_no_number():
    late = table([4, 5], [1, 0], [0, 0], entry=[2.5, 2.5])
    found = answer("event_free", late)
    assert (found[f"survival[{NO}]", 2.0][6], np.isnan(found[f"survival[{NO}]", 2.0][0])) == (NOT_YET, True)
    assert found[f"survival[{NO}]", 3.0][0] == 1.0
    assert found[f"survival[{NO}]", 10.0][6] == NOBODY_LEFT
    started = answer("event_free", SIX, MODEL.model_copy(update={"start": 2.0}))
    assert "the clock of this model starts later" in started[f"survival[{NO}]", 2.0][6]
    assert NOT_STARTED in started[f"survival[{YES}]", 1.0][6]
    assert "had left before the study met them or by year 2" in started[f"survival[{YES}]", 3.0][6]


def test_competing_deaths_leave_less_incidence_than_one_minus_kaplan_meier():
    """At 1 one of six has it and one dies: 1/6. At 6 two of four: 1/6 + 4/6 x 2/4; one minus KM: 1 - 5/6 x 1/2."""
    deaths = ALL_ALIKE.assign(died=[0, 0, 1, 0, 0, 0])
    deaths["died"] = deaths["died"] == 1
    found = answer("incidence", deaths, RIVALS)
    assert found[f"incidence[{NO}]", 1.0][0] == pytest.approx(1 / 6)
    last = deaths.iloc[:5].assign(follow_up_years=[10.0, 1, 1, 6, 6])  # all but one who is censored at 8
    assert answer("incidence", last, RIVALS)[f"incidence[{NO}]", 10.0][0] == pytest.approx(4 / 5)
    assert answer("event_free", last, RIVALS)[f"survival[{NO}]", 10.0][0] == 0
    rows = answer("restricted_means", deaths, RIVALS)
    # Up to 5: 1 until 1, then 4/6 with deaths, 5/6 without; lost to remission 4 x 1/6.
    assert rows[f"restricted_mean[{NO}]", 5.0][0] == pytest.approx(1 + 4 * 5 / 6)
    assert rows[f"time_lost[{NO}]", 5.0][0] == pytest.approx(4 / 6)


def test_a_death_after_the_event_is_no_competing_event():
    died = ALL_ALIKE.assign(died=[True] * 6, follow_up_years=[12.0, 3.0, 1.0, 7.0, 6.0, 8.0])
    rows = courses(whole(died), RIVALS)
    assert sorted(zip(rows.exit, rows.event, rows.weight, strict=True)) == [
        (1, 1, 1), (1, 2, 1), (6, 1, 1), (6, 1, 1), (8, 2, 1), (9, 1, 1),
    ]  # fmt: skip


def test_rates_are_events_over_years():
    """Löfgren: 2 of 1 + 1 + 6 years, the others 2 of 23: a ratio of 23/8."""
    found = answer("incidence_rates", SIX)
    assert found[f"rate[{YES}]"][0] == pytest.approx(2 / 8)
    assert found[f"rate[{NO}]"][0] == pytest.approx(2 / 23)
    assert found[f"rate_ratio[{YES}]"][0] == pytest.approx(23 / 8)


def test_the_log_rank_test_of_six_patients():
    """At 1: 1 less 1/2, variance 1/4; at 6: 1 less 2 x 1/4, variance 2 x 2/3 x 3/16; at 9 one is left: 1/(1/2)."""
    from scipy.stats import chi2

    u, v = 1 - 1 / 2 + 1 - 1 / 2, 1 / 4 + 1 / 4
    assert answer("event_tests", SIX)["p_log_rank[lofgren_broad]"][0] == pytest.approx(chi2.sf(u * u / v, 1))
    only = SIX.assign(ancestry=pd.Categorical(["white"] * 6))
    one = answer("event_tests", only, MODEL.model_copy(update={"exposures": ("ancestry",)}))
    assert one["p_log_rank[ancestry]"][6] == ONE_ARM


# Cox


def test_the_hazard_ratio_of_six_patients_is_the_root_worked_by_hand():
    """Efron: the score is 0 at the root of r^3 - 23 r - 30, as the vignette finds for these six patients."""
    found = answer("adjusted_hazards", SIX)
    ratio = found[f"hazard_ratio[{YES}]"][0]
    assert ratio**3 - 23 * ratio - 30 == pytest.approx(0, abs=1e-8)
    assert found[f"hazard_ratio[{YES}]"][6] == FEW
    assert found[f"hazard_ratio[{NO}]"][:3] == (
        1.0,
        pytest.approx(np.nan, nan_ok=True),
        pytest.approx(np.nan, nan_ok=True),
    )
    assert [found[f"hazard_ratio[{arm}]"][4:6] for arm in (NO, YES)] == [(3, 2), (3, 2)]


def test_crude_and_adjusted_are_told_apart_and_bools_unused_levels_and_one_level_change_nothing():
    frame = SIX.assign(
        sex=pd.Categorical(["female", "male"] * 3, ["female", "male", "unused"]),
        ancestry=pd.Categorical(["white"] * 6, ["white", "black"]),
    )
    plain = answer("unadjusted_hazards", SIX)[f"hazard_ratio[{YES}]"]
    more = MODEL.model_copy(update={"adjust": ("sex", "ancestry")})
    assert answer("unadjusted_hazards", frame, more)[f"hazard_ratio[{YES}]"] == plain
    adjusted = answer("adjusted_hazards", frame, more)[f"hazard_ratio[{YES}]"]
    assert adjusted[0] == pytest.approx(
        answer("adjusted_hazards", frame, MODEL.model_copy(update={"adjust": ("sex",)}))[f"hazard_ratio[{YES}]"][0]
    )
    integers = frame.astype({"remission": int, "lofgren_broad": "boolean"})
    assert answer("adjusted_hazards", integers, more)[f"hazard_ratio[{YES}]"] == adjusted


def test_the_order_of_tied_patients_changes_nothing():
    for name in COX:
        one, other = (BY_NAME[name](whole(frame), RIVALS) for frame in (SIX, SIX.iloc[::-1]))
        np.testing.assert_allclose(one.estimate, other.estimate, rtol=1e-12)


def test_without_an_event_every_ratio_has_a_note():
    quiet = SIX.assign(remission=False, remission_years=np.nan)
    for name in (
        "adjusted_hazards",
        "unadjusted_hazards",
        "changing_hazards",
        "standardised_curves",
        "proportionality",
    ):
        told = answer(name, quiet, MODEL.model_copy(update={"split": (2.0,)}))
        assert any(NO_EVENT in row[6] for row in told.values()), name
    assert answer("event_free", quiet)[f"survival[{NO}]", 5.0][0] == 1
    assert answer("incidence_rates", quiet)[f"rate[{NO}]"][:2] == (0, 0)


def test_one_patient_breaks_nothing():
    for name in COX:
        found = answer(name, SIX.iloc[:1], RIVALS.model_copy(update={"split": (2.0,)}))
        assert all(np.isfinite(row[0]) or row[6] for row in found.values()), name
    assert answer("adjusted_hazards", SIX.iloc[:1])[f"hazard_ratio[{YES}]"][6] == NOBODY


def test_an_effect_without_end_has_no_number_and_the_others_are_those_of_the_limit():
    """No event among men. The limit is the model of women alone, where men are not at risk."""
    rng = np.random.default_rng(7)
    exit, event = np.round(rng.exponential(3, 60), 1) + 0.1, (rng.random(60) < 0.6).astype(int)
    male, lofgren = np.arange(60) % 4 == 0, rng.integers(0, 2, 60)
    frame = table(exit, np.where(male, 0, event), lofgren, sex=pd.Categorical(np.where(male, "male", "female")))
    by_sex = answer("adjusted_hazards", frame, MODEL.model_copy(update={"exposures": ("sex",)}))
    assert np.isnan(by_sex["hazard_ratio[sex=male]"][0])
    assert by_sex["hazard_ratio[sex=male]"][6].startswith(MONOTONE)
    model = MODEL.model_copy(update={"adjust": ("sex",)})
    women = answer("adjusted_hazards", frame[~male])[f"hazard_ratio[{YES}]"]
    assert answer("adjusted_hazards", frame, model)[f"hazard_ratio[{YES}]"][:4] == pytest.approx(women[:4], rel=1e-6)
    halves = frame.assign(centre=pd.Categorical(np.arange(60) % 7 < 3))
    robust = answer("adjusted_hazards", halves, model.model_copy(update={"cluster": "centre"}))[f"hazard_ratio[{YES}]"]
    only = answer("adjusted_hazards", halves[~male], MODEL.model_copy(update={"cluster": "centre"}))
    assert robust[:4] == pytest.approx(only[f"hazard_ratio[{YES}]"][:4], rel=1e-6)


def test_what_is_alike_aliased_or_silent_is_told_apart():
    x = np.array([0.0, 1.0, 0.0, 1.0])
    assert cox_root(np.stack([x, x], 1), [1, 2, 3, 4], [1, 1, 1, 1]).note[0] == ALIASED
    assert cox_root(np.stack([x, 1 - x], 1), [1, 2, 3, 4], [1, 1, 1, 1]).note[0] == ALIASED
    # The one event comes when only those with x = 0 are left.
    assert cox_root(np.array([[1.0], [1.0], [0.0], [0.0]]), [1, 2, 3, 4], [0, 0, 1, 0]).note[0] == NOTHING_SAID
    assert cox_root(x[:, None], [1, 2, 3, 4], [0, 1, 0, 1]).note[0] == MONOTONE
    assert answer("adjusted_hazards", SIX.assign(fever=True), MODEL.model_copy(update={"exposures": ("fever",)}))[
        "hazard_ratio[fever=yes]"
    ][6].startswith(ALIKE)


def test_a_model_that_conditions_on_a_mediator_is_refused_in_every_row_of_its_hazards():
    frame = SIX.assign(bone_pain=[True, False] * 3)
    model = MODEL.model_copy(update={"adjust": ("relapse",)})
    told = answer("adjusted_hazards", frame.assign(relapse=False), model)
    assert all(row[6].startswith("refused: 'relapse'") and np.isnan(row[0]) for row in told.values())
    assert np.isfinite(answer("unadjusted_hazards", frame.assign(relapse=False), model)[f"hazard_ratio[{YES}]"][0])
    for name in ("proportionality", "changing_hazards", "standardised_curves"):
        assert all("refused" in row[6] for row in answer(name, frame.assign(relapse=False), model).values())


def test_what_a_method_cannot_do_is_told():
    assert all(row[6].startswith(NO_SPLIT) for row in answer("changing_hazards", SIX).values())
    centre = SIX.assign(centre=pd.Categorical(list("ababab")), age_at_diagnosis=[30, 40, 50, 35, 45, 55])
    within = MODEL.model_copy(update={"strata": ("centre",)})
    assert all(row[6].startswith(STRATIFIED) for row in answer("standardised_curves", centre, within).values())
    numeric = MODEL.model_copy(update={"exposures": ("age_at_diagnosis",)})
    assert all(row[6].startswith(NO_LEVELS) for row in answer("standardised_curves", centre, numeric).values())
    assert np.isfinite(answer("adjusted_hazards", centre, numeric)["hazard_ratio[age_at_diagnosis]"][0])
    clustered = answer("standardised_curves", centre, MODEL.model_copy(update={"cluster": "centre"}))
    assert INDEPENDENT in clustered[f"standardised_survival[{YES}]", 2.0][6]
    weighted = MODEL.model_copy(update={"weights": "weight"})
    for name in set(COX) - {"event_free", "incidence"}:
        assert all("sampling weights" in row[6] for row in answer(name, SIX.assign(weight=1.0), weighted).values()), (
            name
        )
    assert WEIGHTED in answer("event_tests", SIX.assign(weight=1.0), weighted)["p_log_rank[lofgren_broad]"][6]


def test_weights_of_one_change_no_curve():
    weighted = MODEL.model_copy(update={"weights": "weight"})
    one, other = answer("event_free", SIX), answer("event_free", SIX.assign(weight=2.0), weighted)
    for year in (1.0, 5.0):
        assert one[f"survival[{YES}]", year][0] == pytest.approx(other[f"survival[{YES}]", year][0])


def test_patients_with_what_a_model_is_without_are_left_out_and_counted():
    frame = SIX.assign(osseous_recorded=[True, False, False, False, False, False])
    found = answer("adjusted_hazards", frame, MODEL.model_copy(update={"without": ("osseous_recorded",)}))
    assert found[f"hazard_ratio[{NO}]"][4] == 2
    assert "1 patients left out, who are with 'Osseous sarcoidosis on record'" in found[f"hazard_ratio[{NO}]"][6]


def test_who_lacks_a_value_is_left_out_and_counted():
    frame = SIX.assign(lofgren_broad=pd.array([False, True, None, True, False, False], dtype="boolean"))
    assert "1 patients left out, who lack a value" in answer("event_free", frame)[f"survival[{YES}]", 1.0][6]


def test_an_outcome_that_is_no_flag_is_refused():
    with pytest.raises(DataError, match="'ancestry' is no flag"):
        BY_NAME["event_free"](
            whole(SIX.assign(ancestry=pd.Categorical(["white"] * 6))), MODEL.model_copy(update={"outcome": "ancestry"})
        )


def test_groups_are_answered_as_if_each_were_alone():
    frame = pd.concat([SIX, SIX.assign(lofgren_broad=~SIX["lofgren_broad"])], ignore_index=True)
    frame["centre"] = pd.Categorical(["a"] * 6 + ["b"] * 6, list("abc"))
    for name in COX:
        together = BY_NAME[name](by(frame, "centre"), RIVALS)
        alone = BY_NAME[name](whole(frame.iloc[:6]), RIVALS)
        np.testing.assert_allclose(together.estimate[0], alone.estimate[0], rtol=1e-12, err_msg=name)
        assert np.isnan(together.estimate[2]).all(), name
        assert (together.note[2] != "").all(), name


def test_a_time_stands_in_the_id_of_a_row():
    rows = ask([BY_NAME["event_free"]], whole(SIX), data="six", models=[MODEL])
    assert rows.one(f"event_free-remission:survival[{NO}]:all:5").time == 5


# Robust errors


def test_the_rows_add_up_to_the_score_and_clusters_of_one_are_patients():
    """At the root of r^3 - 23 r - 30 the score is 0."""
    x, exit, event = np.array([[1.0], [1], [1], [0], [0], [0]]), [1, 1, 6, 6, 8, 9], [1, 0, 1, 1, 0, 1]
    root = cox_root(x, exit, event)
    found = score_residuals(x, exit, event, root.coefficients)
    assert found.sum() == pytest.approx(0, abs=1e-12)
    one, other = cox_sandwich(found, root.covariance), cox_sandwich(found, root.covariance, np.arange(6))
    assert one.std_error == pytest.approx(other.std_error)
    alone = cox_sandwich(found, root.covariance, np.zeros(6))
    assert (alone.note, bool(np.isnan(alone.std_error).all())) == (ONE_CLUSTER, True)
    with pytest.raises(ValueError, match="must fit"):
        cox_sandwich(found, np.eye(2))
    with pytest.raises(ValueError, match="cluster"):
        cox_sandwich(found, root.covariance, [1, 2])


def test_a_spline_has_no_single_ratio_and_one_with_an_interaction_holds_at_its_partners_reference():
    rng = np.random.default_rng(2)
    chance = rng.permutation
    many = table(np.arange(1, 81), chance([1, 1, 1, 0] * 20), chance([0, 1] * 40)).assign(
        sex=pd.Categorical(chance(["female", "male"] * 40)), age_at_diagnosis=chance(np.arange(1.0, 81.0))
    )
    age = {"exposures": ("age_at_diagnosis",), "splines": {"age_at_diagnosis": 3}, "split": (40.0,)}
    bent = MODEL.model_copy(update=age)
    for name in ("adjusted_hazards", "unadjusted_hazards", "changing_hazards"):
        assert all(np.isnan(row[0]) and row[6] == CURVE for row in answer(name, many, bent).values())
    product = {"adjust": ("sex",), "interactions": (("lofgren_broad", "sex"),), "split": (40.0,)}
    both = MODEL.model_copy(update=product)
    rows = answer("adjusted_hazards", many, both), answer("changing_hazards", many, both)
    for row in (rows[0][f"hazard_ratio[{YES}]"], rows[1][f"hazard_ratio[{YES}]", 40.0]):
        assert np.isfinite(row[0])
        assert row[6].startswith("where sex is female")
    assert "where" not in answer("unadjusted_hazards", many, both)[f"hazard_ratio[{YES}]"][6]


def test_a_time_that_is_no_number_is_refused():
    strata = whole(SIX.assign(sex=pd.Categorical(["male"] * 6)))
    for column in ("time", "entry", "since"):
        with pytest.raises(DataError, match="'sex' is no number"):
            courses(strata, MODEL.model_copy(update={column: "sex"}))


def test_before_the_clock_starts_nobody_is_said_to_be_at_risk():
    late = answer("event_free", SIX, MODEL.model_copy(update={"start": 1.0}))
    for year in (0.5, 1.0):
        assert np.isnan(late[f"at_risk[{NO}]", year][0])
        assert late[f"at_risk[{NO}]", year][6].startswith(NOT_STARTED)
    assert late[f"at_risk[{NO}]", 2.0][0] == 3


def test_events_of_a_mean_time_are_those_until_its_horizon():
    frame = table([1, 2, 6, 7], [1, 1, 1, 0], [0, 0, 0, 0])
    row = answer("restricted_means", frame)[f"restricted_mean[{NO}]", 5.0]
    assert (row[0], row[4], row[5]) == (pytest.approx(1 + 0.75 + 1.5), 4, 2)


def test_no_event_yet_among_late_entrants_is_no_certainty_and_says_so():
    frame = table([9, 9, 9, 9], [1, 0, 0, 0], [0, 0, 0, 0], entry=[0, 1, 2, 3])
    row = answer("event_free", frame)[f"survival[{NO}]", 5.0]
    assert row[0] == 1
    assert np.isnan(row[1])
    assert row[6] == UNLIMITED


def test_a_weighted_curve_that_has_come_to_its_end_is_at_0():
    rows = table(np.arange(1, 8), [1] * 7, [0] * 7).assign(weight=[39.0, 47.0, 61.0, 33.0, 71.0, 57.0, 29.0])
    found = answer("event_free", rows, MODEL.model_copy(update={"weights": "weight"}))
    assert found[f"survival[{NO}]", 10.0][0] == 0
