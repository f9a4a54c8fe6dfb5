"""The same law for every estimator: one list, complete declarations, a batch equals the groups one by one."""

import cProfile
import importlib
import pkgutil
import pstats
import re

import numpy as np
import pytest

import sarcoid_epi.estimators as room
from sarcoid_epi.cohort import replicates
from sarcoid_epi.estimators import CATALOGUE, Answers, Estimator, ask
from sarcoid_epi.estimators.joint import LOOKED, MET
from sarcoid_epi.estimators.synthesis import TALLY
from sarcoid_epi.evidence import source
from sarcoid_epi.scenario import load_belief, load_design, load_model, load_prior, load_world, shipped
from sarcoid_epi.strata import FLAG, TallyStrata, replicated, whole
from sarcoid_epi.vocabulary import ORGANS

REPLICATES, SIZE = 1000, 40

#: At least so many of the replicates are also worked one by one.
ALONE = 24
NUMBERS = ("estimate", "low", "high", "std_error", "n", "events")

by_name = pytest.mark.parametrize("estimator", CATALOGUE, ids=lambda estimator: estimator.name)


@pytest.fixture(scope="module")
def belief():
    return load_belief("clinical")


@pytest.fixture(scope="module")
def batch():
    """A thousand cohorts of forty: nobody on record in many, empty overlaps, strata of none."""
    columns = [*ORGANS, "sex", "centre", "scadding_stage", "osseous_recorded", "hypercalcaemia"]
    columns += ["age_at_diagnosis", "serum_calcium_mmol_l", "lofgren_broad", "bone_pain", "reading_fdg_pet"]
    columns += ["on_clinic_list", "in_radiology_text", "in_codes", "substudy_stratum", "reading_substudy"]
    columns += [
        "lofgren_strict",
        "incidental_finding",
        "fever",
        "remission",
        "n_organs",
        "systemic_therapy",
        "ancestry",
        "onset_date",
        "erythema_nodosum",
        "ankle_periarthritis",
        "arthritis",
        "lupus_pernio",
    ]
    columns += ["kidney_stones", "hypercalciuria", "calcitriol_pmol_l"]
    columns += ["remission_years", "follow_up_years", "years_since_diagnosis", "died"]
    often = {"substudy.low": 0.4, "substudy.high": 0.8, "sources.codes.painful": 0.5, "sources.codes.silent": 0.4}
    made = replicates(load_world("evidence"), load_design("pet_substudy", often), SIZE, REPLICATES, 1, columns)
    return replicated(made)


@pytest.fixture(scope="module")
def series():
    """A thousand small collections of published series, as tallies: how met and how looked at, and symptoms of some."""
    rng = np.random.default_rng(3)
    n = rng.integers(20, 400, (REPLICATES, 5))
    yes = rng.binomial(n, rng.uniform(0, 0.2, (REPLICATES, 5)))
    hurting = rng.binomial(yes, 0.5)
    tally = np.stack([n - yes, yes, yes - hurting, hurting], axis=-1)
    counts = np.zeros((REPLICATES, 5, len(MET), len(LOOKED), len(TALLY), 2), dtype=np.int64)
    ways = ((0, 0), (0, 0), (1, 0), (2, 3), (3, 2))
    for study, (met, looked) in enumerate(ways):
        # A flag beside the tally, so that estimators of the record alone find it: on record or not.
        counts[:, study, met, looked, 0, 0], counts[:, study, met, looked, 1, 1] = (
            tally[:, study, 0],
            tally[:, study, 1],
        )
    axes = (("study", tuple("abcde")), ("met", MET), ("looked", LOOKED), ("tally", TALLY), ("osseous_recorded", FLAG))
    return TallyStrata(tuple(f"replicate={r}" for r in range(REPLICATES)), axes, counts)


def ones(strata):
    """The groups of a batch, each as a cohort of its own."""
    if isinstance(strata, TallyStrata):
        return [TallyStrata((label,), strata.axes, strata.counts[g][None]) for g, label in enumerate(strata.labels)]
    return [whole(frame) for frame in strata.frames()]


#: What a model must have for an estimator to have rows.
ABOUT = {"interactions": lambda model: model.interactions, "ratio_curve": lambda model: model.splines}


def model_of(estimator: Estimator):
    """A shipped model of the first of the families that an estimator answers.

    For hazards remission by sex: among forty patients there are hardly any deaths, or any with Löfgren syndrome; for
    that reason therapy by sex within centres, too. For selection remission by sex among the treated: of forty patients
    hardly any have MRI.
    """
    if estimator.families[0] == "gee":
        return load_model("therapy_by_centre").model_copy(update={"exposures": ("sex",), "adjust": ("ancestry",)})
    if estimator.families == ("cox",):
        return load_model("remission").model_copy(update={"exposures": ("sex",), "adjust": ("ancestry",)})
    family, about = (
        estimator.families[0],
        ABOUT.get(estimator.name, lambda model: not model.interactions and not model.splines),
    )
    models = (load_model(name) for name in shipped("model"))
    model = next(m for m in models if estimator.answers(m) and m.family == family and about(m))
    if model.selected:
        among = {"selected": "systemic_therapy", "selected_by": ("ancestry", "n_organs"), "adjust": ()}
        return model.model_copy(update={"outcome": "remission", "exposures": ("sex",), **among})
    return model


