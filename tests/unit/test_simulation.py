"""What the table of operating characteristics draws: probabilities, counts, and truths that belong to them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.joint import LOOKED
from sarcoid_epi.simulation import SETTINGS, UNEXPLAINED, cells, operating_characteristics
from sarcoid_epi.simulation.chance import Chance, PartlyKnown
from sarcoid_epi.simulation.of_series import pooled, together
from sarcoid_epi.simulation.operating import _reasons
from sarcoid_epi.simulation.setting import BETWEEN, Reason
from sarcoid_epi.strata import FLAG

SHARE = np.array([0.05])
MANY = Chance(7, "unit", 4_000)

#: Each world with the odds or chances that its words promise, at a true share of 5 %.
WORLDS = {
    "records": cells.records(SHARE, 0.2, 0.998),
    "imaged": cells.imaged(SHARE, 0.4, 0.9, 0.97),
    "substudy": cells.substudy(SHARE, (0.1, 0.3, 0.998), (0.85, 0.97), 2.0, 6.0),
    "two lists": cells.two_lists(SHARE, ((0.25, 0.2), (0.75, 0.6)), 4.0, 0.9),
    "three lists": cells.three_lists(SHARE, (1.0, 0.8, 0.6), 4.0, 6.0, 0.9),
    "tests": cells.tests(SHARE, (0.25, 0.25, 0.2, 0.85), (0.998, 0.998, 0.99, 0.97), {(0, 1): 3.0, (2, 3): 6.0}),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_cells_of_a_world_make_one_and_the_diseased_the_true_share(world):
    assert (world >= 0).all()
    assert_allclose(world.sum(), 1.0, rtol=1e-14)
    assert_allclose(world[:, 1].sum(), 0.05, rtol=1e-14)


def test_records_have_the_sensitivity_and_specificity_they_are_given():
    (healthy, ill), *_ = WORLDS["records"]
    assert_allclose([ill[1] / ill.sum(), healthy[0] / healthy.sum()], [0.2, 0.998], rtol=1e-14)


def test_those_not_scanned_have_the_odds_of_disease_they_are_given():
    (healthy, ill), *_ = WORLDS["imaged"]
    odds = ill[2] / healthy[2] / (ill[:2].sum() / healthy[:2].sum())
    assert_allclose(odds, 0.4, rtol=1e-14)
    assert_allclose([ill[1] / ill[:2].sum(), healthy[0] / healthy[:2].sum()], [0.9, 0.97], rtol=1e-14)


def test_a_substudy_has_the_odds_accuracy_and_dependence_it_is_given():
    (healthy, ill), *_ = WORLDS["substudy"]  # stratum, record, reading (no, yes, missing)
    unseen = (ill[..., 2].sum(-1) / healthy[..., 2].sum(-1)) / (ill[..., :2].sum((1, 2)) / healthy[..., :2].sum((1, 2)))
    assert_allclose(unseen, 2.0, rtol=1e-13)
    assert_allclose(ill[:, 1].sum(-1) / ill.sum((1, 2)), [0.1, 0.3], rtol=1e-14)
    read = ill[..., :2]
    assert_allclose(read[:, 1, 1] * read[:, 0, 0] / (read[:, 0, 1] * read[:, 1, 0]), 6.0, rtol=1e-12)
    assert_allclose(read[..., 1].sum(-1) / read.sum((1, 2)), 0.85, rtol=1e-14)
    well = healthy[..., :2]
    assert_allclose(well[..., 0].sum(-1) / well.sum((1, 2)), 0.97, rtol=1e-14)


def test_two_lists_have_the_odds_ratio_and_the_false_records_they_are_given():
    (others, held), *_ = WORLDS["two lists"]  # first, second, pain
    assert_allclose(held[1, 1] * held[0, 0] / (held[0, 1] * held[1, 0]), 4.0, rtol=1e-12)
    assert_allclose(held[1].sum() / (held[1].sum() + others[1].sum()), 0.9, rtol=1e-14)
    assert_allclose(held[:, 1].sum() / (held[:, 1].sum() + others[:, 1].sum()), 0.9, rtol=1e-14)
    assert others[1, 1].sum() == 0.0


def test_three_lists_have_the_odds_ratios_they_are_given():
    (others, held), *_ = WORLDS["three lists"]
    odds = held[1, 1] * held[0, 0] / (held[0, 1] * held[1, 0])  # of the first two, off and on the third list
    assert_allclose(odds, [4.0, 24.0], rtol=1e-12)
    on_third = held[..., 1].sum()
    assert_allclose(on_third / (on_third + others[..., 1].sum()), 0.9, rtol=1e-14)


def test_tests_have_the_chances_and_odds_ratios_they_are_given():
    (healthy, ill), *_ = WORLDS["tests"]
    for at, (se, sp) in enumerate(zip((0.25, 0.25, 0.2, 0.85), (0.998, 0.998, 0.99, 0.97), strict=True)):
        others = tuple(axis for axis in range(4) if axis != at)
        assert_allclose(ill.sum(others)[1] / ill.sum(), se, rtol=1e-14)
        assert_allclose(healthy.sum(others)[0] / healthy.sum(), sp, rtol=1e-14)
    last = ill.sum((0, 1))
    assert_allclose(last[1, 1] * last[0, 0] / (last[0, 1] * last[1, 0]), 6.0, rtol=1e-12)


def test_counts_are_multinomial():
    """4 000 draws of 200 patients over four cells, one empty: means within 5 standard errors of n p, covariances within
    5 of -n p q; the standard error of a covariance is at most n sqrt(2 / 4000) / 4 here."""
    p = np.array([[0.5, 0.0, 0.3, 0.2]])
    counts = MANY.counts(200, p)
    assert (counts.sum(axis=1) == 200).all()
    assert not counts[:, 1].any()
    assert (np.abs(counts.mean(axis=0) - 200 * p[0]) <= 5 * np.sqrt(200 * 0.25 / 4_000)).all()
    assert_allclose(
        np.cov(counts.T), 200 * (np.diag(p[0]) - np.outer(p[0], p[0])), atol=5 * 200 * np.sqrt(2 / 4_000) / 4
    )


def test_the_share_that_is_handed_out_is_that_of_the_drawn_patients():
    world = np.zeros((1, 2, 2))
    world[0, 0, 0], world[0, 1, 1] = 0.7, 0.3  # who is diseased is on record, and nobody else
    strata, diseased = MANY.drawn(50, world, (("osseous_recorded", FLAG),))
    events, n = strata.events("osseous_recorded")
    assert_allclose(diseased, events / n, rtol=1e-14)
    assert abs(diseased.mean() - 0.3) <= 5 * np.sqrt(0.21 / 50 / 4_000)


def test_a_missing_reading_counts_as_a_patient_and_not_as_a_reading():
    """5 read without and 3 with it, 12 not read."""
    tallies = PartlyKnown(("one",), (("reading_fdg_pet", FLAG),), np.array([[5, 3, 12]]))
    assert tallies.n().tolist() == [20]
    assert [x.tolist() for x in tallies.events("reading_fdg_pet")] == [[3], [8]]
    assert tallies.table().tolist() == [20]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: f"{one.estimator}: {one.broken or one.design}")
def test_every_setting_is_of_an_estimator_and_hands_out_truths_that_can_be(setting):
    estimator = {one.name: one for one in CATALOGUE}[setting.estimator]
    drawn = setting.draw(SHARE, Chance(1, "unit", 3))
    assert set(estimator.needs) <= drawn.strata.columns
    assert not estimator.believes or drawn.belief is not None
    assert drawn.truth.keys() >= setting.theory.keys()
    for term, truth in drawn.truth.items():
        values = np.broadcast_to(truth, 3)
        assert (values >= 0).all(), term
        if not term.startswith(("people", "true_per", "odds_ratio", "tau")):
            assert (values <= 1).all(), term
    # Bounds that are judged together are named in one way only.
    assert all(term == BETWEEN for term in drawn.truth if " to " in term)


def test_every_estimator_of_underdiagnosis_and_of_published_series_is_in_the_table():
    asked = {one.name for one in CATALOGUE if one.question in ("underdiagnosis", "synthesis", "joint")}
    assert {setting.estimator for setting in SETTINGS} == asked
    for name in asked:
        of_it = [setting.broken for setting in SETTINGS if setting.estimator == name]
        assert of_it[0] == ""
        assert any(of_it), f"{name} is never broken"


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    one, again, other = (operating_characteristics(30, seed, ["substudy_prevalence"]) for seed in (1, 1, 2))
    assert one == again
    assert one != other


ROW = operating_characteristics(40, 1, ["substudy_prevalence"], (0.15,))[0]


@pytest.mark.parametrize(
    ("claim", "used", "covered", "verdict"),
    [
        ("both limits", 400, 0.95, "nominal"),
        ("both limits", 400, 0.9, "covers too little"),  # 4 standard errors are 0.044
        ("both limits", 400, 1.0, "covers too much"),
        ("at least", 400, 1.0, "nominal"),
        ("lower limit", 400, 0.95, "nominal"),  # of 0.975, 4 standard errors are 0.031
        ("lower limit", 400, 0.94, "covers too little"),
        ("both limits", 19, 0.0, "too few answers to judge; often no answer"),
        ("both limits", 300, 0.95, "often no answer"),
    ],
)
def test_coverage_is_judged_by_the_claim_and_apart_from_answers_that_fail(claim, used, covered, verdict):
    row = replace(ROW, claim=claim, used=used, attempted=400, answered=used / 400, coverage=covered)
    assert row.verdict == verdict


LOW = Reason("covers too little", "limits lie low", "more patients", ("osseous",), 0.05, "below")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "limits lie low"),
        ({"term": "underdiagnosis"}, UNEXPLAINED),
        ({"share": 0.15}, UNEXPLAINED),
        ({"below": 0.1, "above": 0.1}, UNEXPLAINED),
        ({"coverage": 1.0, "below": 0.0}, UNEXPLAINED),
    ],
)
def test_a_reason_holds_for_its_term_share_side_and_kind_of_deviation_only(change, why):
    row = replace(ROW, used=400, attempted=400, answered=1.0, share=0.02, coverage=0.8, below=0.2, above=0.0)
    row = replace(row, **change)
    assert _reasons(row, (LOW,)) == (why,)


def test_bias_of_a_ratio_is_that_of_its_logarithm():
    """The odds ratio is 0.5 and log-normal about it; 10 % off are 0.1 on the log scale."""
    (row,) = [
        row
        for row in operating_characteristics(200, 1, ["bias_analysed_odds_ratio"], (0.15,))
        if row.term == "odds_ratio_recorded" and not row.broken
    ]
    assert row.unit == "log odds ratio"
    assert abs(row.bias) < 0.1
    assert np.isnan(row.relative_bias)


def test_a_hundred_times_the_patients_make_limits_a_tenth_as_wide():
    few, many = (operating_characteristics(40, 1, ["substudy_prevalence"], (0.15,), times)[0] for times in (1, 100))
    assert many.width == pytest.approx(few.width / 10, rel=0.1)


def test_series_are_drawn_with_the_share_and_the_spread_they_are_given():
    """Ten series of 4 000 replicates; logit shares with standard deviation 0.5, within 5 standard errors; the chance of
    up to 2 013 patients is made small by a thousand times as many."""
    drawn = pooled()(np.array([0.15]), Chance(7, "unit", 4_000, 1_000))
    counts = drawn.strata.table("study", "osseous_recorded")
    logits = np.log(counts[..., 1] / counts[..., 0])
    assert abs(logits.mean() - np.log(0.15 / 0.85)) <= 5 * 0.5 / np.sqrt(40_000)
    assert abs(logits.std() - 0.5) <= 5 * 0.5 / np.sqrt(80_000)


def test_series_taken_for_others_keep_their_counts():
    right, wrong = (together(mislabelled=told)(SHARE, Chance(7, "unit", 5)).strata for told in (False, True))
    assert (right.table("study", "tally") == wrong.table("study", "tally")).all()
    pet = LOOKED.index("pet")
    assert right.table("looked", "tally")[:, pet].sum() > 0
    assert wrong.table("looked", "tally")[:, pet].sum() == 0
