"""What generators of patients usually get wrong, each shown not to be wrong here. Tolerances: K Monte Carlo errors."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from scipy.special import expit, logit

from made import SIZE, K, at_reference_time, cohort, descendants, inside, off, raw
from sarcoid_epi.cohort import calibrate, draw_world, generate, replicates
from sarcoid_epi.cohort import generator as making
from sarcoid_epi.cohort.calibration import OF_WORLD, parameter
from sarcoid_epi.cohort.node import variable
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.scenario import load_design, load_world, shipped
from sarcoid_epi.streams import uniforms
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME

COUNT = 400_000


@pytest.fixture(scope="module")
def world():
    return load_world("evidence")


@pytest.fixture(scope="module")
def reference(world):
    """New patients at the time for which targets are stated; none of them served to find an intercept."""
    return at_reference_time(world, OF_WORLD, COUNT)


def reached(columns, node):
    """The shares that a node's targets come to, and of how many."""
    value = np.asarray(columns[node.name])[inside(node, columns)]
    return [(value > position).mean() for position in range(len(node.targets))], value.size


TARGETED = [node for node in NODES if node.targets and node.targets[0].of == "world"]


@pytest.mark.parametrize("node", TARGETED, ids=lambda node: node.name)
def test_new_patients_reach_every_target_of_the_world(world, reference, node):
    shares, n = reached(reference, node)
    for share, target in zip(shares, node.targets, strict=True):
        wanted = parameter(target.path, world).value
        assert share == pytest.approx(wanted, abs=off(wanted, n)), target.path


# 1. The wrong node is calibrated


def test_the_truth_is_calibrated_and_not_the_record(world, reference):
    """True disease has the target at its time; no record has it, whatever the design."""
    target = world.osseous.true_prevalence.value
    osseous = reference["osseous"][~reference["misdiagnosed"]]
    assert osseous.mean() == pytest.approx(target, abs=off(target, osseous.size))
    for design in ("incident_clinic", "tertiary_records", "hand_film_survey", "two_source_registry"):
        assert abs(cohort(design).patients["osseous_recorded"].mean() - target) > K * off(target, SIZE)


# 2. Intercept = logit(prevalence), in spite of covariates


def test_the_logit_of_the_prevalence_would_miss_the_prevalence(world, reference):
    target = world.osseous.true_prevalence.value
    solved = calibrate(world, load_design("whole_body_mri_for_all")).intercepts["osseous_liability"][0]
    real = ~reference["misdiagnosed"]
    log_odds = next(n for n in NODES if n.name == "osseous_liability")(reference, None, world, None)[real]
    n = int(real.sum())
    assert expit(solved + log_odds).mean() == pytest.approx(target, abs=off(target, n))
    assert abs(expit(logit(target) + log_odds).mean() - target) > 10 * off(target, n)


# 3. Columns are independent, or joined by a correlation matrix


def test_organs_go_together_because_of_their_common_causes_and_of_nothing_else(world):
    """Liver and spleen: odds ratio far above 1; uncorrelated given frailty and burden, as is bone with both."""
    columns = raw(world, load_design("whole_body_mri_for_all"), ["liver", "spleen", "osseous"], 200_000)
    names = {"liver": "liver", "spleen": "spleen", "osseous_liability": "osseous"}
    intercepts = calibrate(world, load_design("whole_body_mri_for_all")).intercepts
    rest = {}
    for node in NODES:
        if node.name in names:
            chance = expit(intercepts[node.name][0] + node(columns, None, world, None)) * inside(node, columns)
            rest[names[node.name]] = columns[names[node.name]] - chance
    for one, other in (("liver", "spleen"), ("liver", "osseous"), ("spleen", "osseous")):
        a, b = columns[one], columns[other]
        odds_ratio = (a & b).sum() * (~a & ~b).sum() / ((a & ~b).sum() * (~a & b).sum())
        assert odds_ratio > 1.25
        products = rest[one] * rest[other]
        assert abs(products.mean()) < K * products.std() / products.size**0.5


# 4. One global stream


