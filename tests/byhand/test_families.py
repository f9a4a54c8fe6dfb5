"""Models within clusters, of ordered and of several kinds of outcome: worked on paper, and data that have no answer."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from sarcoid_epi import api
from sarcoid_epi.errors import DataError
from sarcoid_epi.estimators import (
    clustered,
    multinomial_ratios,
    proportional_odds_ratios,
    unadjusted_ratios,
)
from sarcoid_epi.estimators.engines import FORETOLD, INDEPENDENT, NOBODY_OF
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.scenario import Model, load_model, shipped
from sarcoid_epi.stats.brant import NO_CUT, brant
from sarcoid_epi.stats.exchangeable import IMPROPER, ONE_TELLS, exchangeable_sandwich
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.ordered_logistic import NO_COVARIATE, ordered_logistic
from sarcoid_epi.stats.proportional_odds import ONE_CATEGORY, TWO_CATEGORIES, proportional_odds
from sarcoid_epi.stats.sandwich import ONE_CLUSTER, logistic_sandwich
from sarcoid_epi.strata import whole
from sarcoid_epi.vocabulary import label


@pytest.fixture(autouse=True)
def silent():
    """No engine prints a warning of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def table(**columns):
    """Patients from counts: each column a list of (value, ...) in the same order, `n` how many of each."""
    many = columns.pop("n")
    frame = pd.DataFrame({name: np.repeat(np.array(values, dtype=object), many) for name, values in columns.items()})
    for name in frame:
        flag = frame[name].dropna().isin([True, False]).all()
        frame[name] = frame[name].astype("boolean") if flag else frame[name].astype("category")
    return frame


def model(**changes):
    return Model(**{"name": "m", "label": "m", "outcome": "had", "exposures": ("flag",), **changes})


def said(answers, term, group=0):
    return str(answers.note[group, answers.terms.index(term)])


def number(answers, term):
    return float(answers.estimate[0, answers.terms.index(term)])


# Within clusters

GEE = model(family="gee", cluster="centre")
YES = "odds_ratio[flag=yes]"
#: Six centres of ten patients, three with the flag in all and three with it in none, and how many of each had it.
HAD = ((2, 4, 6), (5, 7, 9))


def centres(had=HAD, size=10):
    rows = [(f"c{arm}{at}", bool(arm), outcome, n) for arm, counts in enumerate(had) for at, x in enumerate(counts)
            for outcome, n in ((True, x), (False, size - x))]  # fmt: skip
    centre, flag, outcome, n = zip(*rows, strict=True)
    return table(centre=centre, flag=flag, had=outcome, n=n)


def test_centres_of_one_size_and_one_exposure_each():
    """Any correlation gives the plain odds ratio; each residual is of a centre against the two others of its arm."""
    answers = clustered(whole(centres()), GEE)
    p = [sum(counts) / 30 for counts in HAD]
    assert number(answers, YES) == pytest.approx(np.exp(logit(p[1]) - logit(p[0])), rel=1e-9)
    variance = sum(
        sum((1.5 * (x - 10 * q)) ** 2 for x in counts) / (30 * q * (1 - q)) ** 2
        for counts, q in zip(HAD, p, strict=True)
    )
    at = answers.terms.index(YES)
    assert answers.std_error[0, at] / answers.estimate[0, at] == pytest.approx(np.sqrt(variance), rel=1e-8)
    t_5 = 2.570581836
    assert np.log(answers.high[0, at]) == pytest.approx(np.log(answers.estimate[0, at]) + t_5 * np.sqrt(variance))
    assert said(answers, YES) == "6 clusters: error by Mancl and DeRouen, limits by t"


def test_the_working_correlation_of_pairs():
    """Mean product of the residuals of two patients of a centre over their mean square."""
    p = [sum(counts) / 30 for counts in HAD]
    total = [(x - 10 * q) ** 2 / (q * (1 - q)) for counts, q in zip(HAD, p, strict=True) for x in counts]
    expected = (sum(total) - 60) / (6 * 90)  # Pearson's residuals have mean square 1 in each arm
    answers = clustered(whole(centres()), GEE)
    assert number(answers, "working_correlation[centre]") == pytest.approx(expected, rel=1e-8)
    assert said(answers, "working_correlation[centre]") == ""


