"""Weights, selection weights and imputation where the answer is worked on paper, or where there is none."""

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.estimators.association import (
    CURVE,
    UNCLUSTERED,
    WEIGHTED_FEW,
    WEIGHTED_SEPARATED,
    adjusted,
    unadjusted,
)
from sarcoid_epi.estimators.imputation import completed, imputed, records_of
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.selection import EVERYBODY, selection_weighted
from sarcoid_epi.estimators.standardisation import standardised_risks
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.imputation import chained
from sarcoid_epi.stats.selection import NOBODY_SELECTED, weighted_among_selected
from sarcoid_epi.strata import by, whole

CELLS = {(True, True): 30, (True, False): 20, (False, True): 20, (False, False): 50}
RATIO = "odds_ratio[lofgren_broad=yes]"


def model(**said):
    first = {"name": "made", "label": "Made", "outcome": "remission", "exposures": ("lofgren_broad",)}
    told = {**first, **said}
    return Model(**told, accept=dict.fromkeys((*told["exposures"], *told.get("adjust", ())), "made patients"))


def table(cells=CELLS, **columns):
    """Patients by exposure and outcome, each cell in a row, with further columns."""
    exposed, yes = (np.repeat([cell[at] for cell in cells], list(cells.values())) for at in (0, 1))
    frame = pd.DataFrame({"lofgren_broad": exposed, "remission": yes})
    return frame.assign(**columns)


def row(answers, term, group=0):
    at = answers.terms.index(term)
    parts = (answers.estimate, answers.low, answers.high, answers.std_error, answers.n, answers.events)
    return (*(float(part[group, at]) for part in parts), str(answers.note[group, at]))


def log_error(answers, term, group=0):
    estimate, _, _, error, *_ = row(answers, term, group)
    return error / estimate


# ---- weights


def two_weights():
    """Weights of 1 and 3, every other patient: in each cell half the patients."""
    return table(weight=np.tile([1.0, 3.0], 60))


def test_weights_make_weighted_counts_and_robust_errors():
    """Each cell of m patients weighs 2m; the variance of the logarithm is the sum of (m/2 + 9 m/2)/(2m)^2 = 5/(4m)."""
    found = adjusted(whole(two_weights()), model(weights="weight"))
    estimate, _, _, _, n, events, note = row(found, RATIO)
    assert estimate == pytest.approx(30 * 50 / (20 * 20))
    assert log_error(found, RATIO) ** 2 == pytest.approx(sum(1.25 / m for m in (30, 20, 20, 50)))
    assert (n, events, note) == (50, 30, "weighted, robust errors")
    assert row(found, "odds_ratio[lofgren_broad=no]")[4:] == (70, 20, "reference")


def test_the_scale_of_the_weights_says_nothing():
    frame = two_weights()
    one, other = (adjusted(whole(frame.assign(weight=frame.weight * by)), model(weights="weight")) for by in (1, 1000))
    for name in ("estimate", "low", "high", "std_error", "n", "events"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)


@pytest.mark.parametrize("bad", [0.0, -2.0, np.nan, np.inf])
@pytest.mark.parametrize("estimator", [adjusted, unadjusted, standardised_risks])
def test_whoever_has_no_weight_above_0_is_left_out_and_counted(estimator, bad):
    frame, said = two_weights(), model(weights="weight")
    more = pd.concat([frame, frame.iloc[:7].assign(weight=bad)], ignore_index=True)
    one, other = estimator(whole(frame), said), estimator(whole(more), said)
    np.testing.assert_allclose(one.estimate, other.estimate, rtol=1e-12)
    np.testing.assert_allclose(one.std_error, other.std_error, rtol=1e-12)
    assert (one.n == other.n).all()
    assert "7 of 127 patients left out, who lack a value or a weight above 0" in other.note[0, -1]


def test_weighted_risks_are_weighted_shares():
    frame = two_weights()
    frame.loc[frame.remission & frame.lofgren_broad, "weight"] = 2.0
    found = standardised_risks(whole(frame), model(weights="weight"))
    exposed = frame[frame.lofgren_broad]
    expected = (exposed.weight * exposed.remission).sum() / exposed.weight.sum()
    assert row(found, "risk[lofgren_broad=yes]")[0] == pytest.approx(expected)