def test_one_more_variable_changes_no_value_of_any_patient(world, monkeypatch):
    """Also one that draws in the midst of all, and one that is left out."""
    before = cohort("tertiary_records")
    middle = len(NODES) // 2
    more = (*NODES[:middle], variable(lambda u: u, "dummy"), *NODES[middle:])
    monkeypatch.setattr(making, "NODES", more)
    after = generate(world, load_design("tertiary_records"), 2000, 3)
    assert_frame_equal(after.patients, before.patients.head(2000))
    assert_frame_equal(after.truth, before.truth.head(2000))
    fewer = [node for node in NODES if not node.name.startswith(("ace_", "chitotriosidase"))]
    one, other = (
        raw(world, load_design("tertiary_records"), ["osseous_recorded"], 1000, nodes=n) for n in (NODES, fewer)
    )
    for name in one:
        assert np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f"), name


# 5. seed + i for each worker


def test_replicates_and_neighbouring_seeds_share_no_numbers_and_are_independent():
    n = 20_000
    one = {
        (seed, replicate): uniforms(seed, "burden", 0, n, replicate) for seed in (1, 2, 3) for replicate in (0, 1, 2)
    }
    streams = list(one.values())
    for i, first in enumerate(streams):
        for second in streams[:i]:
            assert abs(np.corrcoef(first, second)[0, 1]) < K / n**0.5
            # n * n / 2^32 = 0.1 are equal by chance; a stream that another one overtakes shares nearly all.
            assert np.intersect1d(first, second).size <= 3


def test_replicate_one_of_a_seed_is_not_replicate_zero_of_the_next(world):
    design, columns = load_design("tertiary_records"), ["patient_id", "burden", "sex"]
    mine, next_one = (replicates(world, design, 500, 3, seed, columns) for seed in (1, 2))
    for i in range(3):
        for j in range(3):
            assert not np.array_equal(mine["burden"][i], next_one["burden"][j])
    assert abs(np.corrcoef(mine["burden"])[np.triu_indices(3, 1)]).max() < K / 500**0.5


# 6. A conditional estimate is compared with a marginal truth


def test_the_odds_ratio_of_everybody_is_not_the_one_that_the_world_is_written_in(world):
    """Lupus pernio on bone: exp(0.9) = 2.46 among like patients, less in the mean over all, though unconfounded."""
    design, count = load_design("whole_body_mri_for_all"), 200_000
    columns = raw(world, design, ["osseous"], count)
    real = ~columns["misdiagnosed"]
    node = next(n for n in NODES if n.name == "osseous_liability")
    intercept = calibrate(world, design).intercepts["osseous_liability"][0]
    without = node({**columns, "lupus_pernio": np.zeros(count, dtype=bool)}, None, world, None)[real]
    ill, marked = columns["osseous"][real], columns["lupus_pernio"][real]

    conditional = world.osseous.lupus_pernio.value
    low, high = expit(intercept + without).mean(), expit(intercept + without + conditional).mean()
    marginal = logit(high) - logit(low)

    bands = np.searchsorted(np.quantile(without, np.linspace(0, 1, 51)[1:-1]), without)
    a, b, c, d = (np.bincount(bands, w, 50) for w in (ill & marked, ~ill & marked, ill & ~marked, ~ill & ~marked))
    n = a + b + c + d
    estimate = np.log((a * d / n).sum() / (b * c / n).sum())  # Mantel and Haenszel
    spread = (1 / (1 / (1 / np.maximum([a, b, c, d], 0.5)).sum(axis=0)).sum()) ** 0.5
    assert estimate == pytest.approx(conditional, abs=K * spread)
    assert conditional - marginal > 0.1
    assert spread < 0.05

    # Setting it in the same patients gives the marginal one, not the conditional one.
    made = [
        generate(world, design, 50_000, 3, {"lupus_pernio": v}, columns=["osseous", "systemic_mimic"]) for v in "01"
    ]
    p0, p1 = (one.truth["osseous"][one.truth["systemic_mimic"].isna()].mean() for one in made)
    found, error = logit(p1) - logit(p0), (1 / (p0 * (1 - p0)) + 1 / (p1 * (1 - p1))) ** 0.5 / 49_000**0.5
    assert found == pytest.approx(marginal, abs=K * error)  # generous: the same patients are compared
    assert conditional - found > 0.1


# 7. No model of ascertainment