def test_without_correlation_it_is_the_cluster_robust_covariance():
    rng = np.random.default_rng(3)
    rows = np.column_stack([np.ones(60), rng.integers(0, 2, 60), rng.normal(size=60)])
    y, cluster = rng.integers(0, 2, 60), rng.integers(0, 7, 60)
    beta = logistic(rows, y, np.ones(60)).estimate
    ours = exchangeable_sandwich(rows, y, np.ones(60), beta, cluster, 0.0, corrected=False)
    theirs = logistic_sandwich(rows, y, np.ones(60), beta, cluster)
    np.testing.assert_allclose(ours.covariance, theirs.covariance, rtol=1e-10, atol=1e-14)
    assert ours.units == theirs.units


def test_grouped_and_single_patients_have_the_same_errors():
    rng = np.random.default_rng(4)
    x, cluster = rng.integers(0, 2, 80), rng.integers(0, 5, 80)
    y = rng.integers(0, 2, 80)
    rows = np.column_stack([np.ones(80), x])
    kinds, back = np.unique(np.column_stack([x, cluster]), axis=0, return_inverse=True)
    grouped = np.column_stack([np.ones(len(kinds)), kinds[:, 0]]), np.bincount(back, y), np.bincount(back)
    at = [0.1, -0.3]
    one = exchangeable_sandwich(rows, y, np.ones(80), at, cluster, 0.05)
    other = exchangeable_sandwich(*grouped, at, kinds[:, 1], 0.05)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-10)


def test_a_correlation_too_far_below_0_is_none():
    """Pairs that always differ beside a large centre in balance: no proper matrix has their mean correlation."""
    rows = [("large", flag, outcome, 5) for flag in (True, False) for outcome in (True, False)]
    rows += [(f"pair{at}", bool(at % 2), outcome, 1) for at in range(20) for outcome in (True, False)]
    centre, flag, outcome, n = zip(*rows, strict=True)
    answers = clustered(whole(table(centre=centre, flag=flag, had=outcome, n=n)), GEE)
    assert number(answers, "working_correlation[centre]") == 0
    assert number(answers, YES) == pytest.approx(1)
    assert INDEPENDENT in said(answers, YES)


def test_single_patients_have_no_correlation():
    frame = table(centre=range(40), flag=[True, False] * 20, had=[True, True, False, False] * 10, n=[1] * 40)
    answers = clustered(whole(frame), GEE)
    assert INDEPENDENT in said(answers, YES)
    assert np.isfinite(answers.low[0, 1])


def test_limits_are_missing_where_a_coefficient_hangs_on_one_cluster():
    frame = centres(((2, 4, 6), (5,)))
    answers = clustered(whole(frame), GEE)
    assert np.isfinite(number(answers, YES))
    assert np.isnan(answers.low[0, answers.terms.index(YES)])
    assert ONE_TELLS in said(answers, YES)


@pytest.mark.parametrize(
    ("had", "note"),
    [
        (((2, 4, 6), (10, 10, 10)), FORETOLD),  # everybody with the flag had it
        (((0, 0, 0), (0, 0, 0)), FORETOLD),  # no events
        (((2,), ()), ONE_CLUSTER),
    ],
)
def test_within_clusters_what_has_no_answer_says_why(had, note):
    answers = clustered(whole(centres(had)), GEE)
    at = answers.terms.index("working_correlation[centre]")
    assert np.isnan(answers.estimate[0, at])
    assert said(answers, "working_correlation[centre]") == note


def test_sandwich_refuses_what_is_broken():
    rows = np.ones((3, 1))
    with pytest.raises(ValueError, match="one number for each of 1 columns"):
        exchangeable_sandwich(rows, [1, 1, 1], [2, 2, 2], [0.0, 1.0], [1, 2, 3], 0.0)
    assert exchangeable_sandwich(rows, [1, 1, 1], [2, 2, 2], [0.0], [1, 1, 1], 0.0).note == ONE_CLUSTER
    assert exchangeable_sandwich(rows, [1, 1, 1], [2, 2, 2], [0.0], [1, 2, 2], -0.5).note == IMPROPER