def test_with_weights_few_events_are_told_and_firths_penalty_is_not_used():
    frame = table({(True, True): 3, (True, False): 4, (False, True): 2, (False, False): 9}, weight=2.0)
    found = adjusted(whole(frame), model(weights="weight"))
    assert row(found, RATIO)[0] == pytest.approx(3 * 9 / (4 * 2))
    assert row(found, RATIO)[-1].startswith(WEIGHTED_FEW)
    without = table({(True, True): 0, (True, False): 4, (False, True): 2, (False, False): 9}, weight=2.0)
    found = adjusted(whole(without), model(weights="weight"))
    assert np.isnan(row(found, RATIO)[0])
    assert row(found, RATIO)[-1].startswith(WEIGHTED_SEPARATED)


def test_nobody_with_a_weight_is_no_number():
    found = adjusted(whole(table(weight=0.0)), model(weights="weight"))
    assert np.isnan(found.estimate).all()
    assert (found.note != "").all()


# ---- selection


def selected():
    """Of 100 women half are selected, of 100 men a fifth; in the weighted table the odds ratio is 6."""
    cells = {
        ("female", True, True): 20, ("female", True, False): 10, ("female", False, True): 5,
        ("female", False, False): 15, ("male", True, True): 4, ("male", True, False): 4, ("male", False, True): 2,
        ("male", False, False): 10,
    }  # fmt: skip
    rows = [(*cell, True) for cell, many in cells.items() for _ in range(many)]
    rows += [("female", None, None, False)] * 50 + [("male", None, None, False)] * 80
    frame = pd.DataFrame(rows, columns=["sex", "lofgren_broad", "remission", "imaging_fdg_pet"])
    frame["sex"] = pd.Categorical(frame["sex"], ["female", "male"])
    return frame.astype({"lofgren_broad": "boolean", "remission": "boolean"})


SELECTED = {"selected": "imaging_fdg_pet", "selected_by": ("sex",)}


def test_the_selected_weigh_what_their_kind_weighs_among_all():
    """Women count for two each and men for five; stabilised by the share of 70 in 200: 0.7 and 1.75."""
    found = selection_weighted(whole(selected()), model(**SELECTED))
    estimate, _, _, _, n, events, note = row(found, RATIO)
    assert estimate == pytest.approx(((40 + 20) * (30 + 50)) / ((20 + 20) * (10 + 10)))
    assert (n, events, note) == (38, 24, "")
    assert row(found, "greatest_weight[imaging_fdg_pet]")[0] == pytest.approx(1.75)
    effective = (50 * 0.7 + 20 * 1.75) ** 2 / (50 * 0.7**2 + 20 * 1.75**2)
    assert row(found, "effective_size[imaging_fdg_pet]")[0] == pytest.approx(effective)
    alone = adjusted(whole(selected()), model(**SELECTED))
    assert row(alone, RATIO)[0] == pytest.approx(24 * 25 / (14 * 7))
    assert "those with 'imaging_fdg_pet' alone, unweighted" in row(alone, RATIO)[-1]


def test_when_everybody_is_selected_the_answer_is_the_plain_one_with_robust_errors():
    frame = table(imaging_fdg_pet=True, sex=pd.Categorical(["female"] * 120, ["female", "male"]))
    found, plain = (estimator(whole(frame), model(**SELECTED)) for estimator in (selection_weighted, adjusted))
    assert row(found, RATIO)[0] == pytest.approx(row(plain, RATIO)[0])
    assert log_error(found, RATIO) == pytest.approx(log_error(plain, RATIO))  # a saturated model is right
    assert row(found, RATIO)[-1] == EVERYBODY
    assert row(found, "weights_error[lofgren_broad=yes]")[0] == pytest.approx(1.0)


def test_a_kind_of_whom_nobody_is_selected_is_named_and_not_answered_for():
    frame = selected()
    more = pd.DataFrame({"sex": ["other"] * 9, "imaging_fdg_pet": [False] * 9})
    frame = pd.concat([frame.astype({"sex": str}), more], ignore_index=True)
    frame["sex"] = pd.Categorical(frame["sex"], ["female", "male", "other", "nobody"])
    found = selection_weighted(whole(frame), model(**SELECTED))
    assert "nobody with sex=other is selected" in row(found, RATIO)[-1]
    without = selection_weighted(whole(selected()), model(**SELECTED))
    np.testing.assert_allclose(found.estimate, without.estimate, rtol=1e-9)
    np.testing.assert_allclose(found.std_error, without.std_error, rtol=1e-9)


