"""Estimators of Löfgren syndrome on cohorts so small that the answer can be worked on paper."""

from math import inf, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, fisher_exact, mannwhitneyu, norm, ttest_ind

from sarcoid_epi.estimators import (
    adjusted_contrasts,
    broad_contrasts,
    centre_contrasts,
    definitions,
    onset_season,
    stage_contrast,
    strict_contrasts,
    three_groups,
)
from sarcoid_epi.estimators.lofgren_groups import DAYS, MONTHS, ONE_CENTRE, SYMPTOMS
from sarcoid_epi.estimators.lofgren_terms import BY_DEFINITION, CHARACTERISTICS, EXACT, NOBODY_THERE
from sarcoid_epi.stats.contrast import score_test
from sarcoid_epi.stats.multiplicity import benjamini_hochberg, holm
from sarcoid_epi.stats.several_groups import homogeneity_test
from sarcoid_epi.stats.standardised_difference import standardised_multinomial_difference
from sarcoid_epi.strata import whole
from sarcoid_epi.vocabulary import PATIENT_BY_NAME
from small import limits, note, patients, told

#: Rounding of a few sums; 2e-15 seen.
EXACTLY = 1e-12

FEVER = ("lofgren_broad", "fever")


def flags(**columns):
    """A table of flags (None is missing), numbers and categories."""
    frame = {}
    for name, values in columns.items():
        kind = PATIENT_BY_NAME[name].kind
        if kind == "flag":
            frame[name] = pd.array([None if v is None else bool(v) for v in values], dtype="boolean")
        elif kind == "category":
            frame[name] = pd.Categorical(values, categories=list(PATIENT_BY_NAME[name].levels) or sorted(set(values)))
        else:
            frame[name] = values
    return pd.DataFrame(frame)


def p(answers, of, measure="p"):
    return told(answers)[f"{measure}[{of}]"]


# Who has it


SIGNS = ("lofgren_broad", "lofgren_strict", "erythema_nodosum", "ankle_periarthritis", "arthritis")
#: Ten with the triad, five with nodosum alone, three with ankles and arthritis, two with ankles alone, eighty without.
HUNDRED = {
    (1, 1, 1, 0, 1): 10,
    (1, 0, 1, 0, 0): 5,
    (1, 0, 0, 1, 1): 3,
    (1, 0, 0, 1, 0): 2,
    (0, 0, 0, 1, 0): 7,
    (0, 0, 0, 0, 0): 73,
}


def test_the_definitions_share_out_their_patients_by_their_signs():
    """20 of 100 by the broad definition, 10 by the strict one; of the 20 two have ankles alone, of the 10 none."""
    answers = definitions(patients(SIGNS, HUNDRED))
    assert told(answers) == {
        "lofgren_broad": 0.2,
        "lofgren_strict": 0.1,
        "of_broad[lofgren_strict]": 0.5,
        "of_broad[erythema_nodosum]": 0.75,
        "of_broad[ankle_periarthritis]": 0.25,
        "of_broad[arthritis]": 0.65,
        "of_broad[isolated_ankle]": 0.1,
        "of_strict[isolated_ankle]": 0.0,
    }
    low, high = limits(answers, "of_strict[isolated_ankle]")
    assert low == 0
    assert high == pytest.approx(norm.ppf(0.975) ** 2 / (10 + norm.ppf(0.975) ** 2), abs=EXACTLY)


def test_a_sign_that_was_never_asked_for_is_a_note():
    answers = definitions(patients(("lofgren_broad",), {(1,): 3, (0,): 7}))
    assert told(answers)["lofgren_broad"] == 0.3
    assert note(answers, "of_broad[isolated_ankle]") == "no column 'erythema_nodosum'"
    assert note(answers, "of_strict[isolated_ankle]") == "no column 'lofgren_strict'"


# Contrasts of a flag


#: Fever in 6 of 10 with the syndrome, in 4 of 20 without.
THIRTY = patients(FEVER, {(1, 1): 6, (1, 0): 4, (0, 1): 4, (0, 0): 16})