def test_record_and_truth_differ_by_the_design_and_the_truth_does_not(world):
    """The same source patients: one truth for all designs that look at the same time, as many records as designs."""
    sensitivity = {}
    for design in shipped("design"):
        made = cohort(design)
        true, recorded = made.truth["osseous"], made.patients["osseous_recorded"]
        assert (true != recorded).any()
        sensitivity[design] = recorded[true].mean()
    assert sensitivity["incident_clinic"] < sensitivity["tertiary_records"] < sensitivity["hand_film_survey"]
    assert sensitivity["hand_film_survey"] < sensitivity["back_pain_mri"] < sensitivity["pet_series"] < 0.95
    assert sensitivity["two_source_registry"] < sensitivity["tertiary_records"]
    one, other = (cohort(design).truth for design in ("tertiary_records", "two_source_registry"))
    seen = [name for name in TRUTH_BY_NAME if name not in descendants(["on_clinic_list", "in_radiology_text"])]
    assert_frame_equal(one[seen], other[seen])


def test_worlds_between_which_underdiagnosis_differs(world):
    """U = 1 - recorded / true among the ill, in tertiary records: 0, 0.82, 0.87."""
    missed = {}
    for name in ("no_underdiagnosis", "evidence", "high_underdiagnosis"):
        made = generate(
            load_world(name), load_design("tertiary_records"), 60_000, 3, columns=["osseous", "osseous_recorded"]
        )
        true = made.truth["osseous"]
        missed[name] = 1 - made.patients["osseous_recorded"][true].mean()
    assert missed["no_underdiagnosis"] == 0
    assert 0.79 < missed["evidence"] < 0.85
    assert 0.85 < missed["high_underdiagnosis"] < 0.90


# 8. Point parameters only


def test_draws_of_a_world_vary_and_new_patients_reach_the_drawn_targets(world):
    draws = [draw_world(world, k) for k in range(3)]
    for path in ("osseous.true_prevalence", "sex.women", "organs.skin.share", "calcium.hypercalcaemia"):
        assert len({parameter(path, one).value for one in (world, *draws)}) == 4, path
    for one in draws:
        columns = at_reference_time(one, OF_WORLD, 100_000)
        for node in TARGETED:
            shares, n = reached(columns, node)
            for share, target in zip(shares, node.targets, strict=True):
                wanted = parameter(target.path, one).value
                assert share == pytest.approx(wanted, abs=off(wanted, n)), (one.name, target.path)


# 9. Conditions by rejecting or editing patients


def test_nobody_is_dropped_or_edited_so_that_a_condition_holds(world):
    """Who enters is who enters: in their order, and with the values that they have where everybody enters."""
    columns = raw(world, load_design("tertiary_records"), ["enters"], 5000)
    met = cohort("tertiary_records")
    everybody = generate(world, load_design("whole_body_mri_for_all"), 5000, 3)
    expected = np.flatnonzero(columns["enters"]) + 1
    assert (met.patients["patient_id"].head(expected.size) == expected).all()
    assert (everybody.patients["patient_id"] == np.arange(1, 5001)).all()
    from_design = {
        node.name for node in NODES if "design" in node.arguments or any(t.of == "design" for t in node.targets)
    }
    moved = descendants(from_design)
    for frame, names in ((("patients"), PATIENT_BY_NAME), (("truth"), TRUTH_BY_NAME)):
        same = [name for name in names if name not in moved]
        assert len(same) > 10
        there = getattr(met, frame)[same].head(expected.size)
        here = getattr(everybody, frame)[same].iloc[expected - 1]
        assert_frame_equal(there, here.reset_index(drop=True))


@pytest.mark.parametrize("design", shipped("design"))
def test_the_share_who_enters_is_hit_by_the_intercept(world, design):
    share = load_design(design).entry.share.value
    enters = raw(world, load_design(design), ["enters"], 200_000)["enters"]
    assert enters.mean() == pytest.approx(share, abs=off(share, enters.size))


def test_entry_is_conditioned_on_as_in_life(world):
    """Referral by burden makes those who are met heavier ill than those who are not."""
    columns = raw(world, load_design("tertiary_records"), ["enters", "burden"], 50_000)
    met, burden = columns["enters"], columns["burden"]
    assert burden[met].mean() - burden[~met].mean() > 0.4


# 10. Times are decoration: tests/unit/test_steps_time.py


def test_an_earlier_look_finds_less_disease_in_the_same_patients(world):
    """Time binds: bone disease accrues, so years since diagnosis decide; and what has not begun is not recorded."""
    early, late = (cohort(design).truth for design in ("incident_clinic", "whole_body_mri_for_all"))
    assert (early["patient_id"] == late["patient_id"]).all()
    assert not (early["osseous"] & ~late["osseous"]).any()
    assert early["osseous"].mean() < 0.6 * late["osseous"].mean()