def test_a_kind_of_whom_all_are_selected_counts_for_itself():
    frame = selected()
    frame = frame[frame.imaging_fdg_pet | (frame.sex == "male")]
    found = selection_weighted(whole(frame), model(**SELECTED))
    assert row(found, RATIO)[0] == pytest.approx(((20 + 20) * (15 + 50)) / ((10 + 20) * (5 + 10)))


def test_a_number_that_foretells_selection_leaves_no_number():
    frame = selected().assign(n_organs=lambda one: one.imaging_fdg_pet.astype(int) * 3)
    found = selection_weighted(whole(frame), model(**{**SELECTED, "selected_by": ("n_organs",)}))
    assert np.isnan(found.estimate[0, 1:]).all()
    assert "all are selected, or none" in row(found, RATIO)[-1]


def test_nobody_selected_and_what_is_not_known_of_selection():
    nobody = selection_weighted(whole(selected().assign(imaging_fdg_pet=False)), model(**SELECTED))
    assert np.isnan(nobody.estimate).all()
    assert (nobody.note != "").all()
    frame = selected()
    frame.loc[[0, 199], "sex"] = None
    found = selection_weighted(whole(frame), model(**SELECTED))
    assert "2 of 200 patients, selected or not, left out, who lack what selection turns on" in row(found, RATIO)[-1]


def test_a_refused_model_stays_refused_when_it_is_weighted_or_imputed():
    said = {"name": "m", "label": "m", "outcome": "osseous_recorded", "exposures": ("lofgren_broad",)}
    frame = selected().assign(osseous_recorded=True, bone_pain=False)
    for estimator, more in ((selection_weighted, SELECTED), (imputed, {"missing": "impute"})):
        found = estimator(whole(frame), Model(**said, adjust=("bone_pain",), **more))
        assert np.isnan(found.estimate).all()
        assert all(note.startswith("refused: 'bone_pain'") for note in found.note[0])


def test_whoever_is_used_must_be_selected():
    with pytest.raises(ValueError, match="must be selected"):
        weighted_among_selected([[1.0]], [0], [np.nan], [[1.0]], [0], [1], [1])
    found = weighted_among_selected([[1.0]], [0], [np.nan], [[1.0]], [0], [1], [0])
    assert found.note == NOBODY_SELECTED


def test_models_without_selection_or_imputation_are_not_asked_for_it():
    frame = table()
    plain, weighed = model(), model(**SELECTED)
    found = ask(CATALOGUE, whole(frame), data="a table", question="association", models=[plain])
    assert {run.estimator for run in found.runs}.isdisjoint({"imputed", "selection_weighted"})
    found = ask(CATALOGUE, whole(frame), data="a table", question="association", models=[weighed])
    lacking = [one for one in found.rows if one.run.startswith("selection_weighted")]
    assert [one.note for one in lacking] == ["no column 'imaging_fdg_pet'"]


# ---- imputation


IMPUTE = {"missing": "impute", "imputations": 5}


def incomplete(n=120, seed=1):
    """Patients who lack calcium, ancestry, or the outcome; two values of a number, a level that nobody has."""
    rng = np.random.default_rng(seed)
    exposed = rng.random(n) < 0.5
    frame = pd.DataFrame(
        {
            "lofgren_broad": exposed,
            "remission": pd.array(rng.random(n) < 0.3 + 0.3 * exposed, dtype="boolean"),
            "serum_calcium_mmol_l": np.where(rng.random(n) < 0.2, np.nan, rng.normal(2.4, 0.1, n).round(2)),
            "n_organs": pd.array(rng.integers(1, 3, n), dtype="Int64"),
            "ancestry": pd.Categorical.from_codes(rng.integers(-1, 2, n), ["white", "black", "other"]),
            "centre": pd.Categorical.from_codes(rng.integers(0, 4, n), list("abcd")),
        }
    )
    frame.loc[rng.random(n) < 0.1, "remission"] = pd.NA
    frame.loc[rng.random(n) < 0.2, "n_organs"] = pd.NA
    return frame


FULL = {**IMPUTE, "exposures": ("lofgren_broad", "ancestry"), "adjust": ("serum_calcium_mmol_l", "n_organs")}