def test_the_contrasts_of_a_flag_are_those_of_its_four_counts():
    """0.6 against 0.2: difference 0.4, ratio 3, odds ratio 6, and 0.4 over the root of (0.24 + 0.16) / 2."""
    answers = broad_contrasts(THIRTY)
    found = told(answers)
    assert found["share_with[fever]"] == 0.6
    assert found["share_without[fever]"] == 0.2
    assert found["risk_difference[fever]"] == pytest.approx(0.4, abs=EXACTLY)
    assert found["risk_ratio[fever]"] == pytest.approx(3, abs=EXACTLY)
    assert found["odds_ratio[fever]"] == pytest.approx(6, abs=EXACTLY)
    assert found["standardised_difference[fever]"] == pytest.approx(0.4 / sqrt(0.2), abs=EXACTLY)
    assert found["p[fever]"] == pytest.approx(score_test(6, 10, 4, 20).p_value, abs=EXACTLY)
    assert found["p_holm[fever]"] == found["p_bh[fever]"] == found["p[fever]"]


def test_limits_leave_out_no_difference_exactly_where_p_is_below_005():
    for x1, x0 in ((6, 4), (5, 5), (1, 9), (9, 3)):
        cells = {(1, 1): x1, (1, 0): 10 - x1, (0, 1): x0, (0, 0): 20 - x0}
        answers = broad_contrasts(patients(FEVER, cells))
        significant = p(answers, "fever") < 0.05
        for term, null in (("risk_difference[fever]", 0), ("odds_ratio[fever]", 1)):
            low, high = limits(answers, term)
            assert (low > null or high < null) == significant


def test_where_less_than_one_patient_is_expected_in_a_cell_p_is_fishers():
    """2 of 4 against 0 of 60: of 2 events among 64 an eighth of a patient is expected with the syndrome."""
    cells = {(1, 1): 2, (1, 0): 2, (0, 1): 0, (0, 0): 60}
    answers = broad_contrasts(patients(FEVER, cells))
    assert p(answers, "fever") == pytest.approx(fisher_exact([[2, 2], [0, 60]]).pvalue, rel=1e-9)
    assert note(answers, "p[fever]") == EXACT
    assert note(broad_contrasts(THIRTY), "p[fever]") == ""


def test_a_ratio_without_events_on_one_side_is_infinite_or_nought_with_the_other_limit():
    one_sided = broad_contrasts(patients(FEVER, {(1, 1): 5, (1, 0): 5, (0, 0): 20}))
    for term in ("risk_ratio[fever]", "odds_ratio[fever]"):
        assert told(one_sided)[term] == inf
        low, high = limits(one_sided, term)
        assert 1 < low < inf
        assert high == inf
        assert "only its lower limit is known" in note(one_sided, term)
    none = broad_contrasts(patients(FEVER, {(1, 0): 10, (0, 1): 5, (0, 0): 15}))
    assert told(none)["odds_ratio[fever]"] == 0
    assert limits(none, "odds_ratio[fever]")[0] == 0
    assert limits(none, "odds_ratio[fever]")[1] < 2


def test_without_any_events_there_is_no_ratio_but_a_difference_of_nought():
    answers = broad_contrasts(patients(FEVER, {(1, 0): 10, (0, 0): 20}))
    assert told(answers)["risk_difference[fever]"] == 0
    assert np.isnan(told(answers)["odds_ratio[fever]"])
    assert note(answers, "odds_ratio[fever]")
    assert p(answers, "fever") == 1


def test_without_lofgren_patients_every_row_says_so():
    answers = broad_contrasts(patients(FEVER, {(0, 1): 5, (0, 0): 20}))
    assert np.isnan(told(answers)["share_with[fever]"])
    assert told(answers)["share_without[fever]"] == 0.2
    silent = np.isnan(answers.estimate[0])
    assert (answers.note[0][silent] != "").all()
    assert silent.sum() == len(answers.terms) - 1


def test_a_bool_column_counts_like_a_flag_with_missing_values():
    plain = THIRTY.frame.astype(bool)
    np.testing.assert_array_equal(broad_contrasts(whole(plain)).estimate, broad_contrasts(THIRTY).estimate)