# Ordered levels

STAGES = ("0", "I", "II", "III")
OVER = model(family="proportional_odds", outcome="stage")


def staged(with_it, without, levels=STAGES):
    rows = [(flag, level, n) for flag, counts in ((True, with_it), (False, without))
            for level, n in zip(levels, counts, strict=True)]  # fmt: skip
    flag, level, n = zip(*rows, strict=True)
    frame = table(flag=flag, stage=level, n=n)
    frame["stage"] = pd.Categorical(frame["stage"].astype(str), levels)
    return frame


def test_two_groups_are_those_of_the_stats_without_covariates():
    one, zero = (10, 25, 40, 12), (30, 28, 20, 4)
    answers, by_hand = proportional_odds_ratios(whole(staged(one, zero)), OVER), proportional_odds(one, zero)
    at = answers.terms.index(YES)
    got = answers.estimate[0, at], answers.low[0, at], answers.high[0, at]
    np.testing.assert_allclose(got, (by_hand.odds_ratio, by_hand.low, by_hand.high), rtol=1e-8)


def test_two_levels_are_a_table_of_two_by_two():
    answers = proportional_odds_ratios(whole(staged((4, 0, 9, 0), (10, 0, 4, 0))), OVER)
    at = answers.terms.index(YES)
    assert answers.estimate[0, at] == pytest.approx(9 * 10 / (4 * 4))
    error = np.sqrt(1 / 4 + 1 / 9 + 1 / 10 + 1 / 4)
    assert answers.std_error[0, at] / answers.estimate[0, at] == pytest.approx(error)
    assert said(answers, "p_proportional[flag]") == TWO_CATEGORIES


def test_a_level_that_nobody_has_changes_nothing():
    counts = (10, 25, 40), (30, 28, 20)
    plain = ordered_logistic([[1, 1], [1, 0]], counts)
    wide = ordered_logistic([[1, 1], [1, 0]], [[0, 10, 0, 25, 40, 0], [0, 30, 0, 28, 20, 0]])
    np.testing.assert_allclose(wide.estimate[1], plain.estimate[1], rtol=1e-10)
    np.testing.assert_allclose(wide.cuts[[1, 3]], plain.cuts, rtol=1e-9)
    assert np.isnan(wide.cuts[[0, 2, 4]]).all()


def test_cuts_are_log_odds_of_a_patient_without_covariates():
    """Nothing goes with the covariate: cuts are the log odds of the shares."""
    fit = ordered_logistic([[1, 0], [1, 7]], [[20, 30, 50], [20, 30, 50]])
    np.testing.assert_allclose(fit.cuts, logit([0.2, 0.5]), rtol=1e-9)
    assert fit.estimate[1] == pytest.approx(0, abs=1e-12)


def test_the_scale_and_origin_of_a_number_do_not_matter():
    counts = [[10, 5, 3], [6, 8, 7], [2, 6, 12]]
    near, far = (
        ordered_logistic(np.column_stack([np.ones(3), x]), counts) for x in ([0, 1, 2], [1e4, 1e4 + 1, 1e4 + 2])
    )
    np.testing.assert_allclose(near.estimate[1], far.estimate[1], rtol=1e-7)
    np.testing.assert_allclose(near.std_error[1], far.std_error[1], rtol=1e-7)


def test_brant_by_hand():
    """Log odds ratio 3 against 20/33 cut by cut; the covariance of two cuts of a group is 1 / (n P(>1) P(<=2))."""
    counts = np.array([[40, 20, 20], [20, 45, 15]])
    test = brant([[1, 0], [1, 1]], counts, [1])
    n = 80
    gap, variance = 0.0, 0.0
    for sign, own in ((-1, counts[0]), (1, counts[1])):
        low, high = own[1:].sum() / n, own[2] / n
        gap += sign * (logit(high) - logit(low))
        variance += 1 / (n * low * (1 - low)) + 1 / (n * high * (1 - high)) - 2 / (n * low * (1 - high))
    assert test.statistic == pytest.approx(gap**2 / variance)
    assert (test.df, test.note) == (1, "")