def test_known_values_stay_and_drawn_ones_are_among_those_seen():
    said = model(**FULL)
    (records,) = records_of(whole(incomplete()), said)
    made = completed(whole(incomplete()), said, records, 0, 5)
    known = ~np.isnan(records.values)
    assert (made[:, known] == records.values[known]).all()
    for at, _ in enumerate(records.names):
        assert np.isin(made[..., at], records.values[known[:, at], at]).all()
    assert set(np.unique(made[..., records.names.index("ancestry")])) == {
        0,
        1,
    }  # nobody is "other", and nobody becomes it
    assert set(np.unique(made[..., records.names.index("n_organs")])) == {1, 2}
    assert len({one.tobytes() for one in made}) == 5


def test_draws_hang_on_the_data_and_on_nothing_else():
    frame, said = incomplete(400), model(**FULL)
    found = imputed(whole(frame), said)
    again = imputed(whole(frame.sample(frac=1, random_state=1)), said)
    groups, one = imputed(by(frame, "centre"), said), imputed(whole(frame[frame.centre == "c"]), said)
    for name in ("estimate", "low", "high", "std_error", "n", "events"):
        assert np.array_equal(getattr(found, name), getattr(again, name), equal_nan=True), name
        assert np.array_equal(getattr(groups, name)[2], getattr(one, name)[0], equal_nan=True), name
    assert (found.note == again.note).all()
    (records,) = records_of(whole(frame), said)
    whole_run, later = (completed(whole(frame), said, records, *part) for part in ((0, 4), (2, 2)))
    assert (whole_run[2:] == later).all()


def test_other_data_have_other_draws():
    """With one stream for all data the luck of its draws would be shared by all replicates, as a bias."""
    said = model(**IMPUTE, adjust=("ancestry",))
    frame = incomplete()
    strata = [whole(frame), whole(pd.concat([frame, frame.iloc[:1]]))]
    lots = []
    for one in strata:
        (records,) = records_of(one, said)
        made = completed(one, said, records, 0, 40)[..., records.names.index("ancestry")]
        lots.append(made[:, np.isnan(records.of("ancestry"))][:, :20])
    assert (lots[0] != lots[1]).mean() > 0.2


def test_with_nothing_missing_the_answer_is_that_of_complete_patients():
    frame = table(ancestry=pd.Categorical(["white"] * 120))
    said = model(**IMPUTE, adjust=("ancestry",))
    found, plain = imputed(whole(frame), said), adjusted(whole(frame), said)
    for name in ("estimate", "low", "high", "std_error", "n", "events"):
        np.testing.assert_array_equal(getattr(found, name)[:, :2], getattr(plain, name))
    assert row(found, RATIO)[-1] == "nothing is missing: as with complete patients"
    assert row(found, "missing_information[lofgren_broad=yes]")[0] == 0.0


def test_a_column_of_nothing_is_a_note_and_no_number():
    frame = incomplete().assign(serum_calcium_mmol_l=np.nan)
    found = imputed(whole(frame), model(**FULL))
    assert np.isnan(found.estimate).all()
    assert set(found.note[0]) == {"nothing in column 'serum_calcium_mmol_l'"}
    beside = model(**IMPUTE, adjust=("ancestry",), impute_with=("serum_calcium_mmol_l",))
    found, without = imputed(whole(frame), beside), imputed(whole(frame), model(**IMPUTE, adjust=("ancestry",)))
    assert "nothing in column 'serum_calcium_mmol_l', and nothing is imputed from it" in row(found, RATIO)[-1]
    assert row(found, RATIO)[0] == pytest.approx(row(without, RATIO)[0], rel=0.2)


def test_n_and_events_are_patients_on_record():
    frame = incomplete()
    found = imputed(whole(frame), model(**FULL))
    black = frame.ancestry == "black"
    yes = frame.remission.fillna(False).astype(bool)
    assert row(found, "odds_ratio[ancestry=black]")[4:6] == (black.sum(), (black & yes).sum())
    lacking = frame[["remission", "serum_calcium_mmol_l", "ancestry", "n_organs"]].isna().any(axis=1).sum()
    assert f"{lacking} of 120 patients lack a value, imputed 5 times" in row(found, RATIO)[-1]
    assert row(found, "odds_ratio[ancestry=other]")[-1] == NOBODY