def test_patients_in_whom_it_is_unknown_are_left_out_and_n_says_so():
    answers = broad_contrasts(
        patients(FEVER, {(1, 1): 6, (1, 0): 4, (0, 1): 4, (0, 0): 16, (1, None): 3, (None, 1): 2})
    )
    assert told(answers) == pytest.approx(told(broad_contrasts(THIRTY)), nan_ok=True)
    assert answers.n[0, answers.terms.index("share_with[fever]")] == 10


# Categories


def test_several_levels_have_one_p_and_one_difference_together():
    frame = flags(
        lofgren_broad=[1] * 10 + [0] * 20,
        ancestry=["white"] * 7 + ["black"] * 3 + ["white"] * 8 + ["black"] * 12,
    )
    answers = broad_contrasts(whole(frame))
    test = homogeneity_test([[7, 3, 0], [8, 12, 0]])
    assert p(answers, "ancestry") == pytest.approx(test.p_value, abs=EXACTLY)
    # An unused level changes nothing: of two levels it is the score test.
    assert p(answers, "ancestry") == pytest.approx(score_test(7, 10, 8, 20).p_value, abs=EXACTLY)
    apart = standardised_multinomial_difference([7.0, 3.0, 0.0], [8.0, 12.0, 0.0])
    assert told(answers)["standardised_difference[ancestry]"] == pytest.approx(apart.estimate, abs=EXACTLY)
    assert "p[ancestry=white]" not in answers.terms
    assert told(answers)["share_with[ancestry=other]"] == 0


def test_of_two_levels_the_second_says_it_all():
    frame = flags(lofgren_broad=[1, 1, 0, 0, 0], sex=["female", "male", "male", "male", "female"])
    answers = broad_contrasts(whole(frame))
    assert told(answers)["share_with[sex=male]"] == 0.5
    assert not [term for term in answers.terms if "female" in term]


# Numbers


def test_the_contrasts_of_a_number_are_welchs_and_those_of_ranks():
    own, other = [30, 41, 35, 28, 50], [44, 61, 35, 52, 70, 58, 39]
    frame = flags(lofgren_broad=[1] * 5 + [0] * 7, age_at_diagnosis=[*own, *other])
    answers = broad_contrasts(whole(frame))
    found = told(answers)
    welch = ttest_ind(own, other, equal_var=False)
    interval = welch.confidence_interval()
    assert found["mean_difference[age_at_diagnosis]"] == pytest.approx(np.mean(own) - np.mean(other), abs=EXACTLY)
    assert limits(answers, "mean_difference[age_at_diagnosis]") == pytest.approx(tuple(interval), rel=1e-9)
    assert found["p[age_at_diagnosis]"] == pytest.approx(welch.pvalue, rel=1e-9)
    pairs = np.subtract.outer(own, other)
    assert found["shift[age_at_diagnosis]"] == np.median(pairs)
    share = mannwhitneyu(own, other).statistic / 35
    assert found["superiority[age_at_diagnosis]"] == pytest.approx(share, abs=EXACTLY)
    pooled = sqrt((np.var(own, ddof=1) + np.var(other, ddof=1)) / 2)
    standardised = (np.mean(own) - np.mean(other)) / pooled
    assert found["standardised_difference[age_at_diagnosis]"] == pytest.approx(standardised, abs=EXACTLY)


def test_one_patient_has_a_mean_and_a_difference_but_no_limits():
    frame = flags(lofgren_broad=[1, 0, 0, 0], age_at_diagnosis=[30, 40, 50, 60])
    answers = broad_contrasts(whole(frame))
    assert told(answers)["mean_difference[age_at_diagnosis]"] == -20
    assert np.isnan(limits(answers, "mean_difference[age_at_diagnosis]")).all()
    assert note(answers, "mean_difference[age_at_diagnosis]")
    assert np.isnan(p(answers, "age_at_diagnosis"))
    assert note(answers, "p[age_at_diagnosis]")


def test_a_number_that_nobody_of_a_group_has_is_a_note():
    frame = flags(lofgren_broad=[1, 1, 0, 0], serum_calcium_mmol_l=[np.nan, np.nan, 2.3, 2.4])
    answers = broad_contrasts(whole(frame))
    assert note(answers, "mean_with[serum_calcium_mmol_l]") == NOBODY_THERE
    assert told(answers)["mean_without[serum_calcium_mmol_l]"] == pytest.approx(2.35)
    silent = np.isnan(answers.estimate[0])
    assert (answers.note[0][silent] != "").all()