def called(estimator: Estimator, strata, belief) -> Answers:
    if estimator.families:
        return estimator(strata, *((belief,) if estimator.believes else ()), model_of(estimator))
    if estimator.takes == "series" and estimator.believes:
        return estimator(strata, load_prior("open"))
    return estimator(strata, belief) if estimator.believes else estimator(strata)


def first(strata, groups):
    """The first groups of a batch."""
    return picked(strata, np.arange(groups))


def picked(strata, which):
    """Some groups of a batch."""
    if isinstance(strata, TallyStrata):
        return TallyStrata(tuple(strata.labels[g] for g in which), strata.axes, strata.counts[which])
    return replicated({name: values[which] for name, values in strata.arrays.items()})


def kinds(answers: Answers) -> list[set]:
    """What is peculiar to each group: at each term the words of its note, and which of its numbers are known."""
    known = np.stack([~np.isnan(getattr(answers, name)) for name in NUMBERS], axis=-1)
    return [
        {
            (at, re.sub(r"[\d.]+", "", note), *bits)
            for at, (note, bits) in enumerate(zip(notes, rows.tolist(), strict=True))
        }
        for notes, rows in zip(answers.note.tolist(), known, strict=True)
    ]


def chosen(answers: Answers) -> list[int]:
    """Groups evenly spread, first and last among them, and of the others so many that every kind is among them."""
    left = kinds(answers)
    which = sorted(set(np.linspace(0, len(left) - 1, min(ALONE, len(left))).round().astype(int).tolist()))
    missing = set().union(*left) - set().union(*(left[g] for g in which))
    while missing:
        which.append(max(range(len(left)), key=lambda g: len(left[g] & missing)))
        missing -= left[which[-1]]
    return sorted(which)


def counted(work):
    """What some work gives, and how many function calls it takes: a measure of cost that no busy machine can spoil."""
    profile = cProfile.Profile()
    given = profile.runcall(work)
    return given, pstats.Stats(profile).total_calls


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


@pytest.fixture(scope="module")
def answered(batch, series, belief):
    """What each estimator says of all groups at once, and in how many calls; worked when it is first asked for."""
    told = {}

    def of(estimator):
        if estimator.name not in told:
            strata = series if estimator.takes == "series" else batch
            strata = strata if estimator.batches else first(strata, 3)
            if estimator.batches:
                called(estimator, first(strata, 1), belief)  # what is made once counts for nobody
            told[estimator.name] = strata, *counted(lambda: called(estimator, strata, belief))
        return told[estimator.name]

    return of


@by_name
def test_a_thousand_groups_at_once_equal_the_groups_one_by_one(estimator, answered, belief):
    """Some of the thousand, each as a cohort of its own: every note and every gap that any has is among theirs."""
    strata, together, _ = answered(estimator)
    which = chosen(together)
    singly = [called(estimator, one, belief) for one in ones(picked(strata, which))]
    assert together.shape == (len(strata.labels), len(together.terms))
    for name in NUMBERS:
        expected = np.concatenate([getattr(answer, name) for answer in singly])
        # Sums run in another order in a batch, and root finders stop together: the last digits may differ.
        np.testing.assert_allclose(getattr(together, name)[which], expected, rtol=1e-7, atol=1e-9, err_msg=name)
    assert (together.note[which] == np.concatenate([answer.note for answer in singly])).all()


@pytest.mark.parametrize("estimator", [e for e in CATALOGUE if e.batches], ids=lambda estimator: estimator.name)
def test_a_thousand_groups_at_once_take_a_small_fraction_of_the_work(estimator, answered, belief):
    strata, _, at_once = answered(estimator)
    few = ones(first(strata, 20))
    called(estimator, few[0], belief)
    _, loop = counted(lambda: [called(estimator, one, belief) for one in few])
    assert at_once < loop / len(few) * REPLICATES / 50


@by_name
def test_nobody_at_all_is_a_row_with_a_note_and_no_number(estimator, batch, series, belief):
    if estimator.takes == "series":
        strata = TallyStrata(("all",), series.axes, np.zeros_like(series.counts[:1]))
    else:
        strata = whole(next(batch.frames()).iloc[:0])
    answers = called(estimator, strata, belief)
    assert np.isnan(answers.estimate).all()
    assert (answers.note != "").all()


@by_name
def test_limits_hold_the_estimate_and_stay_in_order(estimator, answered):
    _, answers, _ = answered(estimator)
    known = ~np.isnan(answers.low)
    assert known.any() or estimator.estimand.unit == "p"  # a p value has no limits
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
