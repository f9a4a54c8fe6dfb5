"""The same law for every estimator: one list, complete declarations, a batch equals the groups one by one."""

import cProfile
import importlib
import pkgutil
import pstats

import numpy as np
import pytest

import sarcoid_epi.estimators as room
from sarcoid_epi.cohort import replicates
from sarcoid_epi.estimators import CATALOGUE, Answers, Estimator, ask
from sarcoid_epi.evidence import source
from sarcoid_epi.scenario import load_belief, load_design, load_world
from sarcoid_epi.strata import TallyStrata, published, replicated, whole
from sarcoid_epi.vocabulary import ORGANS

REPLICATES, SIZE = 1000, 40
NUMBERS = ("estimate", "low", "high", "std_error", "n", "events")

by_name = pytest.mark.parametrize("estimator", CATALOGUE, ids=lambda estimator: estimator.name)


@pytest.fixture(scope="module")
def belief():
    return load_belief("clinical")


@pytest.fixture(scope="module")
def batch():
    columns = [*ORGANS, "sex", "centre", "scadding_stage", "osseous_recorded", "hypercalcaemia"]
    columns += ["age_at_diagnosis", "serum_calcium_mmol_l"]
    made = replicates(load_world("evidence"), load_design("tertiary_records"), SIZE, REPLICATES, 1, columns)
    return replicated(made)


@pytest.fixture(scope="module")
def series():
    """A thousand small collections of published series, as tallies."""
    rng = np.random.default_rng(3)
    n = rng.integers(20, 400, (REPLICATES, 5))
    yes = rng.binomial(n, rng.uniform(0, 0.2, (REPLICATES, 5)))
    axes = (("study", tuple("abcde")), ("osseous_recorded", ("no", "yes")))
    return TallyStrata(tuple(f"replicate={r}" for r in range(REPLICATES)), axes, np.stack([n - yes, yes], axis=-1))


def ones(strata):
    """The groups of a batch, each as a cohort of its own."""
    if isinstance(strata, TallyStrata):
        return [TallyStrata((label,), strata.axes, strata.counts[g][None]) for g, label in enumerate(strata.labels)]
    return [whole(frame) for frame in strata.frames()]


def called(estimator: Estimator, strata, belief) -> Answers:
    return estimator(strata, belief) if estimator.believes else estimator(strata)


def calls(work) -> int:
    """How many function calls some work takes: a measure of cost that no busy machine can spoil."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile).total_calls


def test_the_catalogue_lists_every_estimator_of_the_room():
    found = {}
    for module in pkgutil.iter_modules(room.__path__):
        for value in vars(importlib.import_module(f"{room.__name__}.{module.name}")).values():
            if isinstance(value, Estimator):
                found[value.name] = value
    assert found == {estimator.name: estimator for estimator in CATALOGUE}


@by_name
def test_a_declaration_is_complete(estimator):
    assert not estimator.label.endswith(".")
    assert estimator.assumes, "what must be true of the world?"
    for section in ("Parameters", "Returns", "Assumes"):
        assert f"\n{section}\n---" in estimator.doc
    for key in estimator.references:
        assert source(key).reference
        assert key in estimator.doc.partition("References\n")[2]


@by_name
def test_a_thousand_groups_at_once_equal_the_groups_one_by_one(estimator, batch, series, belief):
    strata = series if estimator.takes == "series" else batch
    together = called(estimator, strata, belief)
    singly = [called(estimator, one, belief) for one in ones(strata)]
    assert together.shape == (REPLICATES, len(together.terms))
    for name in NUMBERS:
        expected = np.concatenate([getattr(answer, name) for answer in singly])
        # Sums run in another order in a batch, and root finders stop together: the last digits may differ.
        np.testing.assert_allclose(getattr(together, name), expected, rtol=1e-7, atol=1e-9, err_msg=name)
    assert (together.note == np.concatenate([answer.note for answer in singly])).all()


@by_name
def test_a_thousand_groups_at_once_take_a_small_fraction_of_the_work(estimator, batch, series, belief):
    strata = series if estimator.takes == "series" else batch
    few = ones(strata)[:20]
    called(estimator, few[0], belief)
    loop = calls(lambda: [called(estimator, one, belief) for one in few]) / len(few) * REPLICATES
    at_once = calls(lambda: called(estimator, strata, belief))
    assert at_once < loop / 50


@by_name
def test_nobody_at_all_is_a_row_with_a_note_and_no_number(estimator, batch, belief):
    if estimator.takes == "series":
        strata = published(["a", "b"], [0, 0], [0, 0], "osseous_recorded")
    else:
        strata = whole(next(batch.frames()).iloc[:0])
    answers = called(estimator, strata, belief)
    assert np.isnan(answers.estimate).all()
    assert (answers.note != "").all()


@by_name
def test_limits_hold_the_estimate_and_stay_in_order(estimator, batch, series, belief):
    answers = called(estimator, series if estimator.takes == "series" else batch, belief)
    known = ~np.isnan(answers.low)
    assert known.any()
    assert (answers.low[known] <= answers.high[known]).all()
    if estimator.name != "corrected_prevalence":  # its limits are centred on an adjusted estimate and end at 0 and 1
        assert (answers.low[known] <= answers.estimate[known] + 1e-12).all()
        assert (answers.estimate[known] <= answers.high[known] + 1e-12).all()


def test_a_missing_column_is_a_sentence_not_a_crash(batch, belief):
    frame = next(batch.frames()).drop(columns=["osseous_recorded", "gut", "hypercalcaemia"])
    answers = ask(CATALOGUE, whole(frame), data="a table", belief=belief)
    for id in ("recorded_osseous:osseous_recorded:all", "organs:gut:all", "hypercalcaemia:hypercalcaemia:all"):
        row = answers.one(id)
        assert np.isnan(row.estimate)
        assert row.note.startswith("no column")


def test_no_estimator_can_reach_the_truth():
    """Estimators receive strata of patients; the latent variables are not among the columns a cohort hands out."""
    from sarcoid_epi.cohort import generate
    from sarcoid_epi.vocabulary import TRUTH_BY_NAME

    patients = generate(load_world("evidence"), load_design("incident_clinic"), 20, 1).patients
    assert not (set(patients.columns) & TRUTH_BY_NAME.keys()) - {"patient_id"}