def test_brant_is_0_where_all_cuts_have_one_odds_ratio():
    chances = [np.diff(expit(np.array([-np.inf, -1, 0.5, 2, np.inf]) + shift)) for shift in (0, -0.7)]
    counts = np.round(np.array(chances) * 1e8)
    assert brant([[1, 0], [1, 1]], counts, [1]).statistic < 1e-6


@pytest.mark.parametrize(
    ("with_it", "without", "note"),
    [
        ((0, 0, 10, 10), (10, 10, 0, 0), FORETOLD),
        ((0, 0, 0, 10), (5, 5, 5, 5), FORETOLD),
        ((0, 9, 0, 0), (0, 4, 0, 0), ONE_CATEGORY),
        ((9, 3, 0, 0), (0, 0, 0, 0), "all patients are alike in it"),
    ],
)
def test_ordered_levels_that_have_no_answer_say_why(with_it, without, note):
    answers = proportional_odds_ratios(whole(staged(with_it, without)), OVER)
    assert np.isnan(number(answers, YES))
    assert said(answers, YES) == note
    assert all(answers.note[0])


def test_separation_is_that_of_a_slope_that_grows_without_end():
    """A number that rises with the level in all but one pair has a finite slope; without that pair it has none."""
    rows = np.column_stack([np.ones(6), np.arange(6.0)])
    crossed, apart = np.eye(3)[[0, 0, 1, 0, 2, 2]], np.eye(3)[[0, 0, 1, 1, 2, 2]]
    assert ordered_logistic(rows, crossed).note == ""
    assert ordered_logistic(rows, apart).note == FORETOLD