def test_a_cluster_that_is_not_known_leaves_a_patient_out():
    frame = incomplete(300)
    frame.loc[:9, "centre"] = None
    found = imputed(whole(frame), model(**FULL, cluster="centre"))
    assert "10 of 300 patients left out, whose cluster is not known" in row(found, RATIO)[-1]
    assert np.isfinite(row(found, RATIO)[0])


@pytest.mark.parametrize("family", ["logistic", "firth", "prevalence_ratio"])
def test_small_and_empty_groups_have_a_note_wherever_there_is_no_number(family):
    frame, said = incomplete(), model(**FULL, family=family)
    none = frame.assign(remission=pd.array([False] * 120, dtype="boolean"))
    for few in (frame.iloc[:0], frame.iloc[:1], frame.iloc[:4], frame[frame.lofgren_broad], none):
        found = imputed(whole(few), said)
        assert (np.isnan(found.estimate) <= (found.note != "")).all()
        assert not (np.isnan(found.estimate) & np.isfinite(found.low)).any()


def test_splines_and_products_are_made_anew_from_what_was_drawn():
    """A number that is only seen as 0 or 1, and its product with the exposure: 0 or 1 in all data sets."""
    frame = incomplete(300)
    said = model(**FULL, splines={"serum_calcium_mmol_l": 3}, interactions=(("lofgren_broad", "n_organs"),))
    found = imputed(whole(frame), said)
    assert np.isfinite(found.estimate[0, 1])
    seen = []

    def predictors(values, at):
        seen.append(values.copy())
        return np.stack([np.ones(values.shape[:2]), values[..., 1 - at], values[..., 1 - at] ** 2], axis=-1)

    table = np.array([[0.0, 1.0], [1.0, np.nan], [np.nan, 2.0], [3.0, 4.0], [2.0, 3.0]])
    rng = np.random.default_rng(1)
    chained(table, [0, 0], predictors, lambda at, cycle, many: rng.random((2, many)), 2, cycles=3)
    assert len(seen) == 2 * 3
    assert not any(np.isnan(values).any() for values in seen)


def test_a_curve_has_no_one_ratio_and_a_pair_says_where_it_holds_when_values_are_imputed():
    said = {**FULL, "exposures": ("lofgren_broad", "serum_calcium_mmol_l"), "adjust": ("n_organs",)}
    pair = {"splines": {"serum_calcium_mmol_l": 3}, "interactions": (("lofgren_broad", "n_organs"),)}
    found = imputed(whole(incomplete(300)), model(**said, **pair))
    assert np.isnan(row(found, "odds_ratio[serum_calcium_mmol_l]")[0])
    assert row(found, "odds_ratio[serum_calcium_mmol_l]")[-1] == CURVE
    assert row(found, "missing_information[serum_calcium_mmol_l]")[-1] == CURVE
    assert np.isfinite(row(found, RATIO)[0])
    assert row(found, RATIO)[-1].startswith("where n_organs is 0; ")


def test_a_penalty_on_imputed_patients_says_that_it_knows_nothing_of_clusters():
    frame = incomplete(300)
    frame["centre"] = pd.Categorical.from_codes(np.arange(300) % 6, categories=[f"c{at}" for at in range(6)])
    found = imputed(whole(frame), model(**FULL, family="firth", cluster="centre"))
    assert row(found, RATIO)[-1].startswith(UNCLUSTERED)
    assert row(imputed(whole(frame), model(**FULL, cluster="centre")), RATIO)[-1].startswith("6 clusters: ")


def test_more_imputations_are_asked_for_where_much_is_missing():
    frame = incomplete(200)
    frame["lofgren_broad"] = frame.lofgren_broad.astype("boolean").where(frame.index % 3 == 0)
    found = imputed(whole(frame), model(**IMPUTE))
    assert "imputations or more" in row(found, RATIO)[-1]
    assert 0.05 < row(found, "missing_information[lofgren_broad=yes]")[0] < 1


def test_a_column_known_in_nobody_cannot_be_completed():
    with pytest.raises(ValueError, match="known in nobody"):
        chained([[np.nan]], [0], lambda values, at: np.ones((1, 1, 1)), lambda at, cycle, many: np.ones((1, many)), 1)