# What is definitional, and how many tests there are


def test_what_the_definition_is_made_of_says_so_and_is_not_among_the_tests():
    """Four flags, three tests: the broad definition holds ankles, the strict one arthritis."""
    rng = np.random.default_rng(4)
    columns = ("fever", "cough", "ankle_periarthritis", "arthritis")
    frame = flags(
        lofgren_broad=rng.random(60) < 0.3,
        lofgren_strict=rng.random(60) < 0.3,
        **{name: rng.random(60) < 0.4 for name in columns},
    )
    for estimator, definitional in ((broad_contrasts, "ankle_periarthritis"), (strict_contrasts, "arthritis")):
        answers = estimator(whole(frame))
        free = [name for name in columns if name != definitional]
        raw = [p(answers, name) for name in free]
        assert [p(answers, name, "p_holm") for name in free] == pytest.approx(holm(raw), abs=EXACTLY)
        assert [p(answers, name, "p_bh") for name in free] == pytest.approx(benjamini_hochberg(raw), abs=EXACTLY)
        assert 0 <= p(answers, definitional) <= 1
        assert np.isnan(p(answers, definitional, "p_holm"))
        for term, words in zip(answers.terms, answers.note[0], strict=True):
            assert words.startswith(BY_DEFINITION) == (f"[{definitional}]" in term)


def test_every_characteristic_is_a_variable_once():
    assert len(set(CHARACTERISTICS)) == len(CHARACTERISTICS)
    assert set(CHARACTERISTICS) <= PATIENT_BY_NAME.keys()


# Three groups


def test_three_groups_stand_apart_and_are_tested_together():
    """Skin in 1 of 10 with the syndrome, 6 of 20 others with symptoms, 2 of 5 found by chance."""
    cells = {(1, 0, 1): 1, (1, 0, 0): 9, (0, 0, 1): 6, (0, 0, 0): 14, (0, 1, 1): 2, (0, 1, 0): 3}
    answers = three_groups(patients(("lofgren_broad", "incidental_finding", "skin"), cells))
    found = told(answers)
    assert [found[f"share_{group}[skin]"] for group in ("lofgren", "symptomatic", "incidental")] == [0.1, 0.3, 0.4]
    test = homogeneity_test([[9, 1], [14, 6], [3, 2]])
    assert found["p_groups[skin]"] == pytest.approx(test.p_value, abs=EXACTLY)


def test_what_those_found_by_chance_cannot_have_is_not_tested():
    cells = {(1, 0, 1): 4, (1, 0, 0): 6, (0, 0, 1): 6, (0, 0, 0): 14, (0, 1, 0): 5}
    for name in SYMPTOMS:
        answers = three_groups(patients(("lofgren_broad", "incidental_finding", name), cells))
        assert np.isnan(p(answers, name, "p_groups_holm"))
        assert note(answers, f"p_groups[{name}]").startswith("definitional")


def test_without_anybody_found_by_chance_two_groups_are_left():
    cells = {(1, 0, 1): 1, (1, 0, 0): 9, (0, 0, 1): 6, (0, 0, 0): 14}
    answers = three_groups(patients(("lofgren_broad", "incidental_finding", "skin"), cells))
    assert note(answers, "share_incidental[skin]") == NOBODY_THERE
    assert told(answers)["p_groups[skin]"] == pytest.approx(score_test(1, 10, 6, 20).p_value, abs=EXACTLY)


def test_means_of_three_groups_are_compared_by_ranks():
    """Values 1 to 6 in three groups of two: H = 5 x 16 / 17.5 = 4.571 on 2 degrees, p = exp(-H / 2)."""
    frame = flags(lofgren_broad=[1, 1, 0, 0, 0, 0], incidental_finding=[0, 0, 0, 0, 1, 1], n_organs=[1, 2, 3, 4, 5, 6])
    answers = three_groups(whole(frame))
    assert [told(answers)[f"mean_{g}[n_organs]"] for g in ("lofgren", "symptomatic", "incidental")] == [1.5, 3.5, 5.5]
    assert p(answers, "n_organs", "p_groups") == pytest.approx(np.exp(-80 / 17.5 / 2), abs=EXACTLY)