def test_ordered_refuses_what_is_broken():
    with pytest.raises(ValueError, match="first column 1"):
        ordered_logistic([[0, 1], [1, 0]], [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="whole numbers"):
        ordered_logistic([[1, 1], [1, 0]], [[1.5, 2], [3, 4]])
    with pytest.raises(ValueError, match="shape"):
        ordered_logistic([[1, 1], [1, 0]], [[1, 2]])
    with pytest.raises(ValueError, match="shape"):
        brant([[1, 1], [1, 0]], [[1, 2]], [1])
    assert ordered_logistic([[1], [1]], [[1, 2], [3, 4]]).note == NO_COVARIATE
    assert brant([[1, 0], [1, 1]], [[9, 3, 0], [5, 5, 5]], [1]).note == NO_CUT


# Several kinds

KINDS = model(family="multinomial", outcome="stage", reference={"stage": "I"})


def test_a_saturated_table_has_the_odds_ratios_of_its_cells():
    one, zero = (14, 25, 40, 12), (30, 28, 20, 11)
    answers = multinomial_ratios(whole(staged(one, zero)), KINDS)
    for at in (0, 2, 3):
        term = f"odds_ratio[flag=yes on stage={STAGES[at]}]"
        place = answers.terms.index(term)
        assert answers.estimate[0, place] == pytest.approx(one[at] * zero[1] / (zero[at] * one[1]), rel=1e-9)
        error = np.sqrt(1 / one[at] + 1 / zero[at] + 1 / one[1] + 1 / zero[1])
        assert answers.std_error[0, place] / answers.estimate[0, place] == pytest.approx(error, rel=1e-8)
        assert (answers.n[0, place], answers.events[0, place]) == (sum(one), one[at])
        assert said(answers, term) == ""
    assert not any("stage=I]" in term for term in answers.terms)


def test_a_level_of_few_is_set_beside_the_reference_alone_by_firth():
    """Half a patient more in each cell; the other levels stay as they are."""
    one, zero = (14, 25, 40, 0), (30, 28, 20, 4)
    answers = multinomial_ratios(whole(staged(one, zero)), KINDS)
    term = "odds_ratio[flag=yes on stage=III]"
    assert number(answers, term) == pytest.approx(0.5 * 28.5 / (4.5 * 25.5), rel=1e-7)
    assert said(answers, term).endswith("; against the reference level alone")
    assert np.isfinite(answers.high[0, answers.terms.index(term)])
    assert number(answers, "odds_ratio[flag=yes on stage=II]") == pytest.approx(40 * 28 / (20 * 25), rel=1e-9)


def test_kinds_that_nobody_has_say_so_in_every_row():
    answers = multinomial_ratios(whole(staged((14, 25, 0, 12), (30, 28, 0, 11))), KINDS)
    for level in ("no", "yes"):
        term = f"odds_ratio[flag={level} on stage=II]"
        assert np.isnan(number(answers, term))
        assert said(answers, term) == NOBODY_OF
    assert number(answers, "odds_ratio[flag=yes on stage=0]") == pytest.approx(14 * 28 / (30 * 25))
    nobody = multinomial_ratios(whole(staged((14, 0, 9, 12), (30, 0, 20, 11))), KINDS)
    assert np.isnan(nobody.estimate).all()
    assert (nobody.note == NOBODY_OF).all()


def test_an_exposure_that_only_others_have_is_told():
    """Nobody of level 0 or I differs in the second exposure: of level 0 against I it has no ratio."""
    frame = staged((14, 25, 40, 12), (30, 28, 20, 11))
    frame["second"] = pd.array(frame["stage"].isin(["II", "III"]) & (np.arange(len(frame)) % 3 == 0), dtype="boolean")
    answers = multinomial_ratios(whole(frame), KINDS.model_copy(update={"exposures": ("flag", "second")}))
    term = "odds_ratio[second=yes on stage=0]"
    assert np.isnan(number(answers, term))
    assert said(answers, term) == "all patients are alike in it"
    assert np.isfinite(number(answers, "odds_ratio[flag=yes on stage=0]"))


# All of them

MODELS = (GEE, OVER, KINDS)
ESTIMATORS = (clustered, proportional_odds_ratios, multinomial_ratios)
EACH = pytest.mark.parametrize(
    ("asked", "estimator"), list(zip(MODELS, ESTIMATORS, strict=True)), ids=lambda x: str(x)[:9]
)


def everything(n=240):
    """Patients with all that the three models need, in whom nothing goes with anything."""
    rng = np.random.default_rng(9)
    return pd.DataFrame(
        {
            "flag": rng.random(n) < 0.5,
            "had": rng.random(n) < 0.5,
            "stage": pd.Categorical.from_codes(rng.integers(0, 4, n), STAGES),
            "centre": pd.Categorical.from_codes(rng.integers(0, 8, n), list("abcdefghxy")),
            "number": rng.integers(0, 2, n).astype(float),
        }
    )


@EACH
def test_true_and_false_are_yes_and_no_are_a_number_with_two_values(asked, estimator):
    frame = everything()
    frame["as_number"] = frame["flag"].astype(float)
    frame["as_category"] = pd.Categorical(np.where(frame["flag"], "b", "a"), ["a", "b", "nobody"])
    flag, number_, category = (
        estimator(whole(frame), asked.model_copy(update={"exposures": (name,)}))
        for name in ("flag", "as_number", "as_category")
    )
    ratio = [
        [r for t, r in zip(answers.terms, answers.estimate[0], strict=True) if t.startswith(f"odds_ratio[{of}")]
        for answers, of in ((flag, "flag=yes"), (number_, "as_number"), (category, "as_category=b"))
    ]
    np.testing.assert_allclose(ratio[1], ratio[0], rtol=1e-9)
    np.testing.assert_allclose(ratio[2], ratio[0], rtol=1e-9)
    empty = [t for t in category.terms if "nobody" in t]
    assert empty
    assert all(said(category, t) == NOBODY for t in empty)


@EACH
def test_nobody_one_patient_and_a_group_all_missing_have_a_note_in_every_row(asked, estimator):
    frame = everything()
    lost = frame.assign(flag=pd.array([None] * len(frame), dtype="boolean"))
    for few in (frame.iloc[:0], frame.iloc[:1], lost):
        for answered in (estimator(whole(few), asked), unadjusted_ratios(whole(few), asked)):
            unknown = np.isnan(answered.estimate[0])
            assert (answered.note[0][unknown] != "").all()
            assert np.isnan(answered.low).all()
    assert (estimator(whole(lost), asked).note[0] != "").all()


@EACH
def test_a_factor_of_one_level_and_columns_that_are_alike(asked, estimator):
    frame = everything()
    one = estimator(whole(frame.assign(flag=True)), asked)
    at = [place for place, term in enumerate(one.terms) if "flag=yes" in term]
    assert np.isnan(one.estimate[0, at]).all()
    assert all("all patients are alike in it" in one.note[0, place] for place in at)
    twice = estimator(whole(frame.assign(same=frame["flag"])), asked.model_copy(update={"adjust": ("same",)}))
    at = [place for place, term in enumerate(twice.terms) if "flag=yes" in term]
    assert np.isnan(twice.estimate[0, at]).all()
    assert all("follows from the columns before it" in twice.note[0, place] for place in at)


@EACH
def test_a_model_against_the_causal_graph_is_refused(asked, estimator):
    frame = everything().rename(columns={"flag": "lofgren_broad", "had": "osseous_recorded"})
    frame["bone_pain"] = frame["osseous_recorded"]
    refused = asked.model_copy(
        update={"outcome": "osseous_recorded", "exposures": ("lofgren_broad",), "adjust": ("bone_pain",)}
    )
    answers = estimator(whole(frame), refused.model_copy(update={"reference": {}}))
    assert np.isnan(answers.estimate).all()
    assert all(note.startswith("refused: 'bone_pain' is a common effect") for note in answers.note[0])


@EACH
def test_a_spline_and_an_interaction_are_told(asked, estimator):
    frame = everything().assign(years=np.arange(240) % 50 + 20)
    bent = asked.model_copy(update={"exposures": ("flag", "years"), "splines": {"years": 3}})
    answers = estimator(whole(frame), bent)
    at = [place for place, term in enumerate(answers.terms) if "years" in term and term.startswith("odds")]
    assert np.isnan(answers.estimate[0, at]).all()
    assert all("it has a spline" in answers.note[0, place] for place in at)
    crossed = bent.model_copy(update={"splines": {}, "interactions": (("flag", "years"),)})
    noted = estimator(whole(frame), crossed)
    of_flag = [note for term, note in zip(noted.terms, noted.note[0], strict=True) if "flag=yes" in term]
    assert of_flag
    assert all("with years at the reference, or at 0" in note for note in of_flag)


def test_a_flag_is_an_outcome_of_all_three_and_the_same_for_two():
    frame = everything()
    by_order, by_kind = (
        estimator(whole(frame), model(family=family, adjust=("number",)))
        for estimator, family in ((proportional_odds_ratios, "proportional_odds"), (multinomial_ratios, "multinomial"))
    )
    logit_fit = logistic(
        np.column_stack([np.ones(240), frame["flag"], frame["number"]]), frame["had"].astype(int), np.ones(240)
    )
    assert number(by_order, YES) == pytest.approx(np.exp(logit_fit.estimate[1]), rel=1e-9)
    assert number(by_kind, "odds_ratio[flag=yes on had=yes]") == pytest.approx(np.exp(logit_fit.estimate[1]), rel=1e-9)


def test_an_outcome_of_numbers_is_refused_and_a_category_for_gee():
    with pytest.raises(DataError, match="no levels to count"):
        proportional_odds_ratios(whole(everything()), OVER.model_copy(update={"outcome": "number"}))
    with pytest.raises(DataError, match="is no flag"):
        clustered(whole(everything()), GEE.model_copy(update={"outcome": "stage"}))


@pytest.mark.parametrize("name", [n for n in shipped("model") if load_model(n).question == "association"])
def test_no_model_of_association_falls_through(name, tmp_path):
    """Every shipped model, and so every family that ships, has an answer or a note."""
    frame = api.generate(size=400, seed=4).patients
    found = api.estimate("association", frame, models=[name])
    rows = [row for row in found.rows if row.run.endswith(f"-{name}")]
    assert len({row.run for row in rows}) >= 2  # crude and adjusted
    assert all(np.isfinite(row.estimate) or row.note for row in rows)


def test_the_label_of_a_ratio_names_the_level_of_the_outcome():
    assert label("odds_ratio[ancestry=black on scadding_stage=II]") == "Odds ratio: Scadding stage: II; Ancestry: black"
    assert label("centre=based on a list") == "Centre: based on a list"