# Stage


def test_stages_with_nodes_stand_against_the_rest_and_every_row_is_definitional():
    """All 8 with the syndrome in stage I or II, 6 of 12 without."""
    frame = flags(
        lofgren_broad=[1] * 8 + [0] * 12,
        scadding_stage=["I"] * 6 + ["II"] * 2 + ["0"] * 2 + ["I"] * 3 + ["II"] * 3 + ["III"] * 3 + ["IV"],
    )
    answers = stage_contrast(whole(frame))
    found = told(answers)
    assert found["share_with[scadding_stage=I_or_II]"] == 1
    assert found["share_without[scadding_stage=I_or_II]"] == 0.5
    assert found["odds_ratio[scadding_stage=I_or_II]"] == inf
    assert found["odds_ratio[scadding_stage]"] < 1
    # Pairs: 6 in stage I lie above 2 and tie with 3, 2 in stage II above 5 and tie with 3.
    assert found["superiority[scadding_stage]"] == pytest.approx((6 * 3.5 + 2 * 6.5) / 96, abs=EXACTLY)
    assert all(words.startswith(BY_DEFINITION) for words in answers.note[0])


# Centres


def test_centres_are_taken_one_by_one():
    """Two centres with odds ratio 4 each, and more fever and more syndrome in the second: together it is not 4."""
    cells = {"a": (2, 8, 5, 80), "b": (40, 10, 20, 20)}
    rows = []
    for centre, (x1, y1, x0, y0) in cells.items():
        rows += [(centre, 1, 1)] * x1 + [(centre, 1, 0)] * y1 + [(centre, 0, 1)] * x0 + [(centre, 0, 0)] * y0
    centre, has, fever = zip(*rows, strict=True)
    frame = flags(centre=list(centre), lofgren_broad=has, fever=fever)
    answers = centre_contrasts(whole(frame))
    assert told(answers)["odds_ratio[fever]"] == pytest.approx(4, abs=EXACTLY)
    assert p(answers, "fever", "p_homogeneity") == pytest.approx(1, abs=1e-6)
    assert told(broad_contrasts(whole(frame)))["odds_ratio[fever]"] > 6


def test_one_centre_gives_the_plain_odds_ratio_and_says_so():
    frame = flags(centre=["a"] * 30, lofgren_broad=[1] * 10 + [0] * 20, fever=[1] * 6 + [0] * 4 + [1] * 4 + [0] * 16)
    answers = centre_contrasts(whole(frame))
    assert told(answers)["odds_ratio[fever]"] == pytest.approx(6, abs=EXACTLY)
    assert note(answers, "odds_ratio[fever]") == ONE_CENTRE
    assert note(answers, "p_homogeneity[fever]")


# Season


def onsets(own, others):
    """Patients with onsets in the middle of the months."""
    rows = [(1, m) for m, n in enumerate(own) for _ in range(n)] + [
        (0, m) for m, n in enumerate(others) for _ in range(n)
    ]
    dates = pd.to_datetime([f"2019-{month + 1:02d}-15" for _, month in rows])
    return whole(flags(lofgren_broad=[has for has, _ in rows], onset_date=dates))


def test_months_are_counted_and_set_against_their_days():
    """3 of 12 onsets in April, which has 30 of 365.2425 days; none in May."""
    own = [1, 1, 1, 3, 0, 1, 1, 1, 1, 1, 1, 0]
    answers = onset_season(onsets(own, [2] * 12))
    share = 30 / DAYS.sum()
    assert told(answers)["monthly_with[onset_date=April]"] == pytest.approx(0.25 / share, abs=EXACTLY)
    assert limits(answers, "monthly_with[onset_date=April]") == pytest.approx(
        (beta.ppf(0.025, 3, 10) / share, beta.ppf(0.975, 4, 9) / share), rel=1e-9
    )
    assert told(answers)["monthly_with[onset_date=May]"] == 0
    counted = [answers.events[0, answers.terms.index(f"monthly_with[onset_date={month}]")] for month in MONTHS]
    assert counted == own


def test_a_wave_that_was_put_in_is_found():
    """The logarithm of the rate is 0.8 cos, its peak in the middle of April; among even others the same."""
    angle = 2 * np.pi * (np.arange(12) + 0.5 - 3.5) / 12
    own = np.round(40 * np.exp(0.8 * np.cos(angle)) * DAYS).astype(int)
    answers = onset_season(onsets(own, np.round(20 * DAYS).astype(int)))
    # Rounded counts of some 10 000 patients: worst seen 3e-4 of the ratio.
    assert told(answers)["peak_to_trough[onset_date]"] == pytest.approx(np.exp(1.6), rel=2e-3)
    assert told(answers)["peak[onset_date]"] == pytest.approx(3.5, abs=5e-3)
    assert told(answers)["peak_others[onset_date]"] == pytest.approx(3.5, abs=5e-3)
    assert told(answers)["p_misfit[onset_date]"] > 0.5


def test_onsets_of_one_month_have_no_wave_with_limits_and_say_so():
    answers = onset_season(onsets([0, 0, 5] + [0] * 9, [3] * 12))
    assert told(answers)["peak_to_trough[onset_date]"] == inf
    assert np.isnan(limits(answers, "peak_to_trough[onset_date]")).all()
    assert "infinite" in note(answers, "peak_to_trough[onset_date]")


def test_patients_without_a_date_are_left_out():
    strata = onsets([1, 1, 1, 3, 0, 1, 1, 1, 1, 1, 1, 0], [2] * 12)
    more = pd.concat([strata.frame, strata.frame.iloc[:5].assign(onset_date=pd.NaT)])
    np.testing.assert_array_equal(onset_season(whole(more)).estimate, onset_season(strata).estimate)


# Adjusted


def confounded():
    """Therapy in a tenth of women and four tenths of men, whatever the syndrome, which is commoner in women."""
    rows = []
    for sex, has, yes, no in (
        ("female", 1, 20, 180),
        ("female", 0, 40, 360),
        ("male", 1, 20, 30),
        ("male", 0, 140, 210),
    ):
        rows += [(sex, has, 1)] * yes + [(sex, has, 0)] * no
    sex, has, therapy = zip(*rows, strict=True)
    return whole(flags(sex=list(sex), lofgren_broad=has, systemic_therapy=therapy))


def test_given_what_confounds_nothing_is_left():
    """Crude 40/250 against 180/750; standardised over 600 women and 400 men both are 0.06 + 0.16 = 0.22."""
    answers = adjusted_contrasts(confounded())
    found = told(answers)
    assert found["crude_difference[systemic_therapy]"] == pytest.approx(0.16 - 0.24, abs=EXACTLY)
    assert found["crude_ratio[systemic_therapy]"] == pytest.approx(2 / 3, abs=EXACTLY)
    # The search of the regression ends within 1e-9.
    assert found["risk[systemic_therapy]"] == pytest.approx(0.22, abs=1e-8)
    assert found["reference_risk[systemic_therapy]"] == pytest.approx(0.22, abs=1e-8)
    assert found["risk_difference[systemic_therapy]"] == pytest.approx(0, abs=1e-8)
    assert found["risk_ratio[systemic_therapy]"] == pytest.approx(1, abs=1e-7)


def test_without_anything_to_hold_there_is_a_note():
    answers = adjusted_contrasts(THIRTY)
    assert answers.terms[0] == "risk[fever]"
    assert set(answers.note[0]) == {"no column 'age_at_diagnosis'"}


def test_few_events_are_told_with_their_rough_limits():
    frame = flags(
        lofgren_broad=[1] * 20 + [0] * 40,
        sex=["female", "male"] * 30,
        osseous_recorded=[1] + [0] * 19 + [1, 1] + [0] * 38,
    )
    answers = adjusted_contrasts(whole(frame))
    said = note(answers, "risk_difference[osseous_recorded]")
    assert "FLIC" in said
    assert "rough limits" in said


def test_outcomes_that_nobody_knows_are_rows_with_a_note():
    frame = flags(lofgren_broad=[1, 0, 1, 0], sex=["female", "male"] * 2, remission=[None] * 4)
    answers = adjusted_contrasts(whole(frame))
    assert np.isnan(answers.estimate).all()
    assert (answers.note != "").all()
